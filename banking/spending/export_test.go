package spending

import "sotto/banking"

// Categorise gives the category of an entry, as a Counter does.
func Categorise(t banking.Transaction) Category {
	c, ok := bySort(t)
	if !ok {
		c = byName(t)
	}
	if c == investment {
		return Other
	}
	return c
}

// KnownMCC says whether a merchant category code stands in the table of ranges, for the test that reads the official list.
func KnownMCC(code string) bool {
	_, ok := byMCC(code)
	return ok
}
