package store_test

import (
	"testing"

	"sotto/banking"
	"sotto/tests/conformance"
)

func TestEveryEngineKeepsThePromisesOfBanking(t *testing.T) {
	onEach(t, func(t *testing.T, fresh func(testing.TB) string) {
		conformance.Connections(t, func(t *testing.T) banking.Store { return open(t, fresh(t)) })
	})
}
