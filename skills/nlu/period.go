package nlu

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sotto/banking"
	"sotto/banking/spending"
)

// periods finds the names of periods. A pattern is a path through a tree, whose branches are words and classes of words.
type periods struct {
	periodWords
	points, ranges *branch
	begins         map[string]bool // the words that may begin one, beside digits
}

type branch struct {
	words   map[string]*branch
	classes map[string]*branch // by the name of a class, in the order of classNames
	value   string             // of the pattern that ends here
}

// classNames are the classes in the order in which they are tried. A class that is there twice in a pattern has a 2 in the second's value.
var classNames = []string{"point", "date", "day", "month", "weekday", "season", "year", "n", "unit"}

func compilePeriods(w periodWords) (*periods, error) {
	p := &periods{periodWords: w, points: &branch{}, ranges: &branch{}}
	for tree, lists := range map[*branch][]map[string]string{p.points: w.Points, p.ranges: w.Ranges} {
		for _, list := range lists {
			for line, value := range list {
				for _, pattern := range choices(line, 1<<10) {
					if err := tree.grow(strings.Fields(pattern), value); err != nil {
						return nil, fmt.Errorf("period %q: %w", line, err)
					}
				}
			}
		}
	}
	p.begins = map[string]bool{}
	for _, b := range []*branch{p.points, p.ranges} {
		for w := range b.words {
			p.begins[w] = true
		}
	}
	for _, w := range p.named() {
		p.begins[w] = true
	}
	return p, nil
}

func (b *branch) grow(pattern []string, value string) error {
	for _, part := range pattern {
		next := &b.words
		if class, ok := strings.CutPrefix(part, "{"); ok {
			part = strings.TrimSuffix(class, "}")
			if !slices.Contains(classNames, part) {
				return fmt.Errorf("%w: no class %q", errLanguage, part)
			}
			next = &b.classes
		}
		if *next == nil {
			*next = map[string]*branch{}
		}
		if (*next)[part] == nil {
			(*next)[part] = &branch{}
		}
		b = (*next)[part]
	}
	if b.value != "" && b.value != value {
		return fmt.Errorf("%w: means %q and %q", errLanguage, b.value, value)
	}
	b.value = value
	return nil
}

// captured is what a class stands for in a pattern that fits.
type captured struct{ class, value string }

// at gives the longest period that begins with the first of the words: how many they are, and its value. The form of a value is checked, since words
// may name a day that no calendar has.
func (p *periods) at(words []word) (int, string) {
	if w := words[0].text; !p.begins[w] && (w[0] < '0' || w[0] > '9') {
		return 0, ""
	}
	n, value := p.walk(p.ranges, words, 0, nil)
	if point, v := p.walk(p.points, words, 0, nil); point > n {
		n, value = point, v
	}
	if n == 0 {
		return 0, ""
	}
	if _, err := spending.Parse(value, aDay); err != nil {
		return 0, ""
	}
	return n, value
}

// aDay is a day on which every name of a period can be tried: it follows a leap year's February.
var aDay = banking.Date{Year: 2028, Month: 12, Day: 31}

func (p *periods) walk(b *branch, words []word, at int, found []captured) (int, string) {
	n, value := 0, ""
	if b.value != "" {
		if v, ok := put(b.value, found); ok {
			n, value = at, v
		}
	}
	if at == len(words) {
		return n, value
	}
	if next := b.words[words[at].text]; next != nil {
		if m, v := p.walk(next, words, at+1, found); m > n {
			n, value = m, v
		}
	}
	for _, class := range classNames {
		next := b.classes[class]
		if next == nil {
			continue
		}
		took, v := 1, ""
		if class == "point" {
			took, v = p.walk(p.points, words[at:], 0, nil)
		} else if v = p.read(class, words[at].text); v == "" {
			took = 0
		}
		if took == 0 {
			continue
		}
		if m, v := p.walk(next, words, at+took, append(found[:len(found):len(found)], captured{class, v})); m > n {
			n, value = m, v
		}
	}
	return n, value
}

