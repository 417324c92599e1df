package conformance

import (
	"testing"
	"time"

	"sotto/linking"
)

// households are the promises of linking.HouseholdStore.
var households = map[string]func(*testing.T, linking.Store){
	"a household's links end together, once, and nobody else's": householdEnds,
	"a link made since then goes on":                            householdSince,
	"a link is of the household that was said last":             householdAnew,
	"a link that is not there is of no household":               householdOfNone,
	"a forgotten link leaves no household behind":               householdForgotten,
}

// belonging makes a link of a household.
func belonging(t *testing.T, s linking.Store, household []byte) linking.NewLink {
	t.Helper()
	n := linked(t, s)
	check(t, s.KeepHousehold(t.Context(), household, n.ID))
	return n
}

func householdEnds(t *testing.T, s linking.Store) {
	home, next := blob(), blob()
	one, two, other, none := belonging(t, s, home), belonging(t, s, home), belonging(t, s, next), linked(t, s)
	got, err := s.EndHousehold(t.Context(), home, one.Created, noon.Add(time.Hour))
	check(t, err)
	if len(got) != 2 || got[0] == got[1] || (got[0] != one.ID && got[0] != two.ID) || (got[1] != one.ID && got[1] != two.ID) {
		t.Errorf("ended %q, want %q and %q", got, one.ID, two.ID)
	}
	if !ended(t, s, one) || !ended(t, s, two) || ended(t, s, other) || ended(t, s, none) {
		t.Error("others ended than those of the household")
	}
	_, err = s.EndHousehold(t.Context(), home, one.Created, noon.Add(2*time.Hour))
	wantNone(t, "ended again", err)
	_, err = s.EndHousehold(t.Context(), blob(), one.Created, noon)
	wantNone(t, "nobody's", err)
}

func householdSince(t *testing.T, s linking.Store) {
	home := blob()
	n := belonging(t, s, home)
	_, err := s.EndHousehold(t.Context(), home, n.Created.Add(-time.Millisecond), noon)
	wantNone(t, "before it was made", err)
	if ended(t, s, n) {
		t.Error("ended by what happened before it was made")
	}
}

func householdAnew(t *testing.T, s linking.Store) {
	was, is := blob(), blob()
	n := belonging(t, s, was)
	for range 2 {
		check(t, s.KeepHousehold(t.Context(), is, n.ID))
	}
	_, err := s.EndHousehold(t.Context(), was, n.Created, noon)
	wantNone(t, "of the first", err)
	_, err = s.EndHousehold(t.Context(), is, n.Created, noon)
	check(t, err)
	if !ended(t, s, n) {
		t.Error("goes on")
	}
}

func householdOfNone(t *testing.T, s linking.Store) {
	wantNone(t, "no link", s.KeepHousehold(t.Context(), blob(), "no-link"))
}

func householdForgotten(t *testing.T, s linking.Store) {
	home := blob()
	n := belonging(t, s, home)
	_, err := s.ForgetLink(t.Context(), n.ID, linking.Receipt{Code: "a-receipt", Made: noon})
	check(t, err)
	_, err = s.EndHousehold(t.Context(), home, n.Created, noon)
	wantNone(t, "forgotten", err)
	wantNone(t, "of a forgotten link", s.KeepHousehold(t.Context(), home, n.ID))
}
