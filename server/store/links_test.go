package store_test

import (
	"testing"

	"sotto/linking"
	"sotto/tests/conformance"
)

func TestEveryEngineKeepsThePromisesOfLinking(t *testing.T) {
	onEach(t, func(t *testing.T, fresh func(testing.TB) string) {
		conformance.Links(t, func(t *testing.T) linking.Store { return open(t, fresh(t)) })
		conformance.Customers(t, func(t *testing.T) linking.Store { return open(t, fresh(t)) })
	})
}
