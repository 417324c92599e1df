package tests

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sotto/linking/disclosure"
	"sotto/skills"
	"sotto/skills/mcp"
	"sotto/skills/speech"
)

// hasNoTool are the intents for which a language model has no tool, and why none is missed: turns with them are left out over MCP.
var hasNoTool = map[skills.Intent]string{
	skills.Launch: "a model is there already; what can be asked, it reads in the descriptions of the tools",
	skills.Help:   "so it is with help",
	skills.Yes:    "only a list goes on, and that by continue_after",
	skills.No:     "nothing is asked that could be refused",
	skills.Stop:   "the host ends its conversations itself",
	skills.Cancel: "so it is with what was begun",
	skills.Repeat: "before anything was asked there is nothing to ask again",
	skills.Forget: "tools only read; the host ends the link, by revoking its tokens",
}

// leftOut are single turns that are another thing on one platform, and why.
var leftOut = []exception{
	{"messenger", "a-token-outlives-its-hour", 2, "a chat holds no token that could run out"},
}

// exception is the nth turn of a transcript, from 1.
type exception struct {
	platform, transcript string
	turn                 int
	why                  string
}

func (e exception) is(platform, transcript string, turn int) bool {
	return e.platform == platform && e.transcript == transcript && e.turn == turn
}

// compare says in what a performance tells other facts than the one on Alexa did.
func (tr transcript) compare(platform string, onAlexa, other performance) (differences []string) {
	if len(onAlexa.turns) != len(other.turns) {
		return []string{fmt.Sprintf("%d turns, want %d", len(other.turns), len(onAlexa.turns))}
	}
	for i, want := range onAlexa.turns {
		got := other.turns[i]
		found := want.differs(platform, got)
		switch {
		case got.cannot != "":
			if platform == "mcp" && hasNoTool[got.cannot] != "" {
				continue
			}
			found = []string{"there is no way to ask, and nobody has said why"}
		case slices.ContainsFunc(leftOut, func(e exception) bool { return e.is(platform, tr.name, i+1) }):
			if len(found) > 0 {
				continue
			}
			found = []string{"it is said to be another thing there, and is not"}
		}
		for _, f := range found {
			differences = append(differences, want.line+": "+f)
		}
	}
	return differences
}

// differs says in what a turn tells other facts than it did on Alexa: it must be the same reply, the record must name the same kinds, accounts and
// days, and in the words there must be the same amounts, days, numbers and names. Dialogflow and MCP say the very words, except about linking.
func (want turn) differs(platform string, got turn) (differences []string) {
	if got.reply != want.reply {
		differences = append(differences, fmt.Sprintf("the reply is %q, want %q", got.reply, want.reply))
	}
	if diff := cmp.Diff(want.record, got.record); diff != "" {
		differences = append(differences, "something else is recorded (-want +got):\n"+diff)
	}
	if got.refused != "" { // which has no words
		return differences
	}
	if diff := cmp.Diff(told(want.words), told(got.words)); diff != "" {
		differences = append(differences, fmt.Sprintf("the words tell other facts (-want +got):\n%s%s", diff, got.words))
	}
	if platform == "messenger" { // speaks the language of the Page
		return differences
	}
	said := want.words
	if platform == "mcp" { // nobody has opened a conversation there that would go on
		said = strings.TrimSuffix(said, " Anything else?")
	} else if got.listens != want.listens {
		differences = append(differences, fmt.Sprintf("it listens: %v, want %v", got.listens, want.listens))
	}
	if got.words != said && !chats(want.reply) {
		differences = append(differences, fmt.Sprintf("the words are %q, want %q", got.words, said))
	}
	return differences
}

// chats says whether a reply has words of its own where there is a chat to link and no app.
func chats(reply string) bool {
	r := skills.Reply{Key: skills.Key(reply)}
	inApp := speech.Say("en-US", r)
	r.Chat = true
	return speech.Say("en-US", r) != inApp
}

