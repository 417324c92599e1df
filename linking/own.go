package linking

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sotto/banking"
)

// maxOwn bounds how many links of one customer are shown.
const maxOwn = 200

// errNoLink is what a customer gets for a link that is not his, has gone, or never was.
var errNoLink = fmt.Errorf("%w: no link of this customer", ErrNotLinked)

// Own is a link as its customer sees it.
type Own struct {
	Link
	Banks   []banking.Joined
	Ended   time.Time // zero while it lives
	Cleared time.Time // when its record was last erased; zero where it never was
}

// Links gives a customer's links, living and ended, the newest first. Those that were forgotten are gone.
func (a *Authority) Links(ctx context.Context, c Customer) ([]Own, error) {
	rows, err := a.o.Store.LinksOf(ctx, c.name, maxOwn)
	if err != nil {
		return nil, fmt.Errorf("links of a customer: %w", err)
	}
	own := make([]Own, len(rows))
	for i, row := range rows {
		if own[i], err = a.own(ctx, row); err != nil {
			return nil, fmt.Errorf("links of a customer: %w", err)
		}
	}
	return own, nil
}

// Own gives one link of a customer; ErrNotLinked where it is not his, or there is none.
func (a *Authority) Own(ctx context.Context, c Customer, link string) (Own, error) {
	row, err := a.owned(ctx, c, link)
	if err != nil {
		return Own{}, err
	}
	return a.own(ctx, row)
}

func (a *Authority) owned(ctx context.Context, c Customer, link string) (Owned, error) {
	if !isID(link) {
		return Owned{}, errNoLink
	}
	row, err := a.o.Store.LinkOf(ctx, c.name, link)
	if errors.Is(err, ErrNone) {
		return Owned{}, errNoLink
	}
	if err != nil {
		return Owned{}, fmt.Errorf("link of a customer: %w", err)
	}
	return row, nil
}

func (a *Authority) own(ctx context.Context, row Owned) (Own, error) {
	key, err := a.openKey(row.Link, row.Key)
	if err != nil {
		return Own{}, err
	}
	banks, err := a.o.Connections.Joined(ctx, row.Link)
	if err != nil {
		return Own{}, err
	}
	client, _ := a.oauth(row.Client)
	return Own{
		Link: Link{
			ID: row.Link, Client: row.Client, Platform: client.Platform, Subject: row.Subject, Scopes: row.Scopes.Scopes(), Created: row.Created, key: key,
		},
		Banks: banks, Ended: row.Ended, Cleared: row.Cleared,
	}, nil
}

// Narrow leaves a customer's living link these of its scopes; tokens that are out already open no more than these from the next request on.
// None of its scopes is ErrChoice: that would be to stop. A scope it has not is not added. ErrNotLinked where it is not his, or has ended.
func (a *Authority) Narrow(ctx context.Context, c Customer, link string, keep []Scope) error {
	kept, known := mask(keep)
	if !known || kept == 0 {
		return ErrChoice
	}
	if !isID(link) {
		return errNoLink
	}
	err := a.o.Store.NarrowLink(ctx, c.name, link, kept)
	if errors.Is(err, ErrNone) {
		if row, err := a.owned(ctx, c, link); err != nil || !row.Ended.IsZero() {
			return errors.Join(ErrNotLinked, err)
		}
		return ErrChoice
	}
	if err != nil {
		return fmt.Errorf("narrow: %w", err)
	}
	return nil
}

// Clear erases the record of what was shared with a customer's link. The link stays as it is, and so does that its record was erased, and when:
// whoever looks at it must not take what is there for the whole. ErrNotLinked where it is not his.
func (a *Authority) Clear(ctx context.Context, c Customer, link string) error {
	if !isID(link) {
		return errNoLink
	}
	err := a.o.Store.ClearRecord(ctx, c.name, link, a.o.Now())
	if errors.Is(err, ErrNone) {
		return errNoLink
	}
	if err != nil {
		return fmt.Errorf("clear: %w", err)
	}
	return nil
}

// Stop ends a customer's link, as End does. ErrNotLinked where it is not his.
func (a *Authority) Stop(ctx context.Context, c Customer, link string) error {
	if _, err := a.owned(ctx, c, link); err != nil {
		return err
	}
	return a.End(ctx, link)
}

// Erase ends and erases a customer's link, as Forget does. ErrNotLinked where it is not his.
func (a *Authority) Erase(ctx context.Context, c Customer, link string) (Receipt, error) {
	if _, err := a.owned(ctx, c, link); err != nil {
		return Receipt{}, err
	}
	return a.Forget(ctx, link)
}

// ReceiptOf gives the receipt of a link that was erased; ErrNotLinked where there is none.
func (a *Authority) ReceiptOf(ctx context.Context, link string) (Receipt, error) {
	return a.Receipt(ctx, a.o.Keys.receipt(link))
}

// Receipt gives what is left of an erased link by its code; ErrNotLinked where there is none.
func (a *Authority) Receipt(ctx context.Context, code string) (Receipt, error) {
	if len(code) != tokenLength || !isToken(code) {
		return Receipt{}, fmt.Errorf("%w: no such receipt", ErrNotLinked)
	}
	r, err := a.o.Store.Receipt(ctx, code)
	if errors.Is(err, ErrNone) {
		return Receipt{}, fmt.Errorf("%w: no such receipt", ErrNotLinked)
	}
	if err != nil {
		return Receipt{}, fmt.Errorf("read receipt: %w", err)
	}
	return r, nil
}
