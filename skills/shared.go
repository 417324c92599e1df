package skills

import (
	"context"
	"fmt"
	"slices"

	"sotto/linking/disclosure"
)

// lookedAt is how many of the newest records are looked at for what kinds of facts were shared.
const lookedAt = 50

// shared says how often something was shared with this assistant, and what kinds of facts.
func shared(ctx context.Context, s *Skill, q Question) (Reply, error) {
	entries, total, err := s.record.List(ctx, q.holder(), lookedAt)
	if err != nil {
		return Reply{}, fmt.Errorf("list what was shared: %w", err)
	}
	dialogue := Dialogue{Intent: q.Intent}
	if len(entries) == 0 {
		return Reply{Key: SharedNone, Dialogue: dialogue}, nil
	}
	var all []FactKind
	for _, e := range entries {
		all = kinds(all, e)
	}
	key := SharedSaid
	if total > len(entries) {
		key = SharedLately // of what was shared before those, nobody has looked at the kinds
	}
	return Reply{Key: key, Dialogue: dialogue, Facts: []Fact{
		{Kind: FactShared, Count: total, Shared: all},
		{Kind: FactShared, Count: 1, Shared: kinds(nil, entries[0])},
	}}, nil
}

// kinds adds the kinds of facts of an entry, each once.
func kinds(known []FactKind, e disclosure.Entry) []FactKind {
	for _, f := range e.Facts {
		if k := FactKind(f.Kind); !slices.Contains(known, k) {
			known = append(known, k)
		}
	}
	return known
}
