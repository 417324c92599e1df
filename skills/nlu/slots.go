package nlu

import (
	"slices"
	"strings"

	"sotto/skills"
)

// longestName is how many words the name of an account has at most.
const longestName = 4

// slots gives the slots that an intent has and the text fills.
func (u *understood) slots(intent skills.Intent) skills.Slots {
	entry, _ := skills.Lookup(intent)
	slots := skills.Slots{}
	for _, name := range entry.Slots {
		var slot skills.Slot
		switch name {
		case skills.SlotAccount:
			slot = u.account()
		case skills.SlotPeriod:
			slot = u.period()
		case skills.SlotCount:
			slot = u.count()
		case skills.SlotMerchant:
			slot = u.merchant()
		case skills.SlotCategory:
			slot = u.category()
		default:
			slot = u.list(tagOf(name))
		}
		if slot.Heard != "" {
			slots[name] = slot
		}
	}
	// A name is of one thing.
	if a, m := slots[skills.SlotAccount], slots[skills.SlotMerchant]; a.Heard != "" && a.Heard == m.Heard {
		delete(slots, skills.SlotAccount)
	}
	return slots
}

// list gives what is listed for a slot. Several values are an ambiguity, and all are given.
func (u *understood) list(tag string) skills.Slot {
	var slot skills.Slot
	for _, s := range u.spans {
		if s.tag == tag && !slices.Contains(slot.Values, s.value) {
			if slot.Heard == "" {
				slot.Heard = u.said(s.from, s.to)
			}
			slot.Values = append(slot.Values, s.value)
		}
	}
	return slot
}

// things is list, for slots of which only one can be asked about at a time: where several are named, Heard is all that was said of them. Two in one
// breath are one thing: "school fees", "holiday shopping".
func (u *understood) things(tag string) skills.Slot {
	var slot skills.Slot
	first, last := -1, -1
	for i, s := range u.spans {
		if s.tag != tag {
			continue
		}
		more := last >= 0 && last == i-1 && u.inOneBreath(last, i)
		last = i
		if more {
			continue
		}
		if first < 0 {
			first = i
		}
		if !slices.Contains(slot.Values, s.value) {
			slot.Values = append(slot.Values, s.value)
		}
	}
	switch len(slot.Values) {
	case 0:
	case 1:
		slot.Heard = u.said(u.spans[first].from, u.spans[first].to)
	default:
		slot.Heard = u.said(u.spans[first].from, u.spans[last].to)
	}
	return slot
}

// inOneBreath says whether there is no mark, such as a comma, between two units.
func (u *understood) inOneBreath(one, next int) bool {
	return strings.TrimSpace(u.text[u.words[u.spans[one].to-1].to:u.words[u.spans[next].from].from]) == ""
}

// account gives an account by its last digits, by what is listed, with the words before it that belong to its name ("my Albion savings"), or by
// a nickname that stands where accounts are named.
func (u *understood) account() skills.Slot {
	for _, s := range u.spans {
		if before := u.before(s.from); s.tag == tagNumber && len(s.value) <= 4 && (slices.Contains(u.Slots.Ending, before) || slices.Contains(u.Slots.Heads, before)) {
			return skills.Slot{Heard: s.value}
		}
	}
	slot := u.list(tagOf(skills.SlotAccount))
	for _, s := range u.spans {
		if s.tag == tagOf(skills.SlotAccount) {
			if from := u.nickname(s.from); from >= 0 {
				slot.Heard = u.said(from, s.to)
			}
			return slot
		}
	}
	for i := range u.words {
		if slices.Contains(u.Slots.Heads, u.words[i].text) || slices.Contains(u.Slots.Sums, u.words[i].text) {
			if from := u.nickname(i); from >= 0 {
				return skills.Slot{Heard: u.said(from, i)}
			}
		}
	}
	for _, s := range u.spans {
		if s.tag == tagName && slices.Contains(u.Slots.Mine, u.after(s.from-1)) && slices.Contains(u.Slots.Within, u.after(s.from-2)) {
			return skills.Slot{Heard: u.said(s.from, s.to)}
		}
	}
	return slot
}

