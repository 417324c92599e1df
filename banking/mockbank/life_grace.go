package mockbank

import "time"

// liveGrace writes a day of Grace: she pays nearly everything by credit card and
// the card from her current account, which is overdrawn until she is paid on the
// 28th. What she can spare goes to savings and comes back when needed.
func liveGrace(w *writer) {
	everyday, savings, card := w.books[0], w.books[1], w.books[2]
	if w.day.Equal(time.Date(epochYear, 1, 1, 0, 0, 0, 0, w.day.Location())) {
		w.dated(everyday, PaymentIn, 1_500_00, row{text: "OPENING TRANSFER", party: &party{name: "Old Bank"}})
		w.dated(savings, PaymentIn, 6_000_00, row{text: "OPENING TRANSFER", party: &party{name: "Old Bank"}})
	}
	graceRegular(w, everyday)
	graceMoves(w, everyday, savings, card)
	graceCard(w, card)
}

func graceRegular(w *writer, b *book) {
	if dueBefore(w.day, 28) {
		w.dated(b, Salary, 3_450_00, row{text: "ST THOMAS NHS TRUST SALARY", party: &party{name: "St Thomas NHS Trust"}})
	}
	bill := func(day int, m *merchant, minor int64) {
		if due(w.day, day) {
			w.dated(b, Purchase, -minor, row{merchant: m})
		}
	}
	bill(1, mortgage, 1_240_00)
	bill(3, energy, 71_00+winter(w.day)*14_00)
	bill(8, phone, 22_50)
	if w.day.Day() == 26 && b.money < 0 {
		owed := -b.money.minor("GBP")
		w.dated(b, InterestPaid, -(owed*3/100/12 + 1_10), row{text: "ARRANGED OVERDRAFT INTEREST", category: fees})
	}
	if due(w.day, 21) {
		w.dated(b, Fee, -5_00, row{text: "MONTHLY ACCOUNT FEE", category: fees})
	}
	if w.chance(5) {
		w.note(b, row{kind: Cash, amount: -fromMinor(10_00*w.between(2, 5), "GBP"), when: at(w.day, 17, 3), merchant: machine})
	}
	if w.day.Day()%13 == 0 {
		w.twins(b, coffee, 3_60, at(w.day, 8, 50))
	}
}

func graceMoves(w *writer, everyday, savings, card *book) {
	if dueBefore(w.day, 29) { // to savings, or back when there is too little
		spare := everyday.money.minor("GBP") - 1_750_00
		if have := savings.money.minor("GBP"); spare < -have {
			spare = -have
		}
		spare = spare / 5_00 * 5_00
		switch {
		case spare > 0:
			w.transfer(everyday, savings, spare, spare, "TO RAINY DAY", nil)
		case spare < 0:
			w.transfer(savings, everyday, -spare, -spare, "FROM RAINY DAY", nil)
		}
	}
	if due(w.day, 15) && savings.money > fromMinor(100_00, "GBP") { // arrives a banking day later, and says nothing of itself
		w.note(savings, row{kind: OwnTransfer, amount: -fromMinor(60_00, "GBP"), when: w.day, dateOnly: true, text: "FASTER PAYMENT"})
		w.note(everyday, row{kind: OwnTransfer, amount: fromMinor(60_00, "GBP"), when: nextBanking(w.day), dateOnly: true, text: "FASTER PAYMENT RECEIVED"})
	}
	if lastOfMonth(w.day) && savings.money > 0 { // 3.1 % a year, paid monthly, to the fifth decimal
		interest := savings.money * 31 / 12_000
		w.note(savings, row{kind: InterestMade, amount: interest, when: w.day, dateOnly: true, text: "GROSS INTEREST"})
	}
	if spare := savings.money.minor("GBP") - 9_500_00; due(w.day, 4) && spare > 0 {
		w.dated(savings, Investment, -(spare + 1_500_00), row{merchant: broker})
	}
	if due(w.day, 12) { // the card's bill, in full; both sides of it are one thing
		if owed := -card.money.minor("GBP"); owed > 0 {
			if short := owed - everyday.money.minor("GBP") - 850_00; short > 0 && savings.money.minor("GBP") > short {
				w.transfer(savings, everyday, short, short, "FROM RAINY DAY", nil)
			}
			w.dated(everyday, CardRepayment, -owed, row{text: "ALBION REWARDS CARD DD", party: &party{name: "Albion Bank Cards"}})
			w.note(card, row{kind: CardRepayment, amount: fromMinor(owed, "GBP"), when: nextBanking(w.day), dateOnly: true, text: "PAYMENT RECEIVED - THANK YOU"})
		}
	}
}

func graceCard(w *writer, card *book) {
	slow := func(m *merchant, lo, hi int64, hour int) {
		minor := w.between(lo, hi)
		w.paySlowly(card, m, minor, minor, at(w.day, hour, w.rng.IntN(55)), row{})
	}
	if w.day.Weekday() == time.Sunday { // booked on Monday
		slow(w.pick(sainsburys, tesco), 52_00, 96_00, 10)
	}
	if w.day.Weekday() == time.Wednesday && w.chance(80) {
		slow(marks, 9_00, 28_00, 18)
	}
	if w.chance(20) {
		slow(w.pick(pret, pizzeria, cafe), 6_00, 34_00, 19)
	}
	if w.day.Day()%9 == 0 { // the pump holds a hundred and takes what was filled
		w.paySlowly(card, fuel, 100_00, w.between(38_00, 61_00), at(w.day, 7, 45), row{})
	}
	if w.chance(10) {
		slow(w.pick(amazon, clothes, hardware, bookshop), 9_00, 75_00, 14)
	}
	if w.chance(3) {
		slow(w.pick(cinema, hairdresser, pharmacy), 9_00, 48_00, 16)
	}
	switch _, month, d := w.day.Date(); {
	case d == 16:
		w.dated(card, Purchase, -12_99, row{merchant: netflix})
	case d == 19 && month%2 == 0:
		slow(clothes, 84_00, 84_00, 13)
	case d == 3 && month%2 == 1: // last month's coat goes back
		w.dated(card, Refund, 84_00, row{merchant: clothes, text: "LOOM & THREAD W1 REFUND", mutable: true})
	case month == time.May && d == 14:
		w.abroad(card, hotel, 702_50, "EUR", 612_00, "0.87117")
	case month == time.May && d == 15:
		slow(airline, 188_00, 188_00, 9)
	case month == time.July && d == 10: // the hotel pays back in a month without other travel
		w.dated(card, Refund, 306_00, row{merchant: hotel, text: "HOTEL MIRAMAR LISBOA PT REFUND"})
	case d == 24 && month%4 == 0:
		w.note(card, row{kind: Cash, amount: -fromMinor(40_00, "GBP"), when: at(w.day, 22, 10), merchant: machine})
		w.note(card, row{kind: Fee, amount: -fromMinor(2_40, "GBP"), when: at(w.day, 22, 10), text: "CASH FEE", category: fees})
	}
}

// abroad writes a purchase in a foreign currency: foreign is what the shop took,
// minor what the account is charged.
func (w *writer) abroad(b *book, m *merchant, foreign int64, currency string, minor int64, rate string) {
	w.pay(b, m, minor, at(w.day, 20, 15), row{
		fx: &exchange{source: currency, target: b.Currency, rate: rate, instructed: fromMinor(foreign, currency)},
	})
}
