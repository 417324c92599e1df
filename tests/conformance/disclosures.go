package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sotto/linking"
	"sotto/linking/disclosure"
)

// DisclosureStore is a disclosure.Store beside the links whose record it keeps.
type DisclosureStore interface {
	disclosure.Store
	linking.Store
}

// Disclosures proves a disclosure.Store. open gives an empty one.
func Disclosures(t *testing.T, open func(*testing.T) DisclosureStore) {
	for name, prove := range map[string]func(*testing.T, DisclosureStore){
		"a row comes back as it was kept":                      rowComesBack,
		"the newest come first, and all are counted":           newestFirst,
		"pages follow on one another":                          pagesFollow,
		"a link sees only its own":                             ownRows,
		"nothing is kept of a link that is not there":          noLinkNoRow,
		"a forgotten link's rows are gone, and none come back": rowsGoWithTheLink,
		"a record is cleared by its customer alone, and whole": clearRecord,
		"an id is kept once":                                   idOnce,
		"a sweep deletes what is too old, a few at a time":     dropOld,
		"many at once are all kept":                            appendRace,
		"a call whose context is over keeps nothing":           appendTooLate,
	} {
		t.Run(name, func(t *testing.T) { prove(t, open(t)) })
	}
}

func row(link string, i int) disclosure.Row {
	return disclosure.Row{ID: fmt.Sprintf("%032x", i), Link: link, At: noon.Add(time.Duration(i) * time.Second), Sealed: blob()}
}

func rowComesBack(t *testing.T, s DisclosureStore) {
	r := row(linked(t, s).ID, 1)
	check(t, s.AppendDisclosure(t.Context(), r))
	got, total, err := s.Disclosures(t.Context(), r.Link, 10)
	check(t, err)
	same(t, "rows", got, []disclosure.Row{r})
	same(t, "total", total, 1)
}

func pagesFollow(t *testing.T, s DisclosureStore) {
	link, other := linked(t, s).ID, linked(t, s).ID
	check(t, s.AppendDisclosure(t.Context(), row(other, 6)))
	for _, i := range []int{5, 1, 4, 2} {
		check(t, s.AppendDisclosure(t.Context(), row(link, i)))
	}
	ids := func(rows []disclosure.Row) (ids []string) {
		for _, r := range rows {
			ids = append(ids, r.ID)
		}
		return ids
	}
	twin := row(link, 3)
	twin.At = row(link, 4).At // as new as the fourth, which has the greater id
	check(t, s.AppendDisclosure(t.Context(), twin))
	after := func(r disclosure.Row, n int) []disclosure.Row {
		rows, err := s.DisclosuresBefore(t.Context(), link, r.At, r.ID, n)
		check(t, err)
		return rows
	}
	same(t, "first page", ids(after(disclosure.Row{}, 2)), []string{row(link, 5).ID, row(link, 4).ID})
	same(t, "second page", ids(after(row(link, 4), 2)), []string{twin.ID, row(link, 2).ID})
	third := after(row(link, 2), 2)
	same(t, "third page", ids(third), []string{row(link, 1).ID})
	same(t, "row", third[0].At, row(link, 1).At)
	same(t, "after a place in another link's record", ids(after(row(other, 6), 1)), []string{row(link, 5).ID})
	same(t, "after the oldest", len(after(row(link, 0), 3)), 0)
}

func newestFirst(t *testing.T, s DisclosureStore) {
	link := linked(t, s).ID
	var want []disclosure.Row
	for _, i := range []int{3, 1, 5, 2, 4} {
		r := row(link, i)
		check(t, s.AppendDisclosure(t.Context(), r))
		want = append(want, r)
	}
	twin := row(link, 6)
	twin.At = noon.Add(5 * time.Second) // as new as the fifth; the greater id is first
	check(t, s.AppendDisclosure(t.Context(), twin))
	want = append(want, twin)
	slices.SortFunc(want, func(a, b disclosure.Row) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		return strings.Compare(b.ID, a.ID)
	})
	got, total, err := s.Disclosures(t.Context(), link, 4)
	check(t, err)
	same(t, "rows", got, want[:4])
	same(t, "total", total, 6)
	got, total, err = s.Disclosures(t.Context(), link, 0)
	check(t, err)
	same(t, "none asked for", len(got), 0)
	same(t, "total", total, 6)
}

func ownRows(t *testing.T, s DisclosureStore) {
	a, b := linked(t, s).ID, linked(t, s).ID
	check(t, s.AppendDisclosure(t.Context(), row(a, 1)))
	got, total, err := s.Disclosures(t.Context(), b, 10)
	check(t, err)
	same(t, "another link's rows", len(got)+total, 0)
}

