package speech

import (
	"embed"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/bojanz/currency"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"gopkg.in/yaml.v3"
)

//go:embed words/*.yaml
var files embed.FS

// locale is one language, compiled. go-i18n reads the files; its own Localize parses a template and matches the language at every
// call, which costs more than a whole turn may, so messages are taken apart once here and plural forms come from x/text.
type locale struct {
	tag      language.Tag
	messages map[string]*message
	format   *currency.Formatter // of amounts that are written
}

// message is one message in its plural forms. The texts between its names are escaped.
type message struct {
	forms [plural.Many + 1][]piece // by plural.Form; Other is always there
}

// piece is a text, or the name of what is put there.
type piece struct {
	text, name string
}

func load() (map[string]*locale, error) {
	found, err := files.ReadDir("words")
	if err != nil {
		return nil, fmt.Errorf("read words: %w", err)
	}
	locales := map[string]*locale{}
	for _, f := range found {
		content, err := files.ReadFile(path.Join("words", f.Name()))
		if err != nil {
			return nil, fmt.Errorf("read words: %w", err)
		}
		file, err := i18n.ParseMessageFileBytes(content, f.Name(), map[string]i18n.UnmarshalFunc{"yaml": yaml.Unmarshal})
		if err != nil {
			return nil, fmt.Errorf("read words %s: %w", f.Name(), err)
		}
		name := file.Tag.String()
		if locales[name] == nil {
			locales[name] = &locale{tag: file.Tag, messages: map[string]*message{}, format: currency.NewFormatter(currency.NewLocale(name))}
		}
		for _, m := range file.Messages {
			if locales[name].messages[m.ID] != nil {
				return nil, fmt.Errorf("read words %s: %q stands there twice", f.Name(), m.ID)
			}
			if locales[name].messages[m.ID], err = compile(m); err != nil {
				return nil, fmt.Errorf("read words %s: %q: %w", f.Name(), m.ID, err)
			}
		}
	}
	for name, l := range locales {
		if base, ok := locales[fallbackLocale]; ok && name != fallbackLocale {
			Inherit(l.tag, l.messages, base.tag, base.messages)
		}
	}
	return locales, nil
}

// errTemplate means that a message is not text with names such as {{.Money}} in it.
var errTemplate = errors.New("unreadable message")

func compile(m *i18n.Message) (*message, error) {
	compiled := &message{}
	for form, text := range map[plural.Form]string{
		plural.Zero: m.Zero, plural.One: m.One, plural.Two: m.Two, plural.Few: m.Few, plural.Many: m.Many, plural.Other: m.Other,
	} {
		if text == "" && form != plural.Other {
			continue
		}
		pieces := []piece{}
		for text != "" {
			before, after, found := strings.Cut(text, "{{.")
			pieces = append(pieces, piece{text: escape(before)})
			if !found {
				break
			}
			name, rest, closed := strings.Cut(after, "}}")
			if !closed || name == "" {
				return nil, errTemplate
			}
			pieces = append(pieces, piece{name: name})
			text = rest
		}
		compiled.forms[form] = pieces
	}
	return compiled, nil
}

// form gives the pieces of a message for so many things.
func (l *locale) form(m *message, n int) []piece {
	if m.forms[plural.One] == nil && m.forms[plural.Few] == nil && m.forms[plural.Many] == nil && m.forms[plural.Two] == nil {
		return m.forms[plural.Other]
	}
	// The rules look at no more than the last digits of large numbers.
	if n > 1_000_000 {
		n = 1_000_000 + n%1_000_000
	}
	if pieces := m.forms[plural.Cardinal.MatchPlural(l.tag, n, 0, 0, 0, 0)]; pieces != nil {
		return pieces
	}
	return m.forms[plural.Other]
}

func (l *locale) has(id string) bool { return l.messages[id] != nil }

// say gives a message with its names replaced: pairs of name and SSML. What has no words gives nothing.
func (l *locale) say(id string, n int, pairs ...string) string {
	m := l.messages[id]
	if m == nil {
		return ""
	}
	pieces := l.form(m, n)
	if len(pieces) == 1 && pieces[0].name == "" {
		return pieces[0].text
	}
	var b strings.Builder
	for _, p := range pieces {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == p.name {
				b.WriteString(pairs[i+1])
				break
			}
		}
	}
	return b.String()
}
