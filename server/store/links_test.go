package store_test

import (
	"testing"

	"sotto/linking"
	"sotto/tests/conformance"
)

func TestSQLiteKeepsThePromisesOfLinking(t *testing.T) {
	conformance.Links(t, func(t *testing.T) linking.Store { return open(t) })
}