// facts are what words tell, however they say it.
type facts struct {
	Amounts []string // "GBP 1396.09", in their order
	Days    []string // "11-16", in their order
	Numbers []string // what is neither
	Names   []string // in alphabetical order
}

// units are what amounts are counted in: by name, by the name of the smaller unit, and by sign.
var units = map[string]struct {
	code   string
	digits int
}{
	"pound": {"GBP", 2}, "pence": {"GBP", 2}, "penny": {"GBP", 2}, "£": {"GBP", 2},
	"euro": {"EUR", 2}, "cent": {"EUR", 2}, "€": {"EUR", 2},
	"yen": {"JPY", 0}, "¥": {"JPY", 0}, "JP¥": {"JPY", 0},
	"Kuwaiti dinar": {"KWD", 3}, "fils": {"KWD", 3}, "KWD": {"KWD", 3},
}

var (
	amountWords = regexp.MustCompile(`\b(\d[\d,]*) (pound|euro|yen|Kuwaiti dinar)s?\b(?: and (\d+) (?:pence|penny|cents?|fils)\b)?`)
	smallWords  = regexp.MustCompile(`\b(\d+) (pence|penny|cent|fils)s?\b`)
	amountSigns = regexp.MustCompile(`(£|€|JP¥|¥|KWD)[\s\x{a0}]?(\d[\d,]*)(?:\.(\d+))?`)
	dayWords    = regexp.MustCompile(`\b(` + monthNames + `) (\d+)(?:st|nd|rd|th)(?:, (\d{4}))?`)
	britishDays = regexp.MustCompile(`\bthe (\d+)(?:st|nd|rd|th)(?: and the (\d+)(?:st|nd|rd|th))? of (` + monthNames + `)(?: (\d{4}))?`)
	numberWords = regexp.MustCompile(`\d[\d,.]*\d|\d`)
	noNames     = regexp.MustCompile(`^(I|I'\w+|(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)$`)
)

const monthNames = `January|February|March|April|May|June|July|August|September|October|November|December`

// told finds the facts in words of English, as they are spoken and as they are written.
func told(words string) (f facts) {
	// What is found goes from the words; what is left keeps its place.
	find := func(re *regexp.Regexp, value func(m []string) []string) (values []string) {
		for _, at := range re.FindAllStringSubmatchIndex(words, -1) {
			m := make([]string, len(at)/2)
			for i := range m {
				if at[2*i] >= 0 {
					m[i] = words[at[2*i]:at[2*i+1]]
				}
			}
			values = append(values, value(m)...)
			words = words[:at[0]] + strings.Repeat("_", at[1]-at[0]) + words[at[1]:]
		}
		return values
	}
	for _, spelled := range []struct {
		re    *regexp.Regexp
		value func(m []string) []string
	}{
		{amountWords, func(m []string) []string { return []string{amount(m[2], m[1], m[3], true)} }},
		{smallWords, func(m []string) []string { return []string{amount(m[2], "0", m[1], true)} }},
		{amountSigns, func(m []string) []string { return []string{amount(m[1], m[2], m[3], false)} }},
	} {
		f.Amounts = append(f.Amounts, find(spelled.re, spelled.value)...)
	}
	f.Days = find(dayWords, func(m []string) []string { return []string{date(m[3], m[1], m[2])} })
	f.Days = append(f.Days, find(britishDays, func(m []string) []string {
		last := date(m[4], m[3], m[2])
		if first := date(m[4], m[3], m[1]); m[2] != "" {
			return []string{first, last}
		}
		return []string{date(m[4], m[3], m[1])}
	})...)
	f.Numbers = find(numberWords, func(m []string) []string { return m })
	f.Names = names(words)
	for _, list := range [][]string{f.Amounts, f.Days, f.Numbers, f.Names} {
		slices.Sort(list) // languages put them in other places
	}
	return f
}

