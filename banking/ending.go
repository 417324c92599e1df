package banking

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// endingsAtOnce bounds how many consents are ended at the same time, endingTime each of them.
	endingsAtOnce = 8
	endingTime    = 10 * time.Second
	// endingFirst and endingLast are the shortest and longest pause between two tries of one ending.
	endingFirst = 5 * time.Second
	endingLast  = 6 * time.Hour
	// endingLook is how often it is looked for endings that are due.
	endingLook = 2 * time.Second
)

// Run ends consents at their banks as they come due, until ctx ends. What goes wrong is tried again later; report is told of
// it, without a name or a consent in the error. Several processes may run it at the same time.
func (c *Connections) Run(ctx context.Context, report func(error)) {
	tick := time.NewTicker(endingLook)
	defer tick.Stop()
	for {
		if err := c.End(ctx); err != nil && ctx.Err() == nil {
			report(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-c.wake:
		}
	}
}

// Wake makes Run look at once.
func (c *Connections) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// End ends the consents that are due now, each with a time-out, and returns when none is left that is due. Those a bank did
// not end are due again later, with growing pauses, for as long as it takes.
func (c *Connections) End(ctx context.Context) error {
	if err := c.store.ExpireAwaiting(ctx, c.now(), 100*endingsAtOnce); err != nil {
		return fmt.Errorf("expire authorizations: %w", err)
	}
	var errs []error
	for ctx.Err() == nil {
		now := c.now()
		due, err := c.store.ClaimEndings(ctx, now, now.Add(time.Minute), endingsAtOnce)
		if err != nil {
			return errors.Join(append(errs, fmt.Errorf("claim endings: %w", err))...)
		}
		if len(due) == 0 {
			break
		}
		results := make([]error, len(due))
		var all sync.WaitGroup
		for i, e := range due {
			all.Go(func() { results[i] = c.end(ctx, e) })
		}
		all.Wait()
		for _, err := range results {
			if err != nil && len(errs) < endingsAtOnce {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

func (c *Connections) end(ctx context.Context, e Ending) error {
	err := c.guard(func() error { return c.endAtBank(ctx, e) })
	if err == nil {
		if err := c.store.DeleteEnding(context.WithoutCancel(ctx), e.ID); err != nil {
			return fmt.Errorf("delete ending at %s: %w", e.Bank, err)
		}
		return nil
	}
	pause := min(endingFirst<<min(e.Tries-1, 20), endingLast)
	return errors.Join(err, c.store.PostponeEnding(context.WithoutCancel(ctx), e.ID, c.now().Add(pause)))
}

func (c *Connections) endAtBank(ctx context.Context, e Ending) error {
	bank, ok := c.banks[e.Bank]
	if !ok {
		return fmt.Errorf("end a consent at %s: %w: no such bank in the settings", e.Bank, ErrUnavailable)
	}
	consent, err := c.open(e.Consent, "consent", string(e.Bank), e.ID)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, endingTime)
	defer cancel()
	if err := bank.EndConsent(ctx, string(consent)); err != nil {
		return fmt.Errorf("end a consent at %s: %w", e.Bank, err)
	}
	return nil
}
