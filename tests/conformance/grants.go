package conformance

import (
	"context"
	"testing"
	"time"

	"sotto/linking"
)

// access is an opaque access token to be kept, good for an hour.
func access(scopes linking.Mask) *linking.AccessToken {
	return &linking.AccessToken{Hash: blob(), Scopes: scopes, Issued: noon, Expires: noon.Add(time.Hour)}
}

// exchanged makes a link whose code was traded for a stable refresh token and an opaque access token.
func exchanged(t *testing.T, s linking.Store) (linking.NewLink, linking.Exchange) {
	t.Helper()
	n := linked(t, s)
	x := exchange(n)
	x.Access = access(2)
	_, err := s.Exchange(t.Context(), x)
	check(t, err)
	return n, x
}

// wantFacts checks what is known of a refresh token of n: where it comes from, and more.
func wantFacts(t *testing.T, s linking.Store, what string, r linking.Refreshing, n linking.NewLink, more linking.RefreshFacts) {
	t.Helper()
	got, err := s.RefreshFacts(t.Context(), r)
	check(t, err)
	more.Link, more.Client, more.Scopes, more.Resource = n.ID, n.Client, n.Scopes, n.Resource
	same(t, what, got, more)
}

func exchangeGuards(t *testing.T, s linking.Store) {
	n := linked(t, s)
	for name, spoil := range map[string]func(*linking.Exchange){
		"another code":         func(x *linking.Exchange) { x.Code = blob() },
		"another client":       func(x *linking.Exchange) { x.Client = "google-1" },
		"another redirect URI": func(x *linking.Exchange) { x.RedirectURI += "/" },
		"another challenge":    func(x *linking.Exchange) { x.Challenge = "other" },
		"no challenge":         func(x *linking.Exchange) { x.Challenge = "" },
		"another resource":     func(x *linking.Exchange) { x.Resource = n.Resource + "/alexa" },
		"the last instant":     func(x *linking.Exchange) { x.Now = n.CodeExpires },
	} {
		x := exchange(n)
		spoil(&x)
		_, err := s.Exchange(t.Context(), x)
		wantNone(t, name, err)
	}
	x := exchange(n)
	x.Now, x.Resource = n.CodeExpires.Add(-time.Millisecond), n.Resource
	got, err := s.Exchange(t.Context(), x)
	check(t, err)
	same(t, "basis", got, basis(n))
	_, err = s.Exchange(t.Context(), x)
	wantNone(t, "twice", err)
}

func exchangeRace(t *testing.T, s linking.Store) {
	n := linked(t, s)
	if won := race(t, func(ctx context.Context) error {
		x := exchange(n)
		x.Access = access(0)
		_, err := s.Exchange(ctx, x)
		return err
	}); won != 1 {
		t.Errorf("%d exchanges succeeded, want 1", won)
	}
}

func codeFacts(t *testing.T, s linking.Store) {
	n := linked(t, s)
	want := linking.CodeFacts{Link: n.ID, Client: n.Client, RedirectURI: n.RedirectURI, Challenge: n.Challenge, Resource: n.Resource, Expires: n.CodeExpires}
	facts := func(what string) {
		got, err := s.CodeFacts(t.Context(), n.Code)
		check(t, err)
		same(t, what, got, want)
	}
	facts("fresh")
	_, err := s.Exchange(t.Context(), exchange(n))
	check(t, err)
	want.Exchanged = noon
	facts("spent")
	check(t, s.EndLink(t.Context(), n.ID, noon.Add(time.Second)))
	want.Ended = noon.Add(time.Second)
	facts("ended")
	_, err = s.CodeFacts(t.Context(), blob())
	wantNone(t, "unknown", err)
}

func refreshStable(t *testing.T, s linking.Store) {
	n := linked(t, s)
	x := exchange(n)
	_, err := s.Exchange(t.Context(), x)
	check(t, err)
	r := linking.Refreshing{Client: n.Client, Hash: x.Refresh, Now: noon, Grace: time.Minute}
	for name, spoil := range map[string]func(*linking.Refreshing){
		"another token":    func(r *linking.Refreshing) { r.Hash = blob() },
		"another client":   func(r *linking.Refreshing) { r.Client = "google-1" },
		"a wider scope":    func(r *linking.Refreshing) { r.Want = n.Scopes | 4 },
		"another resource": func(r *linking.Refreshing) { r.Resource = n.Resource + "/alexa" },
	} {
		for _, access := range []*linking.AccessToken{nil, access(1)} {
			wrong := r
			spoil(&wrong)
			wrong.Access = access
			_, _, err := s.Refresh(t.Context(), wrong)
			wantNone(t, name, err)
		}
	}
	r.Want, r.Resource = 1, n.Resource
	for _, access := range []*linking.AccessToken{nil, access(1), nil} {
		r.Access = access
		r.Now = r.Now.Add(365 * 24 * time.Hour)
		got, used, err := s.Refresh(t.Context(), r)
		check(t, err)
		same(t, "basis", got, basis(n))
		if !used.IsZero() {
			t.Errorf("a stable token was first used at %v", used)
		}
		if access != nil {
			_, kept, err := s.ByAccess(t.Context(), access.Hash)
			check(t, err)
			same(t, "access token", kept, *access)
		}
	}
	wantFacts(t, s, "facts", r, n, linking.RefreshFacts{})
	check(t, s.EndLink(t.Context(), n.ID, noon.Add(time.Second)))
	_, _, err = s.Refresh(t.Context(), r)
	wantNone(t, "after the end", err)
	wantFacts(t, s, "facts after the end", r, n, linking.RefreshFacts{Ended: noon.Add(time.Second)})
}

