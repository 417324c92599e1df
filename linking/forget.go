package linking

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

// Receipt is what is left of a link: proof of an erasure, without identity.
type Receipt struct {
	Code  string // cannot be guessed; from it nobody can tell the link
	Made  time.Time
	Banks int // how many consents were still to be ended at banks
	Left  int // how many of them are still to be ended now
}

// Forget is Authority.Forget for whoever has the database and its keys, such as an operator, beside any number of processes that serve it.
func Forget(ctx context.Context, store LinkStore, keys *Keyring, link string, now time.Time) (Receipt, error) {
	r, err := store.ForgetLink(ctx, link, Receipt{Code: keys.receipt(link), Made: now})
	if errors.Is(err, ErrNone) {
		return Receipt{}, fmt.Errorf("%w: no such link", ErrNotLinked)
	}
	return r, err
}

// ForgetCustomer forgets every link of a customer, known by Customer.ID, and gives their receipts: those of the links that were erased, also
// where it could not go on. ErrNotLinked where he has none.
func ForgetCustomer(ctx context.Context, store LinkStore, keys *Keyring, customer string, now time.Time) ([]Receipt, error) {
	name, err := base64.RawURLEncoding.DecodeString(customer)
	if err != nil {
		return nil, fmt.Errorf("%w: that is no customer's name", ErrNotLinked)
	}
	var receipts []Receipt
	for {
		rows, err := store.LinksOf(ctx, name, maxOwn)
		if err != nil {
			return receipts, fmt.Errorf("forget a customer: %w", err)
		}
		if len(rows) == 0 {
			break
		}
		for _, row := range rows {
			r, err := Forget(ctx, store, keys, row.Link, now)
			if err != nil {
				return receipts, fmt.Errorf("forget a customer: %w", err)
			}
			receipts = append(receipts, r)
		}
	}
	if len(receipts) == 0 {
		return nil, fmt.Errorf("%w: no link of this customer", ErrNotLinked)
	}
	return receipts, nil
}
