package openbanking

import (
	"strings"

	"sotto/banking"
)

// sortOf says what an entry is, from the bank's codes: ISO 20022 families and sub-families, which UK banks write out without
// spaces, then the merchant category, then the short codes banks print on statements. What none of them tells is Unknown.
func sortOf(t *wireTransaction, credit bool) banking.Sort {
	family, sub := strings.ToLower(t.Code.Code), strings.ToLower(t.Code.SubCode)
	if sort := named(sub, credit); sort != banking.Unknown {
		return sort
	}
	if sort := named(family, credit); sort != banking.Unknown {
		return sort
	}
	if sort := byMCC(t.Merchant.MCC, credit); sort != banking.Unknown {
		return sort
	}
	return printed(strings.ToUpper(strings.TrimSpace(t.OwnCode.Code)), credit)
}

// named reads a code that is written out. The order matters: a "DirectDebitPayment" is a direct debit before it is a payment.
func named(code string, credit bool) banking.Sort {
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(code, w) {
				return true
			}
		}
		return false
	}
	switch {
	case code == "":
		return banking.Unknown
	case has("cashwithdrawal", "atmwithdrawal", "cashadvance"):
		return banking.Cash
	case has("creditcardpayment", "repayment"):
		return banking.Repayment
	case has("standingorder"):
		return banking.StandingOrder
	case has("directdebit"):
		return banking.DirectDebit
	case has("payroll", "salary"):
		if credit {
			return banking.Salary
		}
		return banking.Transfer
	case has("interest"):
		return banking.Interest
	case has("charge", "fees", "commission"):
		return banking.Fee
	case has("reimbursement", "refund"):
		if credit {
			return banking.Refund
		}
		return banking.Unknown
	case has("pointofsale", "cardtransaction", "cardpayment", "contactless", "ecommerce"):
		return purchase(credit)
	case has("credittransfer", "booktransfer", "internaltransfer", "fasterpayment"):
		return banking.Transfer
	}
	return banking.Unknown
}

// byMCC reads a merchant category code (ISO 18245).
func byMCC(mcc string, credit bool) banking.Sort {
	switch mcc {
	case "":
		return banking.Unknown
	case "6010", "6011":
		return banking.Cash
	}
	return purchase(credit)
}

// printed reads what UK banks print on statements.
func printed(code string, credit bool) banking.Sort {
	switch code {
	case "DEB", "POS", "VIS", "CP", "CD", "DPC":
		return purchase(credit)
	case "CPT", "ATM", "CSH", "C/L":
		return banking.Cash
	case "DD", "DDR":
		return banking.DirectDebit
	case "SO", "STO", "S/O":
		return banking.StandingOrder
	case "TFR", "FPO", "FPI", "FPS", "BP", "IBP", "BGC":
		return banking.Transfer
	case "CHG", "FEE":
		return banking.Fee
	case "INT":
		return banking.Interest
	case "SAL":
		if credit {
			return banking.Salary
		}
	}
	return banking.Unknown
}

func purchase(credit bool) banking.Sort {
	if credit {
		return banking.Refund
	}
	return banking.Purchase
}