// rotated makes a link whose grant rotates.
func rotated(t *testing.T, s linking.Store) (linking.NewLink, linking.Refreshing) {
	t.Helper()
	n := linked(t, s)
	r := linking.Refreshing{Client: n.Client, Grant: n.Grant, Generation: 1, Now: noon, Grace: time.Minute}
	_, _, err := s.Refresh(t.Context(), r)
	wantNone(t, "before the code was traded", err)
	x := exchange(n)
	x.Refresh = nil
	_, err = s.Exchange(t.Context(), x)
	check(t, err)
	return n, r
}

func refreshRotating(t *testing.T, s linking.Store) {
	n, r := rotated(t, s)
	for name, spoil := range map[string]func(*linking.Refreshing){
		"another grant":    func(r *linking.Refreshing) { r.Grant = name() },
		"another client":   func(r *linking.Refreshing) { r.Client = "google-1" },
		"a wider scope":    func(r *linking.Refreshing) { r.Want = n.Scopes | 4 },
		"another resource": func(r *linking.Refreshing) { r.Resource = n.Resource + "/alexa" },
	} {
		wrong := r
		spoil(&wrong)
		_, _, err := s.Refresh(t.Context(), wrong)
		wantNone(t, name, err)
	}
	for _, late := range []time.Duration{0, time.Second, time.Minute} {
		again := r
		again.Now, again.Resource = noon.Add(late), n.Resource
		again.Access = &linking.AccessToken{Hash: blob(), Scopes: 1, Issued: again.Now, Expires: again.Now.Add(time.Hour)}
		got, used, err := s.Refresh(t.Context(), again)
		check(t, err)
		same(t, "basis", got, basis(n))
		if !used.Equal(noon) {
			t.Errorf("after %v: first used at %v, want %v", late, used, noon)
		}
		_, kept, err := s.ByAccess(t.Context(), again.Access.Hash)
		check(t, err)
		same(t, "access token", kept, *again.Access)
	}
	late := r
	late.Now = noon.Add(time.Minute + time.Millisecond)
	_, _, err := s.Refresh(t.Context(), late)
	wantNone(t, "after the grace", err)
	wantFacts(t, s, "facts of a used one", late, n, linking.RefreshFacts{Used: noon})
	next := late
	next.Generation = 2
	wantFacts(t, s, "facts of a fresh one", next, n, linking.RefreshFacts{})
	_, used, err := s.Refresh(t.Context(), next)
	check(t, err)
	if !used.Equal(next.Now) {
		t.Errorf("the next was first used at %v, want %v", used, next.Now)
	}
	next.Grant = name()
	_, err = s.RefreshFacts(t.Context(), next)
	wantNone(t, "facts of another grant", err)
}

func rotationRace(t *testing.T, s linking.Store) {
	_, r := rotated(t, s)
	first := make(chan time.Time, 8)
	if won := raceOf(t, func(ctx context.Context, i int) error {
		mine := r
		mine.Now = noon.Add(time.Duration(i) * time.Second)
		_, used, err := s.Refresh(ctx, mine)
		first <- used
		return err
	}); won != 8 {
		t.Errorf("%d of 8 succeeded", won)
	}
	close(first)
	seen := map[time.Time]bool{}
	for used := range first {
		seen[used] = true
	}
	if len(seen) != 1 {
		t.Errorf("%d different first uses, want 1", len(seen))
	}
}

func sweptGeneration(t *testing.T, s linking.Store) {
	n, r := rotated(t, s)
	_, _, err := s.Refresh(t.Context(), r)
	check(t, err)
	retry := r
	retry.Now = noon.Add(r.Grace)
	check(t, s.SweepLinks(t.Context(), retry.Now))
	_, _, err = s.Refresh(t.Context(), retry)
	check(t, err) // a sweep leaves it its grace
	week := noon.Add(7 * 24 * time.Hour)
	check(t, s.SweepLinks(t.Context(), week))
	r.Now = week
	_, _, err = s.Refresh(t.Context(), r)
	wantNone(t, "a swept generation", err)
	wantFacts(t, s, "facts", r, n, linking.RefreshFacts{Passed: true})
	r.Generation = 2
	_, _, err = s.Refresh(t.Context(), r)
	check(t, err)
}