// put puts what was found into a value.
func put(value string, found []captured) (string, bool) {
	seen := ""
	for _, c := range found {
		name := c.class
		if strings.Contains(seen, name+" ") {
			name += "2"
		}
		seen += name + " "
		if c.class == "unit" && strings.Contains(value, "{Unit}") {
			letter, ok := map[string]string{"day": "D", "week": "W", "month": "M", "year": "Y"}[c.value]
			if !ok {
				return "", false
			}
			value = strings.ReplaceAll(value, "{Unit}", letter)
		}
		value = strings.ReplaceAll(value, "{"+name+"}", c.value)
	}
	return value, true
}

// read gives the value of a word as one of a class, and nothing where it is none.
func (p *periods) read(class, text string) string {
	two := func(n int) string {
		if n < 1 || n > 99 {
			return ""
		}
		return fmt.Sprintf("%02d", n)
	}
	switch class {
	case "n":
		if digits(text) && len(text) <= 3 {
			return strings.TrimLeft(text, "0")
		}
		if n := p.Numbers[text]; n > 0 {
			return strconv.Itoa(n)
		}
	case "unit":
		return p.Units[text]
	case "month":
		return two(p.Months[text])
	case "weekday":
		if n := p.Weekdays[text]; n > 0 {
			return strconv.Itoa(n)
		}
	case "season":
		return p.Seasons[text]
	case "day":
		if n := p.ordinal(text); n <= 31 {
			return two(n)
		}
	case "year":
		if len(text) == 4 && digits(text) && (text[:2] == "19" || text[:2] == "20") {
			return text
		}
	case "date":
		return p.date(text)
	}
	return ""
}

// ordinal reads the number of a day: "3", "3rd", "third".
func (p *periods) ordinal(text string) int {
	if n := p.Ordinals[text]; n > 0 {
		return n
	}
	for _, s := range p.Suffixes {
		text = strings.TrimSuffix(text, s)
	}
	if len(text) > 2 || !digits(text) {
		return 0
	}
	n, _ := strconv.Atoi(text) // it is one or two digits
	return n
}

// date reads a date in digits: "2026/3/2", or day and month in the order of the country, with or without the year.
func (p *periods) date(text string) string {
	parts := strings.Split(text, "/")
	for _, part := range parts {
		if !digits(part) {
			return ""
		}
	}
	if len(parts) < 2 || len(parts) > 3 {
		return ""
	}
	year, first, second := "XXXX", parts[0], parts[1]
	switch {
	case len(parts) == 3 && len(first) == 4:
		return fmt.Sprintf("%s-%02s-%02s", first, second, parts[2])
	case len(parts) == 3 && len(parts[2]) == 4:
		year = parts[2]
	case len(parts) == 3 && len(parts[2]) == 2:
		year = "20" + parts[2]
	case len(parts) == 3:
		return ""
	}
	if p.Order == "dmy" {
		first, second = second, first
	}
	return fmt.Sprintf("%s-%02s-%02s", year, first, second)
}

// named gives the words of all classes.
func (p *periods) named() []string {
	var all []string
	for _, words := range []map[string]int{p.Numbers, p.Ordinals, p.Months, p.Weekdays} {
		for w := range words {
			all = append(all, w)
		}
	}
	for _, words := range []map[string]string{p.Units, p.Seasons} {
		for w := range words {
			all = append(all, w)
		}
	}
	return all
}

// vocabulary gives the words by which periods are named.
func (p *periods) vocabulary() []string {
	all := p.named()
	var within func(b *branch)
	within = func(b *branch) {
		for w, next := range b.words {
			all = append(all, w)
			within(next)
		}
		for _, next := range b.classes {
			within(next)
		}
	}
	within(p.points)
	within(p.ranges)
	return all
}
