package server

import (
	"strconv"
	"strings"
	"time"

	"sotto/linking/disclosure"
)

// day is a calendar day in words.
func (w *words) day(t time.Time) string {
	return strings.NewReplacer("{day}", strconv.Itoa(t.Day()), "{month}", w.texts["month."+strconv.Itoa(int(t.Month()))], "{year}", strconv.Itoa(t.Year())).
		Replace(w.texts["date"])
}

// clock is a time of day, as the language writes it.
func (w *words) clock(t time.Time) string { return t.Format(w.texts["clock"]) }

// moment is a day and a time of day.
func (w *words) moment(t time.Time) string { return w.day(t) + ", " + w.clock(t) }

// facts are the facts of a reply in words, those of one kind and period together.
func (w *words) facts(facts []disclosure.Fact) []myFacts {
	var out []myFacts
	for _, f := range facts {
		kind, ok := w.texts["kind."+strings.ReplaceAll(f.Kind, " ", "-")]
		if !ok {
			kind = w.texts["kind.other"]
		}
		period := w.period(f.Period)
		if n := len(out) - 1; n < 0 || out[n].Kind != kind || out[n].Period != period {
			out = append(out, myFacts{Kind: kind, Period: period})
		}
		last := &out[len(out)-1]
		last.add(w.account(f.Account), f.Bank)
	}
	return out
}

// add adds an account, with its bank where that was recorded; those of one bank stand together.
func (m *myFacts) add(account, bank string) {
	if account == "" {
		account, bank = bank, ""
	}
	if account == "" {
		return
	}
	suffix := ""
	if bank != "" {
		suffix = " (" + bank + ")"
	}
	switch {
	case m.Of == "":
		m.Of = account + suffix
	case suffix != "" && m.bank == bank:
		m.Of = strings.TrimSuffix(m.Of, suffix) + ", " + account + suffix
	default:
		m.Of += ", " + account + suffix
	}
	m.bank = bank
}

// account is an account's recorded name. One without a name of its own was recorded by its kind, and is said by it.
func (w *words) account(name string) string {
	kind, digits, _ := strings.Cut(name, " ")
	if known, ok := w.texts["account."+kind]; ok && strings.Trim(digits, "0123456789") == "" {
		return strings.TrimSpace(known + " " + digits)
	}
	return name
}

// period is a recorded range of days, FROM/TO, in words; what is none is left out.
func (w *words) period(raw string) string {
	from, to, _ := strings.Cut(raw, "/")
	first, err := time.Parse(time.DateOnly, from)
	if err != nil {
		return ""
	}
	last, err := time.Parse(time.DateOnly, to)
	if err != nil || last.Equal(first) {
		return w.day(first)
	}
	return w.day(first) + " – " + w.day(last)
}