// passedGeneration is what an older copy of a database sees, which does not know all that was used since.
func passedGeneration(t *testing.T, s linking.Store) {
	n, r := rotated(t, s)
	for _, g := range []int64{1, 7} {
		r.Generation = g
		_, _, err := s.Refresh(t.Context(), r)
		check(t, err)
	}
	for _, g := range []int64{2, 6} {
		r.Generation = g
		_, _, err := s.Refresh(t.Context(), r)
		wantNone(t, "a generation that is not known", err)
		wantFacts(t, s, "facts", r, n, linking.RefreshFacts{Passed: true})
	}
	for _, g := range []int64{1, 7, 8} { // two in their grace, and the next
		r.Generation = g
		_, _, err := s.Refresh(t.Context(), r)
		check(t, err)
	}
}

func accessComesBack(t *testing.T, s linking.Store) {
	n, x := exchanged(t, s)
	got, token, err := s.ByAccess(t.Context(), x.Access.Hash)
	check(t, err)
	same(t, "grant", got, granted(n))
	same(t, "token", token, *x.Access)
	_, _, err = s.ByAccess(t.Context(), blob())
	wantNone(t, "unknown", err)
	_, _, err = s.ByGrant(t.Context(), name(), blob())
	wantNone(t, "an unknown grant", err)
}

func revokedAccess(t *testing.T, s linking.Store) {
	n, x := exchanged(t, s)
	jwt := access(3)
	for range 2 {
		check(t, s.RevokeAccess(t.Context(), n.Grant, *x.Access))
		check(t, s.RevokeAccess(t.Context(), n.Grant, *jwt))
	}
	_, token, err := s.ByAccess(t.Context(), x.Access.Hash)
	check(t, err)
	if !token.Revoked {
		t.Error("the opaque token is not revoked")
	}
	for _, c := range []struct {
		what string
		hash []byte
		want bool
	}{{"the JWT that was revoked", jwt.Hash, true}, {"another JWT of the grant", blob(), false}} {
		got, revoked, err := s.ByGrant(t.Context(), n.Grant, c.hash)
		check(t, err)
		same(t, "grant", got, granted(n))
		if revoked != c.want {
			t.Errorf("%s: revoked is %v", c.what, revoked)
		}
	}
}

func endLink(t *testing.T, s linking.Store) {
	n, x := exchanged(t, s)
	other := linked(t, s)
	ended := noon.Add(time.Second)
	check(t, s.EndLink(t.Context(), n.ID, ended))
	check(t, s.EndLink(t.Context(), n.ID, ended.Add(time.Hour)))
	check(t, s.EndLink(t.Context(), name(), ended))
	got, _, err := s.ByGrant(t.Context(), n.Grant, blob())
	check(t, err)
	want := granted(n)
	want.Ended = ended
	same(t, "grant", got, want)
	_, _, err = s.ByAccess(t.Context(), x.Access.Hash)
	wantNone(t, "its access token", err)
	_, err = s.Exchange(t.Context(), exchange(n))
	wantNone(t, "its code", err)
	_, err = s.Exchange(t.Context(), exchange(other))
	check(t, err)
}

func forgetLink(t *testing.T, s linking.Store) {
	n, x := exchanged(t, s)
	_, err := s.ForgetLink(t.Context(), name(), linking.Receipt{Code: "none", Made: noon})
	wantNone(t, "a link that never was", err)
	want := linking.Receipt{Code: "receipt", Made: noon}
	got, err := s.ForgetLink(t.Context(), n.ID, want)
	check(t, err)
	same(t, "receipt", got, want)
	got, err = s.ForgetLink(t.Context(), n.ID, linking.Receipt{Code: "receipt", Made: noon.Add(time.Hour)})
	check(t, err)
	same(t, "receipt, asked for again", got, want)
	_, _, err = s.ByGrant(t.Context(), n.Grant, blob())
	wantNone(t, "its grant", err)
	_, _, err = s.ByAccess(t.Context(), x.Access.Hash)
	wantNone(t, "its access token", err)
	_, err = s.CodeFacts(t.Context(), n.Code)
	wantNone(t, "its code", err)
	_, err = s.RefreshFacts(t.Context(), linking.Refreshing{Hash: x.Refresh})
	wantNone(t, "its refresh token", err)
}

