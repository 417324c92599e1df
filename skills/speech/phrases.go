package speech

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/language"

	"sotto/skills"
)

// fallbackLocale is spoken where no language is near.
const fallbackLocale = "en-US"

// maxLocale bounds what is looked at as a locale (RFC 5646 section 4.4.1).
const maxLocale = 35

// Phrases are the words of all languages. It is safe for concurrent use.
type Phrases struct {
	locales map[string]*locale
	tags    []language.Tag
	matcher language.Matcher
}

// New gives the languages built into the program, which are read once. An error is a mistake in one of their files.
func New() (*Phrases, error) { return built() }

var built = sync.OnceValues(func() (*Phrases, error) {
	locales, err := load()
	if err != nil {
		return nil, err
	}
	if locales[fallbackLocale] == nil {
		return nil, errors.New("speech: no words in " + fallbackLocale)
	}
	p := &Phrases{locales: locales, tags: []language.Tag{locales[fallbackLocale].tag}}
	for _, name := range p.Locales() {
		for _, key := range skills.Keys() {
			if !locales[name].has(string(key)) {
				return nil, fmt.Errorf("speech: no words for %q in %s", key, name)
			}
		}
		if name != fallbackLocale {
			p.tags = append(p.tags, locales[name].tag)
		}
	}
	p.matcher = language.NewMatcher(p.tags)
	return p, nil
})

// Locales lists the languages, in order.
func (p *Phrases) Locales() []string { return slices.Sorted(maps.Keys(p.locales)) }

// in gives the nearest language to the one wanted.
func (p *Phrases) in(wanted string) *locale {
	if l := p.locales[wanted]; l != nil {
		return l
	}
	if len(wanted) <= maxLocale {
		if tag, err := language.Parse(wanted); err == nil {
			_, i, _ := p.matcher.Match(tag)
			return p.locales[p.tags[i].String()]
		}
	}
	return p.locales[fallbackLocale]
}

// Say says r in the nearest language there is to the locale, en-US where none is near. Only the facts of r are said; names are cleaned,
// cut and escaped. As long as r has no more facts than a handler of skills puts into it, the speech stays under 8,000 characters.
func (p *Phrases) Say(locale string, r skills.Reply) Spoken {
	l := p.in(locale)
	said := spoken{locale: l, reply: r}.whole()
	out := Spoken{SSML: speak(said), Text: plain(said)}
	if r.Ask {
		again := l.say(repromptID(r), 0)
		out.RepromptSSML, out.RepromptText = speak(again), plain(again)
	}
	return out
}

// Write gives the words of Say as they are written in a chat, where nobody says them aloud: an amount is "£1,234.56". The language and
// what is said of names are those of Say.
func (p *Phrases) Write(locale string, r skills.Reply) string {
	return plain(spoken{locale: p.in(locale), reply: r, written: true}.whole())
}

// Label gives the words of something that is read and not heard, such as the title of a button, in the nearest language; pairs are names
// and what stands for them. Empty where there are none.
func (p *Phrases) Label(locale, id string, pairs ...string) string {
	l := p.in(locale)
	return plain(l.say(id, 0, pairs...))
}

func speak(words string) string { return "<speak>" + words + "</speak>" }

// repromptID names what is said when nobody answers a question.
func repromptID(r skills.Reply) string {
	switch {
	case r.Dialogue.Asked != "":
		return "reprompt." + r.Dialogue.Asked
	case r.Else:
		return "reprompt.else"
	default:
		return "reprompt"
	}
}

// spoken is one reply being said.
type spoken struct {
	*locale
	reply   skills.Reply
	written bool // to be read, not heard
}

// whole says all of it.
func (s spoken) whole() string {
	id := string(s.reply.Key)
	if some := id + ".some"; s.has(some) && slices.ContainsFunc(s.reply.Facts, func(f skills.Fact) bool { return f.Kind == skills.FactCount }) {
		id = some
	}
	id = s.where(id)
	if s.reply.Key == skills.NotUnderstood && s.reply.Dialogue.Asked != "" {
		id += ".asked"
	}
	said := tidy(s.frame(id))
	if s.reply.Else {
		said = tidy(said + " " + s.say("else", 0))
	}
	return said
}

// where names the message that says the same where it is said: in a chat to link, or where there is neither that nor a card.
func (s spoken) where(id string) string {
	switch {
	case s.reply.Chat && s.has(id+".chat"):
		return id + ".chat"
	case s.reply.NoCard && s.has(id+".nocard"):
		return id + ".nocard"
	default:
		return id
	}
}

// frame says a message whose names stand for what the reply's facts are.
func (s spoken) frame(id string) string {
	m := s.messages[id]
	if m == nil {
		return s.frame(string(skills.Sorry))
	}
	var b strings.Builder
	for _, p := range s.form(m, s.plural()) {
		b.WriteString(p.text)
		if p.name != "" {
			b.WriteString(s.fill(p.name))
		}
	}
	return b.String()
}

// fill gives what one name in a frame stands for.
func (s spoken) fill(name string) string {
	switch name {
	case "Balances":
		return s.balances()
	case "Totals":
		return s.totals()
	case "Purchases":
		return s.purchases()
	case "Gaps":
		return s.gaps()
	case "Banks":
		return s.banks("list", "")
	case "EitherBank":
		return s.banks("or", "")
	case "Since":
		return s.horizons()
	case "Range", "On":
		return s.searched(name)
	case "Accounts":
		return s.choices()
	case "Offer", "Rest":
		return s.rest(name)
	case "N":
		return s.grouped(strconv.Itoa(s.plural()))
	case "Question":
		return s.say(repromptID(s.reply), 0)
	case "Kinds", "Newest":
		return s.shared(name)
	default:
		return ""
	}
}

// plural is the number that a frame's plural follows: how often something was shared, or how many banks there are.
func (s spoken) plural() int {
	banks := 0
	for i := range s.reply.Facts {
		if f := &s.reply.Facts[i]; f.Kind == skills.FactShared {
			return f.Count
		} else if f.Kind == skills.FactBank {
			banks++
		}
	}
	return max(banks, 1)
}
