package speech

import (
	"strings"

	"sotto/skills"
)

// account says how an account is called: "your current account", "your Rainy Day account ending in 1234".
func (l *locale) account(a skills.AccountName) string {
	said := l.say("account."+string(a.Kind), 0)
	if said == "" {
		said = l.say("account.other", 0)
	}
	if n := l.withoutMine(name(a.Name)); n != "" {
		id := "account.named"
		if l.saysAccount(n) {
			id = "account.named.whole"
		} else if own := id + "." + string(a.Kind); l.has(own) {
			id = own
		}
		said = l.say(id, 0, "Name", n)
	}
	if a.Digits != "" {
		said = l.say("account.digits", 0, "Account", said, "Digits", digits(a.Digits))
	}
	if bank := name(a.Bank); bank != "" {
		said = l.say("account.bank", 0, "Account", said, "Bank", bank)
	}
	return said
}

// withoutMine leaves out the "my" that customers begin nicknames with: it is said as "your".
func (l *locale) withoutMine(n string) string {
	first, rest, more := strings.Cut(n, " ")
	for known := range strings.FieldsSeq(l.say("account.mine", 0)) {
		if more && strings.EqualFold(first, known) {
			return rest
		}
	}
	return n
}

// saysAccount says whether a name already ends in a word for an account.
func (l *locale) saysAccount(n string) bool {
	words := strings.Fields(strings.ToLower(n))
	if len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	for known := range strings.FieldsSeq(l.say("account.words", 0)) {
		if last == known {
			return true
		}
	}
	return false
}

// choices says the accounts to choose from.
func (s spoken) choices() string {
	var names []string
	for i := range s.reply.Facts {
		if f := &s.reply.Facts[i]; f.Kind == skills.FactAccount {
			names = append(names, s.account(f.Account))
		}
	}
	return s.list("or", names)
}

// gaps says which banks are missing from an answer, and why.
func (s spoken) gaps() string {
	var b strings.Builder
	for _, fault := range []skills.Key{
		skills.BankUnavailable, skills.BankBusy, skills.BankGarbled, skills.BankForbidden, skills.BankRelink, skills.TooMuch,
	} {
		if banks := s.banks("list", fault); banks != "" {
			b.WriteString(s.say(s.where("gap."+string(fault)), 0, "Banks", banks))
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// banks names the banks that are missing, in one kind of list: with this fault, or, without a fault, all of them, and "your bank" where
// none is named.
func (s spoken) banks(list string, fault skills.Key) string {
	var names []string
	for i := range s.reply.Facts {
		if f := &s.reply.Facts[i]; f.Kind == skills.FactBank && (fault == "" || f.Fault == fault) {
			names = append(names, name(f.Bank))
		}
	}
	if len(names) == 0 && fault == "" {
		return s.say("bank.yours", 0)
	}
	return s.list(list, names)
}

// list joins items as a voice does: "a, b, and c".
func (l *locale) list(id string, items []string) string {
	switch len(items) {
	case 0:
		return ""
	case 1:
		return items[0]
	case 2:
		return l.say(id+".two", 0, "A", items[0], "B", items[1])
	}
	said := items[0]
	for _, item := range items[1 : len(items)-1] {
		said = l.say(id+".more", 0, "A", said, "B", item)
	}
	return l.say(id+".last", 0, "A", said, "B", items[len(items)-1])
}
