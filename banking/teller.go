package banking

// Gap is a bank whose answer is missing from a partial result.
type Gap struct {
	Bank BankID
	Name string // the bank's name as it is said
	Err  error  // one of this package's kinds
}
