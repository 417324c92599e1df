package store_test

import (
	"testing"

	"sotto/banking"
	"sotto/tests/conformance"
)

func TestSQLiteKeepsThePromisesOfBanking(t *testing.T) {
	conformance.Connections(t, func(t *testing.T) banking.Store { return open(t) })
}
