package banking

// Currency is an ISO 4217 alphabetic code, such as "GBP".
type Currency string

// Money is an amount in the currency's minor units: {1250, "GBP"} is £12.50, {1250, "JPY"} is ¥1250, {1250, "KWD"} is 1.250 dinar.
type Money struct {
	Minor    int64
	Currency Currency
}
