package store_test

import (
	"testing"

	"sotto/skills/messenger/outbox"
	"sotto/tests/conformance"
)

func TestEveryEngineKeepsThePromisesOfTheOutbox(t *testing.T) {
	onEach(t, func(t *testing.T, fresh func(testing.TB) string) {
		conformance.Outbox(t, func(t *testing.T) outbox.Store { return open(t, fresh(t)) })
	})
}