// names are the words with a capital that begin no sentence.
func names(words string) (list []string) {
	before := "."
	for word := range strings.FieldsSeq(words) {
		name := strings.Trim(word, ".,?!_")
		if first, _ := utf8.DecodeRuneInString(name); unicode.IsUpper(first) && !strings.ContainsAny(before[len(before)-1:], ".?!") && !noNames.MatchString(name) {
			list = append(list, name)
		}
		before = word
	}
	return list
}

// amount is "GBP 12.30": spoken as twelve pounds and 30 pence, or 5 pence; written as £12.30.
func amount(unit, whole, part string, spoken bool) string {
	u := units[unit]
	if missing := strings.Repeat("0", max(0, u.digits-len(part))); spoken {
		part = missing + part
	} else {
		part += missing
	}
	return strings.TrimSuffix(u.code+" "+strings.ReplaceAll(whole, ",", "")+"."+part, ".")
}

func date(year, month, day string) string {
	at, err := time.Parse("January 2", month+" "+day)
	if err != nil {
		return month + " " + day
	}
	return strings.TrimPrefix(year+"-"+at.Format("01-02"), "-")
}

// recorded is what a customer is shown of the record: which facts left the house at which time, in seconds.
func (h *openHouse) recorded(t *testing.T, username string) map[int64][]string {
	t.Helper()
	visitor := h.visitor(t, username)
	visitor.signIn()
	var export struct {
		Links []struct {
			Shared []disclosure.Entry `json:"shared"`
		} `json:"links"`
	}
	if err := json.Unmarshal([]byte(visitor.open("/my/export").Source), &export); err != nil {
		t.Fatal(err)
	}
	all := map[int64][]string{}
	for _, link := range export.Links {
		for _, entry := range link.Shared {
			at := entry.At.Unix()
			all[at] = append(all[at], entry.Intent)
			for _, f := range entry.Facts {
				all[at] = append(all[at], fmt.Sprintf("%s of %q at %q, %s", f.Kind, f.Account, f.Bank, f.Period))
			}
		}
	}
	return all
}

