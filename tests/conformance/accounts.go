package conformance

import (
	"context"
	"testing"
	"time"

	"sotto/linking"
)

// accounts are the cases of links that are found again by a platform's account.
var accounts = map[string]func(*testing.T, linking.Store){
	"an account's link is there when its code was exchanged, until it ends": byAccount,
	"of an account's links the youngest that lives is given":                youngestOfAccount,
	"another grant is on a living link of this client and account only":     regrantGuards,
	"another grant serves as the first does, and ends with the link":        regrantServes,
	"a link has only so many living grants":                                 regrantLimit,
	"granting again while the link ends leaves nothing living":              regrantEndRace,
	"granting again while the link is forgotten leaves nothing of it":       regrantForgetRace,
}

// ofAccount makes a link for an account, with its code exchanged.
func ofAccount(t *testing.T, s linking.Store) linking.NewLink {
	t.Helper()
	n := linked(t, s)
	_, err := s.Exchange(t.Context(), exchange(n))
	check(t, err)
	return n
}

func regranting(n linking.NewLink) linking.Regranting {
	return linking.Regranting{
		Client: n.Client, Account: n.Account, Link: n.ID, Limit: 9, Now: noon, Grant: name(), Resource: "https://sotto.example/dialogflow",
		Code: blob(), Refresh: blob(), Access: access(0),
	}
}

func byAccount(t *testing.T, s linking.Store) {
	n := linked(t, s)
	_, err := s.ByAccount(t.Context(), n.Client, n.Account)
	wantNone(t, "before the code was exchanged", err)
	_, err = s.Exchange(t.Context(), exchange(n))
	check(t, err)
	got, err := s.ByAccount(t.Context(), n.Client, n.Account)
	check(t, err)
	same(t, "by account", got, granted(n))
	_, err = s.ByAccount(t.Context(), "other-1", n.Account)
	wantNone(t, "another client", err)
	_, err = s.ByAccount(t.Context(), n.Client, blob())
	wantNone(t, "another account", err)
	check(t, s.EndLink(t.Context(), n.ID, noon))
	_, err = s.ByAccount(t.Context(), n.Client, n.Account)
	wantNone(t, "after the end", err)
}

func youngestOfAccount(t *testing.T, s linking.Store) {
	account := blob()
	var links []linking.NewLink
	for _, after := range []time.Duration{time.Hour, 2 * time.Hour, 0} {
		i := taken(t, s)
		n := newLink(i)
		n.Account, n.Created = account, noon.Add(after)
		check(t, s.Conclude(t.Context(), i.ID, n))
		_, err := s.Exchange(t.Context(), exchange(n))
		check(t, err)
		links = append(links, n)
	}
	for _, youngest := range []int{1, 0, 2} {
		got, err := s.ByAccount(t.Context(), links[0].Client, account)
		check(t, err)
		same(t, "youngest", got, granted(links[youngest]))
		check(t, s.EndLink(t.Context(), links[youngest].ID, noon))
	}
	_, err := s.ByAccount(t.Context(), links[0].Client, account)
	wantNone(t, "all ended", err)
}

func regrantGuards(t *testing.T, s linking.Store) {
	n, other, waiting := ofAccount(t, s), ofAccount(t, s), linked(t, s)
	for name, spoil := range map[string]func(*linking.Regranting){
		"another client":           func(r *linking.Regranting) { r.Client = "other-1" },
		"no account":               func(r *linking.Regranting) { r.Account = nil },
		"another account":          func(r *linking.Regranting) { r.Account = other.Account },
		"another link":             func(r *linking.Regranting) { r.Link = other.ID },
		"a code not yet exchanged": func(r *linking.Regranting) { r.Account, r.Link = waiting.Account, waiting.ID },
	} {
		r := regranting(n)
		spoil(&r)
		_, err := s.Regrant(t.Context(), r)
		wantNone(t, name, err)
		_, _, err = s.ByAccess(t.Context(), r.Access.Hash)
		wantNone(t, name+", its access token", err)
	}
	check(t, s.EndLink(t.Context(), n.ID, noon))
	_, err := s.Regrant(t.Context(), regranting(n))
	wantNone(t, "after the end", err)
}

