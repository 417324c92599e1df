package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"sotto/linking"
)

// Erase erases a link, or all links of a customer, in the database of the settings, beside any number of processes that serve it: one of them
// ends the consents at the banks. One of link and customer is empty. The receipts are those of what was erased, also where it could not go on.
// In the log is what a house that serves would say of it.
func Erase(ctx context.Context, cfg Config, log *zap.Logger, wall func() time.Time, link, customer string) (receipts []linking.Receipt, err error) {
	err = withKeys(ctx, cfg, wall, func(h handle) error {
		h.db.Tell(tellTightened(log))
		if customer != "" {
			receipts, err = linking.ForgetCustomer(ctx, h.db, h.ring, customer, h.now())
			return err
		}
		r, err := linking.Forget(ctx, h.db, h.ring, link, h.now())
		if err == nil {
			receipts = []linking.Receipt{r}
		}
		return err
	})
	if errors.Is(err, linking.ErrNotLinked) {
		err = fmt.Errorf("nothing is erased: %w; the ids are in what the customer downloads from %s", err, myPath)
	}
	return receipts, err
}
