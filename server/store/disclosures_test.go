package store_test

import (
	"testing"

	"sotto/tests/conformance"
)

func TestSQLiteKeepsThePromisesOfDisclosure(t *testing.T) {
	conformance.Disclosures(t, func(t *testing.T) conformance.DisclosureStore { return open(t) })
}