func regrantServes(t *testing.T, s linking.Store) {
	n := ofAccount(t, s)
	r := regranting(n)
	want := granted(n)
	want.Grant, want.Resource = r.Grant, r.Resource
	again, err := s.Regrant(t.Context(), r)
	check(t, err)
	same(t, "granted again", again, want.Basis)
	got, token, err := s.ByAccess(t.Context(), r.Access.Hash)
	check(t, err)
	same(t, "by its access token", got, want)
	same(t, "access token", token, *r.Access)
	refresh := linking.Refreshing{Client: n.Client, Hash: r.Refresh, Now: noon, Grace: time.Minute}
	again, _, err = s.Refresh(t.Context(), refresh)
	check(t, err)
	same(t, "by its refresh token", again, want.Basis)
	rotating := regranting(n)
	rotating.Refresh, rotating.Access = nil, nil
	_, err = s.Regrant(t.Context(), rotating)
	check(t, err)
	_, _, err = s.Refresh(t.Context(), linking.Refreshing{Client: n.Client, Grant: rotating.Grant, Generation: 1, Now: noon, Grace: time.Minute})
	check(t, err)
	_, err = s.Exchange(t.Context(), linking.Exchange{Code: r.Code, Client: n.Client, Now: noon.Add(-time.Second), Refresh: blob()})
	wantNone(t, "its code, which is none", err)
	got, err = s.ByAccount(t.Context(), n.Client, n.Account)
	check(t, err)
	same(t, "by account, the grant the link was made with", got, granted(n))
	check(t, s.SweepLinks(t.Context(), noon.Add(30*time.Minute)))
	_, _, err = s.Refresh(t.Context(), refresh)
	check(t, err)
	check(t, s.EndLink(t.Context(), n.ID, noon))
	_, _, err = s.Refresh(t.Context(), refresh)
	wantNone(t, "its refresh token after the end", err)
	_, _, err = s.ByAccess(t.Context(), r.Access.Hash)
	wantNone(t, "its access token after the end", err)
}

func regrantLimit(t *testing.T, s linking.Store) {
	n := ofAccount(t, s)
	for range 3 {
		r := regranting(n)
		r.Limit = 4
		_, err := s.Regrant(t.Context(), r)
		check(t, err)
	}
	r := regranting(n)
	r.Limit = 4
	_, err := s.Regrant(t.Context(), r)
	wantNone(t, "the fifth", err)
}

func regrantEndRace(t *testing.T, s linking.Store) {
	for range 5 {
		n := ofAccount(t, s)
		for _, r := range regrantWhile(t, s, n, func(ctx context.Context) error { return s.EndLink(ctx, n.ID, noon) }) {
			_, _, err := s.Refresh(t.Context(), linking.Refreshing{Client: n.Client, Hash: r.Refresh, Now: noon})
			wantNone(t, "a refresh token after the end", err)
			_, _, err = s.ByAccess(t.Context(), r.Access.Hash)
			wantNone(t, "an access token after the end", err)
		}
	}
}

func regrantForgetRace(t *testing.T, s linking.Store) {
	for range 5 {
		n := ofAccount(t, s)
		receipt := linking.Receipt{Code: name(), Made: noon}
		for _, r := range regrantWhile(t, s, n, func(ctx context.Context) error {
			_, err := s.ForgetLink(ctx, n.ID, receipt)
			return err
		}) {
			_, err := s.RefreshFacts(t.Context(), linking.Refreshing{Hash: r.Refresh})
			wantNone(t, "a grant of a forgotten link", err)
		}
	}
}

// regrantWhile grants again seven times while end happens, and gives what was asked for.
func regrantWhile(t *testing.T, s linking.Store, n linking.NewLink, end func(context.Context) error) []linking.Regranting {
	t.Helper()
	asked := make([]linking.Regranting, 7)
	for i := range asked {
		asked[i] = regranting(n)
	}
	raceOf(t, func(ctx context.Context, i int) error {
		if i == len(asked) {
			return end(ctx)
		}
		_, err := s.Regrant(ctx, asked[i])
		return err
	})
	return asked
}