// nickname gives where the words of a name begin that end before the word at i; less than 0 where there are none. Before an account they are
// any but those that are said of every account ("my bank account"); before something that is said of other things too, such as a balance, one of them
// has to be a word that no sentence has.
func (u *understood) nickname(i int) int {
	strange, sure := false, !slices.Contains(u.Slots.Sums, u.after(i))
	for from := i - 1; from >= 0 && i-from <= longestName+1; from-- {
		w := u.words[from].text
		if slices.Contains(u.Slots.Mine, w) {
			if strange && from+1 < i {
				return from + 1
			}
			return -1
		}
		name := u.is(tagName, from)
		if !name && (!u.is("", from) || u.stops(w)) {
			return -1
		}
		strange = strange || name || sure && !slices.Contains(u.Slots.Plain, w)
	}
	return -1
}

func (u *understood) is(tag string, i int) bool {
	return slices.ContainsFunc(u.spans, func(s span) bool { return s.tag == tag && s.from <= i && i < s.to })
}

// period gives the period. Where it is more than one, or begins as a period does and is none ("since the wedding"), the words are given as they are, so
// that it is asked for rather than left out.
func (u *understood) period() skills.Slot {
	var found []span
	for _, s := range u.spans {
		if s.tag == tagPeriod && !slices.ContainsFunc(found, func(f span) bool { return f.value == s.value }) {
			found = append(found, s)
		}
	}
	for i, w := range u.words {
		if slices.Contains(u.Periods.Openers, w.text) && !u.is(tagPeriod, i) && i < len(u.words)-1 {
			return skills.Slot{Heard: u.said(i, len(u.words))}
		}
	}
	switch len(found) {
	case 0:
		return skills.Slot{}
	case 1:
		return skills.Slot{Heard: found[0].value}
	default:
		return skills.Slot{Heard: u.said(found[0].from, found[len(found)-1].to)}
	}
}

// count gives a number of purchases.
func (u *understood) count() skills.Slot {
	for _, s := range u.spans {
		if s.tag != tagNumber || len(s.value) > 3 {
			continue
		}
		for i := s.to; i < len(u.words) && i <= s.to+2; i++ {
			if slices.Contains(u.Slots.Purchases, u.words[i].text) {
				return skills.Slot{Heard: s.value}
			}
		}
	}
	return skills.Slot{}
}

// merchant gives a merchant that is listed, or a name that stands where merchants are named.
func (u *understood) merchant() skills.Slot {
	if slot := u.things(tagOf(skills.SlotMerchant)); slot.Heard != "" {
		return slot
	}
	for i, s := range u.spans {
		if s.tag == tagName && slices.Contains(u.Slots.Purchases, u.after(s.to)) {
			return skills.Slot{Heard: u.said(s.from, s.to)}
		}
		if s.tag == "" && slices.Contains(u.Slots.Merchant, u.units[i]) {
			if heard := u.called(i+1, slices.Contains(u.Slots.Shops, u.units[i])); heard != "" {
				return skills.Slot{Heard: heard}
			}
		}
	}
	return skills.Slot{}
}

// called gives the words of a name that nobody has listed: those from unit i on, without an article, up to where something else begins. It is one where
// no sentence has one of its words, or where it stands behind a word that only names follow.
func (u *understood) called(i int, sure bool) string {
	for i < len(u.units) && slices.Contains(u.Slots.Articles, u.units[i]) {
		i++
	}
	end := i
	for end < len(u.units) && end-i < longestName && (u.spans[end].tag == tagName || u.spans[end].tag == "" && !u.stops(u.units[end])) {
		sure = sure || u.spans[end].tag == tagName
		end++
	}
	if !sure || end == i || end < len(u.units) && slices.Contains(u.Slots.Heads, u.units[end]) {
		return ""
	}
	return u.said(u.spans[i].from, u.spans[end-1].to)
}

// stops says whether a word begins something else than the name it stands behind.
func (u *understood) stops(w string) bool {
	for _, list := range [][]string{u.Slots.Mine, u.Slots.Heads, u.Slots.Merchant, u.Slots.Category, u.Slots.Within, u.Slots.Articles, u.Periods.Lead, u.Periods.Openers} {
		if slices.Contains(list, w) {
			return true
		}
	}
	return false
}

// category gives a category that is listed. A thing that is none is given as it was typed, so that it is asked for rather than left out.
func (u *understood) category() skills.Slot {
	if slot := u.things(tagOf(skills.SlotCategory)); slot.Heard != "" {
		return slot
	}
	for i, s := range u.spans {
		if s.tag == "" && slices.Contains(u.Slots.Category, u.units[i]) {
			if heard := u.called(i+1, false); heard != "" {
				return skills.Slot{Heard: heard}
			}
		}
	}
	return skills.Slot{}
}
