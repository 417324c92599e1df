package spending

// KnownMCC says whether a merchant category code stands in the table of ranges, for the test that reads the official list.
func KnownMCC(code string) bool {
	_, ok := byMCC(code)
	return ok
}