func noLinkNoRow(t *testing.T, s DisclosureStore) {
	if err := s.AppendDisclosure(t.Context(), row("nobody", 1)); err == nil {
		t.Error("a row of a link that is not there was kept")
	}
	_, total, err := s.Disclosures(t.Context(), "nobody", 10)
	check(t, err)
	same(t, "total", total, 0)
}

func rowsGoWithTheLink(t *testing.T, s DisclosureStore) {
	gone, stays := linked(t, s).ID, linked(t, s).ID
	check(t, s.AppendDisclosure(t.Context(), row(gone, 1)))
	check(t, s.AppendDisclosure(t.Context(), row(stays, 2)))
	_, err := s.ForgetLink(t.Context(), gone, linking.Receipt{Code: "receipt", Made: noon})
	check(t, err)
	_, total, err := s.Disclosures(t.Context(), gone, 10)
	check(t, err)
	same(t, "rows of the forgotten link", total, 0)
	if err := s.AppendDisclosure(t.Context(), row(gone, 3)); err == nil {
		t.Error("a forgotten link was written of again")
	}
	_, total, err = s.Disclosures(t.Context(), stays, 10)
	check(t, err)
	same(t, "rows of the other link", total, 1)
}

func clearRecord(t *testing.T, s DisclosureStore) {
	customer := blob()
	mine, other, another := linkedFor(t, s, customer, noon).ID, linkedFor(t, s, customer, noon).ID, linkedFor(t, s, blob(), noon).ID
	for i, link := range []string{mine, mine, other, another} {
		check(t, s.AppendDisclosure(t.Context(), row(link, i)))
	}
	rows := func(link string) int {
		_, total, err := s.Disclosures(t.Context(), link, 10)
		check(t, err)
		return total
	}
	wantNone(t, "another customer", s.ClearRecord(t.Context(), blob(), mine, noon))
	wantNone(t, "a link that is not there", s.ClearRecord(t.Context(), customer, name(), noon))
	same(t, "rows, as nobody else can clear them", rows(mine), 2)
	at := noon.Add(time.Minute)
	check(t, s.ClearRecord(t.Context(), customer, mine, at))
	same(t, "rows", rows(mine), 0)
	same(t, "rows of his other link", rows(other), 1)
	same(t, "rows of another customer", rows(another), 1)
	got, err := s.LinkOf(t.Context(), customer, mine)
	check(t, err)
	same(t, "when it was cleared", got.Cleared, at)
	check(t, s.AppendDisclosure(t.Context(), row(mine, 9)))
	same(t, "rows afterwards", rows(mine), 1)
	check(t, s.EndLink(t.Context(), mine, at))
	check(t, s.ClearRecord(t.Context(), customer, mine, at.Add(time.Minute)))
	same(t, "rows of an ended link", rows(mine), 0)
	got, err = s.LinkOf(t.Context(), customer, mine)
	check(t, err)
	same(t, "when it was cleared again", got.Cleared, at.Add(time.Minute))
}

func idOnce(t *testing.T, s DisclosureStore) {
	r := row(linked(t, s).ID, 1)
	check(t, s.AppendDisclosure(t.Context(), r))
	other := row(linked(t, s).ID, 1)
	if err := s.AppendDisclosure(t.Context(), other); err == nil {
		t.Error("an id was kept twice")
	}
	got, _, err := s.Disclosures(t.Context(), r.Link, 10)
	check(t, err)
	same(t, "the first row", got, []disclosure.Row{r})
}

func dropOld(t *testing.T, s DisclosureStore) {
	link := linked(t, s).ID
	for i := range 5 {
		check(t, s.AppendDisclosure(t.Context(), row(link, i)))
	}
	edge := noon.Add(3 * time.Second)
	for i, want := range []int{2, 1, 0} {
		n, err := s.DropDisclosures(t.Context(), edge, 2)
		check(t, err)
		same(t, fmt.Sprintf("dropped by sweep %d", i), n, want)
	}
	got, _, err := s.Disclosures(t.Context(), link, 10)
	check(t, err)
	if len(got) != 2 || got[1].At.Before(edge) {
		t.Errorf("got %d rows left", len(got))
	}
}

func appendRace(t *testing.T, s DisclosureStore) {
	link := linked(t, s).ID
	const many = 100
	done := make(chan error, many)
	for i := range many {
		go func() { done <- s.AppendDisclosure(t.Context(), row(link, i)) }()
	}
	for range many {
		check(t, <-done)
	}
	_, total, err := s.Disclosures(t.Context(), link, 1)
	check(t, err)
	same(t, "total", total, many)
}

func appendTooLate(t *testing.T, s DisclosureStore) {
	link := linked(t, s).ID
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.AppendDisclosure(ctx, row(link, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	_, total, err := s.Disclosures(t.Context(), link, 1)
	check(t, err)
	same(t, "total", total, 0)
}
