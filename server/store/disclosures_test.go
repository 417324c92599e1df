package store_test

import (
	"testing"

	"sotto/tests/conformance"
)

func TestEveryEngineKeepsThePromisesOfDisclosure(t *testing.T) {
	onEach(t, func(t *testing.T, fresh func(testing.TB) string) {
		conformance.Disclosures(t, func(t *testing.T) conformance.DisclosureStore { return open(t, fresh(t)) })
	})
}
