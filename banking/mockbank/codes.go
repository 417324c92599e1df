package mockbank

// codes gives a row's bank transaction codes: the standard's, the bank's own, or
// both. One of them is always there, but which is not to be relied on.
func (b *book) codes(r *row) (*wireCode, *wireOwnCode) {
	code := b.code(r)
	own := &wireOwnCode{Code: ownCode(r), Issuer: bankName}
	if r.kind == Purchase && r.merchant != nil {
		switch mix(r.ordinal) % 5 {
		case 0:
			return nil, own
		case 1:
			return &code, own
		}
	}
	return &code, nil
}

// code is the long form of an ISO 20022 bank transaction code.
func (b *book) code(r *row) wireCode {
	const (
		sent, received = "IssuedCreditTransfer", "ReceivedCreditTransfer"
		card           = "CustomerCardTransaction"
	)
	direction := sent
	if r.amount >= 0 {
		direction = received
	}
	switch r.kind {
	case Salary:
		return wireCode{received, "PayrollSalaryPayment"}
	case OwnTransfer:
		if r.party == nil {
			return wireCode{direction, "DomesticCreditTransfer"}
		}
		return wireCode{direction, "InternalBookTransfer"}
	case CardRepayment:
		if b.SubType == "CreditCard" {
			return wireCode{received, "CreditCardPayment"}
		}
		return wireCode{"ReceivedDirectDebit", "DirectDebit"}
	case Refund:
		return wireCode{card, "Reimbursement"}
	case Cash:
		return wireCode{card, "CashWithdrawal"}
	case Fee:
		return wireCode{"MiscellaneousDebitOperation", "Fees"}
	case InterestPaid:
		return wireCode{"MiscellaneousDebitOperation", "InterestPayment"}
	case InterestMade:
		return wireCode{"MiscellaneousCreditOperation", "InterestPayment"}
	case Purchase:
		return wireCode{purchaseFamily(r), b.purchaseCode(r)}
	case PaymentIn, PaymentOut, Investment:
		return wireCode{direction, "DomesticCreditTransfer"}
	default:
		return wireCode{direction, "DomesticCreditTransfer"}
	}
}

func purchaseFamily(r *row) string {
	switch r.category {
	case housing:
		return "IssuedCreditTransfer"
	case bills, giving:
		return "ReceivedDirectDebit"
	default:
		return "CustomerCardTransaction"
	}
}

func (b *book) purchaseCode(r *row) string {
	switch {
	case r.category == housing:
		return "StandingOrder"
	case r.category == bills, r.category == giving:
		return "DirectDebit"
	case b.SubType == "CreditCard":
		return "PointOfSalePaymentCreditCard"
	default:
		return "PointOfSalePaymentDebitCard"
	}
}

// ownCode is the three letters this bank prints on statements.
func ownCode(r *row) string {
	switch r.kind {
	case Cash:
		return "CPT"
	case Salary, PaymentIn:
		return "BGC"
	case OwnTransfer:
		return "TFR"
	case Purchase:
		switch r.category {
		case housing:
			return "STO"
		case bills, giving:
			return "DDR"
		}
		return "DEB"
	default:
		return "FPO"
	}
}
