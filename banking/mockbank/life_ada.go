package mockbank

import "time"

// liveAda writes a day of Ada: one current account, paid on the 25th, a rented
// room, a weekly shop, and what is left over invested.
func liveAda(w *writer) {
	b := w.books[0]
	if w.day.Equal(time.Date(epochYear, 1, 1, 0, 0, 0, 0, w.day.Location())) {
		w.dated(b, PaymentIn, 1_900_00, row{text: "OPENING TRANSFER", party: &party{name: "Old Bank"}})
	}
	adaRegular(w, b)
	adaDays(w, b)
	adaTraps(w, b)
}

func adaRegular(w *writer, b *book) {
	if dueBefore(w.day, 25) {
		raise := int64(w.day.Year()-2024) * 62_00
		w.dated(b, Salary, 2_420_00+raise, row{text: "DIFFERENCE ENGINES LTD SALARY", party: &party{name: "Difference Engines Ltd"}})
		if spare := b.money.minor("GBP") - 3_300_00; spare > 0 {
			w.dated(b, Investment, -spare/10_00*10_00, row{merchant: broker})
		}
	}
	bill := func(day int, m *merchant, minor int64) {
		if due(w.day, day) {
			w.dated(b, Purchase, -minor, row{merchant: m})
		}
	}
	bill(1, lettings, 950_00)
	bill(12, energy, 48_00+winter(w.day)*9_00)
	bill(18, phone, 15_00)
	bill(20, water, 31_40)
	bill(22, charity, 10_00)
	if w.day.Day() == 14 {
		price := int64(10_99)
		if w.day.Year() > 2025 {
			price = 12_99
		}
		w.pay(b, netflix, price, at(w.day, 4, 12), row{})
	}
	if w.day.Day() == 9 {
		w.pay(b, spotify, 11_99, at(w.day, 5, 40), row{five: true}) // 11.99000 is eleven ninety-nine
	}
}

// winter is 0 in July and 6 in January.
func winter(day time.Time) int64 {
	m := int64(day.Month())
	if m > 7 {
		m = 14 - m
	}
	return 7 - m
}

func adaDays(w *writer, b *book) {
	if w.day.Weekday() == time.Saturday {
		w.pay(b, w.pick(tesco, sainsburys), w.between(38_00, 74_00), at(w.day, 11, w.rng.IntN(50)), row{})
	}
	if (w.day.Weekday() == time.Tuesday || w.day.Weekday() == time.Thursday) && w.chance(65) {
		w.pay(b, w.pick(marks, coop), w.between(5_50, 17_80), at(w.day, 18, w.rng.IntN(55)), row{})
	}
	if weekday(w.day) && w.chance(60) {
		w.pay(b, tfl, 5_60, at(w.day, 8, 14+w.rng.IntN(20)), row{})
	}
	if weekday(w.day) && w.chance(30) {
		w.pay(b, w.pick(coffee, pret), w.between(2_90, 7_40), at(w.day, 13, w.rng.IntN(50)), row{})
	}
	if (w.day.Weekday() == time.Friday || w.day.Weekday() == time.Saturday) && w.chance(50) {
		bill := w.between(18_00, 46_00)
		w.paySlowly(b, w.pick(pizzeria, cafe, pub), bill, bill+bill/10, at(w.day, 21, w.rng.IntN(50)), row{})
	}
	if w.chance(9) {
		w.pay(b, w.pick(amazon, bookshop, hardware), w.between(8_00, 64_00), at(w.day, 15, w.rng.IntN(50)), row{})
	}
	if w.chance(4) {
		w.pay(b, pharmacy, w.between(3_20, 19_00), at(w.day, 12, w.rng.IntN(50)), row{})
	}
	if w.chance(5) {
		w.note(b, row{
			kind: Cash, amount: -fromMinor(10_00*w.between(2, 6), "GBP"), when: at(w.day, 16, 20), merchant: machine,
		})
	}
	if w.chance(4) {
		w.note(b, row{
			kind: PaymentOut, amount: -fromMinor(w.between(8_00, 35_00), "GBP"), when: at(w.day, 20, 10),
			text: "M OKAFOR DINNER", party: &party{"UK.OBIE.SortCodeAccountNumber", "99000011223344", "M Okafor"}, category: other,
		})
	}
	if w.chance(3) {
		w.note(b, row{
			kind: PaymentIn, amount: fromMinor(w.between(8_00, 35_00), "GBP"), when: at(w.day, 19, 45),
			text: "M OKAFOR THANKS", party: &party{"UK.OBIE.SortCodeAccountNumber", "99000011223344", "M Okafor"},
		})
	}
}

// adaTraps writes what goes wrong in a client that is not careful.
func adaTraps(w *writer, b *book) {
	_, month, d := w.day.Date()
	if d%11 == 0 { // two equal coffees, both drunk
		w.twins(b, coffee, 3_40, at(w.day, 10, 5))
	}
	if lastOfMonth(w.day) { // late on the last day
		w.pay(b, taxi, w.between(11_00, 19_00), at(w.day, 23, 41), row{})
	}
	if d == 1 { // early on the first, which in summer is still the day before in UTC
		w.pay(b, taxi, w.between(11_00, 19_00), at(w.day, 0, 22), row{utc: true})
	}
	if isChange(w.day) { // an hour that is missing, or comes twice
		w.pay(b, cafe, 4_10, at(w.day, 0, 35).Add(30*time.Minute), row{utc: true})
		w.pay(b, cafe, 4_10, at(w.day, 0, 35).Add(90*time.Minute), row{})
	}
	switch d {
	case 7:
		w.dated(b, Purchase, -38_00, row{status: statusRejected, merchant: dentist, text: "BRIGHT DENTAL N7 UNPAID"})
	case 27:
		if month%3 == 1 {
			w.pay(b, clothes, 129_00, at(w.day, 14, 2), row{})
		}
	case 6: // more money back than was spent there in the month
		if month%3 == 2 {
			w.dated(b, Refund, 129_00, row{merchant: clothes, text: "LOOM & THREAD W1 REFUND"})
		}
	}
	switch {
	case month == time.September && d == 20:
		w.pay(b, college, 240_00, at(w.day, 17, 30), row{})
	case month == time.October && d == 10: // a whole category below zero
		w.dated(b, Refund, 240_00, row{merchant: college, text: "MORLEY COLLEGE SE1 COURSE CANCELLED"})
	}
	if w.day.Weekday() == time.Monday && w.chance(12) {
		w.pay(b, bookshop, w.between(6_00, 20_00), at(w.day, 12, 31), row{mutable: true})
	}
}

// isChange says whether London's clocks change on the day.
func isChange(day time.Time) bool {
	return day.AddDate(0, 0, 1).Sub(day) != 24*time.Hour
}
