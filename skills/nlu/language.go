package nlu

import (
	"embed"
	"errors"
	"fmt"
	"path"
	"strings"

	"gopkg.in/yaml.v3"

	"sotto/skills"
)

//go:embed languages/*.yaml
var languageFiles embed.FS

// language is how one language is read. A file for a country ("en-GB.yaml") holds only what it says otherwise than its language ("en.yaml").
type language struct {
	Rewrite   map[string]string          `yaml:"rewrite"`   // words that stand for others
	Polite    []string                   `yaml:"polite"`    // said around a question, telling nothing
	Sentences map[skills.Intent][]string `yaml:"sentences"` // beside the catalogue's: "(a|b) c [d]" is a choice and a part that may be left out
	Money     []string                   `yaml:"money"`     // words that say that a text is about the customer's money
	Slots     slotWords                  `yaml:"slots"`
	Periods   periodWords                `yaml:"periods"`

	compiled *periods
}

// slotWords are what shows a name that nobody has listed.
type slotWords struct {
	Mine      []string `yaml:"mine"`      // before the name of an account: "my"
	Heads     []string `yaml:"heads"`     // after it: "account"
	Sums      []string `yaml:"sums"`      // after it, and after other things: "balance"
	Plain     []string `yaml:"plain"`     // said of every account: "bank"
	Merchant  []string `yaml:"merchant"`  // before a merchant: "at"
	Shops     []string `yaml:"shops"`     // those of them that nothing else follows
	Category  []string `yaml:"category"`  // before what was bought: "on"
	Purchases []string `yaml:"purchases"` // after a count or a merchant: "transactions"
	Ending    []string `yaml:"ending"`    // before an account's last digits
	Within    []string `yaml:"within"`    // before Mine, where money is: "in my …"
	Articles  []string `yaml:"articles"`  // before a name and not part of it
	Leads     []string `yaml:"leads"`     // before an answer, and not part of it either
}

// periodWords are how periods are named. Patterns are written as sentences are, with {unit}, {n}, {month}, {weekday}, {day}, {year}, {season},
// {date} and, in ranges, {point} in them; the value has the form of spending.Parse, with what was found in its place.
type periodWords struct {
	Order    string              `yaml:"order"` // of a date in digits: dmy or mdy
	Numbers  map[string]int      `yaml:"numbers"`
	Ordinals map[string]int      `yaml:"ordinals"`
	Suffixes []string            `yaml:"suffixes"` // of an ordinal in digits: "rd"
	Units    map[string]string   `yaml:"units"`
	Months   map[string]int      `yaml:"months"`
	Weekdays map[string]int      `yaml:"weekdays"`
	Seasons  map[string]string   `yaml:"seasons"`
	Points   []map[string]string `yaml:"points"`
	Ranges   []map[string]string `yaml:"ranges"`
	Lead     []string            `yaml:"lead"`    // before a period, telling nothing: "in"
	Unsure   []string            `yaml:"unsure"`  // by themselves something else too: "may"
	Openers  []string            `yaml:"openers"` // begin a period that has to be understood: "since"
}

type languages map[string]*yaml.Node

func load() (languages, error) {
	found, err := languageFiles.ReadDir("languages")
	if err != nil {
		return nil, fmt.Errorf("read languages: %w", err)
	}
	files := languages{}
	for _, f := range found {
		content, err := languageFiles.ReadFile(path.Join("languages", f.Name()))
		if err != nil {
			return nil, fmt.Errorf("read languages: %w", err)
		}
		var node yaml.Node
		if err := yaml.Unmarshal(content, &node); err != nil {
			return nil, fmt.Errorf("read %s: %w", f.Name(), err)
		}
		files[strings.TrimSuffix(f.Name(), ".yaml")] = &node
	}
	return files, nil
}

// of gives the language of a locale, with what its country says otherwise.
func (f languages) of(locale string) (*language, error) {
	l, found := &language{}, false
	for _, name := range []string{base(locale), locale} {
		node, ok := f[name]
		if !ok {
			continue
		}
		found = true
		if err := node.Decode(l); err != nil {
			return nil, fmt.Errorf("read %s.yaml: %w", name, err)
		}
	}
	if !found {
		return nil, fmt.Errorf("%w: no file for %s", errLanguage, locale)
	}
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("read the words of %s: %w", locale, err)
	}
	return l, nil
}

// base gives the language of a locale without its country.
func base(locale string) string {
	language, _, _ := strings.Cut(locale, "-")
	return language
}

// errLanguage means a mistake in a language's file.
var errLanguage = errors.New("unreadable")

func (l *language) check() error {
	if l.Periods.Order != "dmy" && l.Periods.Order != "mdy" {
		return fmt.Errorf("%w: order of a date", errLanguage)
	}
	for intent := range l.Sentences {
		if _, ok := skills.Lookup(intent); !ok {
			return fmt.Errorf("%w: no intent %q in the catalogue", errLanguage, intent)
		}
	}
	var err error
	l.compiled, err = compilePeriods(l.Periods)
	return err
}