// replyIn is the key of the reply that the log of one turn tells.
func replyIn(t *testing.T, log string, h heard) string {
	t.Helper()
	if h.refused != "" || h.cannot != "" {
		return string(h.refused)
	}
	for line := range strings.Lines(log) {
		var l struct {
			Message string `json:"msg"`
			Reply   string `json:"reply"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if l.Message == "turn" {
			return l.Reply
		}
	}
	t.Fatalf("no line of a turn in the log: %s", log)
	return ""
}

func TestWhatIsLeftOutOnAPlatformIsThereAndCannotBePlayed(t *testing.T) {
	t.Parallel()
	for intent, why := range hasNoTool {
		if _, _, err := (mcp.Assistant{}).Ask(intent, nil, nil); !errors.Is(err, mcp.ErrNoTool) || why == "" {
			t.Errorf("%s: a model has a tool for it, or nobody says why not: %v", intent, err)
		}
	}
	for _, e := range leftOut { // that it is another thing, TestConversations sees
		path := "conversations/" + e.transcript + ".txtar"
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s: there is no such transcript", path)
			continue
		}
		_, tr := readTranscript(t, path)
		turns := slices.DeleteFunc(slices.Clone(tr.lines), func(line string) bool { return !strings.HasPrefix(line, "> ") && line != "! open" })
		if !slices.Contains(platforms, e.platform) || e.turn < 1 || e.turn > len(turns) || e.why == "" {
			t.Errorf("%+v: there is no such turn, or nobody says why", e)
		}
	}
}

// TestOtherFactsAreSeen plants each kind of difference between two performances, and sees that it is found; and the same facts in other words,
// which are none.
func TestOtherFactsAreSeen(t *testing.T) {
	t.Parallel()
	said := turn{
		line: "> what were my last transactions", reply: "transactions.more", record: []string{"TransactionsIntent", `purchase of "" at "Albion Bank", `},
		heard: heard{words: "On Monday, November 23rd, you paid 1,010 pounds and 5 pence to Shelter. On Sunday, November 22nd, you paid 40 pence to The Red Lion. Shall I go on?", listens: true},
	}
	for name, tc := range map[string]struct {
		platform string
		change   func(*turn)
		finds    string // nothing: it is the same
	}{
		"the same": {"dialogflow es", func(*turn) {}, ""},
		"the same, in other words": {"messenger", func(o *turn) {
			o.words = "On Monday the 23rd of November, you paid £1,010.05 to Shelter. On Sunday the 22nd of November, you paid £0.40 to The Red Lion. Shall I go on?"
		}, ""},
		"a penny more":                {"messenger", func(o *turn) { o.words = strings.Replace(o.words, "5 pence", "6 pence", 1) }, "GBP 1010.06"},
		"an amount with a point lost": {"messenger", func(o *turn) { o.words = strings.Replace(o.words, "1,010 pounds and 5 pence", "£10,105", 1) }, "GBP 10105.00"},
		"an amount left out":          {"messenger", func(o *turn) { o.words = strings.Replace(o.words, "you paid 40 pence", "you paid", 1) }, "GBP 0.40"},
		"another currency":            {"messenger", func(o *turn) { o.words = strings.Replace(o.words, "1,010 pounds and 5 pence", "€1,010.05", 1) }, "EUR 1010.05"},
		"a currency of nobody's":      {"messenger", func(o *turn) { o.words = strings.Replace(o.words, "40 pence", "40 groats", 1) }, `"40"`},
		"another day":                 {"messenger", func(o *turn) { o.words = strings.Replace(o.words, "November 22nd", "the 21st of November", 1) }, "11-21"},
		"another year":                {"messenger", func(o *turn) { o.words = strings.Replace(o.words, "22nd", "22nd, 2025", 1) }, "2025-11-22"},
		"another shop":                {"messenger", func(o *turn) { o.words = strings.Replace(o.words, "Red", "Black", 1) }, "Black"},
		"a number more":               {"messenger", func(o *turn) { o.words += " There are 2 more." }, `"2"`},
		"another reply":               {"mcp", func(o *turn) { o.reply = "transactions.said" }, "transactions.said"},
		"a fact more in the record":   {"mcp", func(o *turn) { o.record = append(o.record[:2:2], `balance of "Everyday" at "Albion Bank", `) }, "Everyday"},
		"nothing in the record":       {"mcp", func(o *turn) { o.record = nil }, "recorded"},
		"other words":                 {"mcp", func(o *turn) { o.words = strings.Replace(o.words, "you paid", "you spent", 1) }, "the words are"},
		"a refusal":                   {"mcp", func(o *turn) { o.refused, o.reply = skills.Unlinked, string(skills.Unlinked) }, "unlinked"},
		"a platform that hangs up":    {"dialogflow cx", func(o *turn) { o.listens = false }, "listens"},
		"an intent without a tool":    {"dialogflow cx", func(o *turn) { o.cannot = skills.Help }, "no way to ask"},
	} {
		t.Run(name, func(t *testing.T) {
			other := said
			tc.change(&other)
			found := transcript{}.compare(tc.platform, performance{turns: []turn{said}}, performance{turns: []turn{other}})
			if all := strings.Join(found, "\n"); (all == "") != (tc.finds == "") || !strings.Contains(all, tc.finds) {
				t.Errorf("found: %s", all)
			}
		})
	}
}

// TestAnotherCustomersFactsAreSeen has one platform answer for somebody else, through the whole house.
func TestAnotherCustomersFactsAreSeen(t *testing.T) {
	t.Parallel()
	tr := transcript{name: "planted", customer: "ada", at: morning, lines: []string{"> what's my balance", "> what were my last transactions"}}
	onAlexa := tr.play(t, "alexa")
	tr.customer = "grace"
	for _, platform := range platforms {
		found := strings.Join(tr.compare(platform, onAlexa, tr.play(t, platform)), "\n")
		for _, line := range tr.lines {
			if !strings.Contains(found, line+": the words tell other facts") || !strings.Contains(found, line+": something else is recorded") {
				t.Errorf("on %s nobody sees what was planted: %s", platform, found)
			}
		}
	}
}