func sweepLinks(t *testing.T, s linking.Store) {
	i := interaction()
	check(t, s.AddInteraction(t.Context(), i))
	never, finished := linked(t, s), linked(t, s)
	x := exchange(finished)
	x.Access = &linking.AccessToken{Hash: blob(), Scopes: 2, Issued: noon, Expires: noon.Add(2 * time.Hour)}
	_, err := s.Exchange(t.Context(), x)
	check(t, err)

	check(t, s.SweepLinks(t.Context(), noon))
	_, err = s.Interaction(t.Context(), i.ID, i.Browser, noon)
	check(t, err)
	_, err = s.CodeFacts(t.Context(), never.Code)
	check(t, err)

	check(t, s.SweepLinks(t.Context(), noon.Add(time.Hour)))
	_, err = s.Interaction(t.Context(), i.ID, i.Browser, noon)
	wantNone(t, "an expired interaction", err)
	_, err = s.CodeFacts(t.Context(), never.Code)
	wantNone(t, "a code nobody traded", err)
	_, _, err = s.ByGrant(t.Context(), never.Grant, blob())
	wantNone(t, "a link never finished", err)
	_, _, err = s.ByAccess(t.Context(), x.Access.Hash)
	check(t, err)

	year := noon.Add(365 * 24 * time.Hour)
	check(t, s.SweepLinks(t.Context(), year))
	_, _, err = s.ByAccess(t.Context(), x.Access.Hash)
	wantNone(t, "an expired access token", err)
	_, _, err = s.Refresh(t.Context(), linking.Refreshing{Client: finished.Client, Hash: x.Refresh, Now: year, Grace: time.Minute})
	check(t, err)

	check(t, s.EndLink(t.Context(), finished.ID, year))
	check(t, s.SweepLinks(t.Context(), year.Add(time.Hour)))
	_, err = s.CodeFacts(t.Context(), finished.Code)
	check(t, err)
	check(t, s.SweepLinks(t.Context(), year.Add(365*24*time.Hour)))
	_, err = s.CodeFacts(t.Context(), finished.Code)
	wantNone(t, "a grant that ended long ago", err)
}

func endRace(t *testing.T, s linking.Store) {
	n := linked(t, s)
	hashes := make(chan []byte, 8)
	raceOf(t, func(ctx context.Context, i int) error {
		if i%2 == 0 {
			return s.EndLink(ctx, n.ID, noon)
		}
		x := exchange(n)
		x.Access = access(0)
		hashes <- x.Access.Hash
		_, err := s.Exchange(ctx, x)
		return err
	})
	close(hashes)
	for h := range hashes {
		_, _, err := s.ByAccess(t.Context(), h)
		wantNone(t, "an access token after the end", err)
	}
}

func endRefreshRace(t *testing.T, s linking.Store) {
	for range 5 {
		stable, rotating := linked(t, s), linked(t, s)
		x, y := exchange(stable), exchange(rotating)
		y.Refresh = nil
		for _, x := range []linking.Exchange{x, y} {
			_, err := s.Exchange(t.Context(), x)
			check(t, err)
		}
		hashes := make(chan []byte, 8)
		raceOf(t, func(ctx context.Context, i int) error {
			r := linking.Refreshing{Client: stable.Client, Now: noon, Grace: time.Minute, Access: access(0)}
			hashes <- r.Access.Hash
			switch i {
			case 0:
				return s.EndLink(ctx, stable.ID, noon)
			case 1:
				return s.EndLink(ctx, rotating.ID, noon)
			case 2, 3, 4:
				r.Hash = x.Refresh
			default:
				r.Grant, r.Generation = rotating.Grant, 1
			}
			_, _, err := s.Refresh(ctx, r)
			return err
		})
		close(hashes)
		for h := range hashes {
			_, _, err := s.ByAccess(t.Context(), h)
			wantNone(t, "an access token after the end", err)
		}
	}
}

func sweepRace(t *testing.T, s linking.Store) {
	for range 5 {
		_, r := rotated(t, s)
		_, _, err := s.Refresh(t.Context(), r)
		check(t, err)
		r.Now = noon.Add(7 * 24 * time.Hour)
		if won := raceOf(t, func(ctx context.Context, i int) error {
			if i == 0 {
				return s.SweepLinks(ctx, r.Now)
			}
			_, _, err := s.Refresh(ctx, r)
			return err
		}); won != 1 {
			t.Errorf("a generation long used was accepted %d times", won-1)
		}
	}
}

func forgetRace(t *testing.T, s linking.Store) {
	n := linked(t, s)
	receipts := make(chan linking.Receipt, 8)
	if won := race(t, func(ctx context.Context) error {
		got, err := s.ForgetLink(ctx, n.ID, linking.Receipt{Code: "receipt", Made: noon.Add(time.Duration(blob()[0]) * time.Second)})
		receipts <- got
		return err
	}); won != 8 {
		t.Errorf("%d of 8 got the receipt", won)
	}
	first := <-receipts
	for range 7 {
		same(t, "receipt", <-receipts, first)
	}
}
