package mockbank

import "time"

// longCycle is the number of rows after which a long history begins again; its
// sums come out even, so a running balance is a multiplication away.
const longCycle = 100

// writeLong sets up a book of n booked rows up to now, which are computed as
// they are read. Row i of all time is always the same.
func (b *book) writeLong(n int, seed int64, now time.Time, zone *time.Location) {
	const span = 720 * 24 * time.Hour // a little less than the window, and always the same
	step := max((span / time.Duration(n)).Truncate(time.Second), time.Second)
	shops := []*merchant{tesco, coffee, tfl, marks, pret, amazon, pizzeria, sainsburys, taxi, pharmacy}
	var minors, sums [longCycle]int64
	total := int64(0)
	for i := range longCycle - 1 {
		minors[i] = -int64(2_00 + mix(uint64(i)^uint64(seed))%48_00) //nolint:gosec // G115: any bits will do
		total += minors[i]
		sums[i] = total
	}
	minors[longCycle-1], sums[longCycle-1] = -total, 0
	last := now.Unix() / int64(step/time.Second)
	first := last - int64(n) + 1
	b.size, b.opening = n, fromMinor(25_000_00, "GBP")
	b.compute = func(i int) row {
		all := first + int64(i)
		c := int(all % longCycle)
		r := row{
			ordinal: uint64(all), kind: Purchase, status: statusBooked, amount: fromMinor(minors[c], "GBP"), //nolint:gosec // G115: after 1970
			when: time.Unix(all*int64(step/time.Second), 0).In(zone), balance: b.opening + fromMinor(sums[c], "GBP"),
		}
		r.appears = r.when
		if minors[c] > 0 {
			r.kind, r.text, r.party = Salary, "COMPILER SYSTEMS SALARY", &party{name: "Compiler Systems"}
			return r
		}
		m := shops[c%len(shops)]
		r.merchant, r.shop, r.text, r.category = m, m.shop, m.text, m.category
		return r
	}
}
