package tests

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sotto/server"
	"sotto/server/dev"
	"sotto/skills/messenger"
	"sotto/skills/messenger/mockgraph"
)

// fields are all that a log line may have, by its message.
var fields = map[string][]string{
	"turn":    {"turn", "platform", "intent", "reply", "link", "reason", "took"},
	"refused": {"platform", "status", "reason", "took"},
	"oauth":   {"step", "outcome", "client", "link", "reason", "took"},

	"tightened": {"id", "how", "at", "scopes"},
}

// TestNoLogLineHoldsAnythingPersonal plays a whole run, with everything that can go wrong in it, and looks in every line that was logged for
// every token, password, name, merchant, amount and account number of every customer.
func TestNoLogLineHoldsAnythingPersonal(t *testing.T) {
	t.Parallel()
	house := openAs(t, morning, server.Config{State: t.TempDir(), Addr: "127.0.0.1:0"}, hurried)
	bank := house.MockBank()
	var secrets []string
	for _, username := range []string{"ada", "grace", "linus", "zoe"} {
		customer, err := house.Dev().Customer("albion", username)
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, username, customer.Password, customer.TOTPSecret)
		for _, account := range bank.Accounts(username) {
			secrets = append(secrets, account.ID, account.Number, account.Nickname)
			secrets = append(secrets, account.Holders...)
		}
		for _, entry := range bank.Entries(username, morning.AddDate(0, -2, 0), morning) {
			secrets = append(secrets, entry.ID, entry.Merchant)
		}
	}
	for name, client := range house.Dev().Clients {
		secrets = append(secrets, client.Secret)
		if client.Secret == "" && name != "mcp" {
			t.Errorf("client %s has no secret", name)
		}
	}

	for _, username := range []string{"ada", "grace", "linus", "zoe"} {
		s := house.speaker(t)
		back := s.link(username, nil)
		secrets = append(secrets, string(s.device.Token), s.refresh, back.Get("code"))
		for _, text := range []string{
			"what's my balance", "how much did I spend on groceries last week", "what were my last transactions", "what have you shared",
		} {
			s.say(text)
		}
		for _, rule := range []string{
			`{"on": "resource", "status": 503}`, `{"on": "resource", "drop": true}`, `{"on": "resource", "latency": "10s"}`, `{}`,
		} {
			house.faults(t, rule)
			s.say("what's my balance")
		}
		status, _, err := s.post("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": back["code"], "redirect_uri": {s.client.RedirectURIs[0]}, "code_verifier": {strings.Repeat("v", 43)}})
		if err != nil || status != http.StatusBadRequest {
			t.Errorf("a spent code gets %d", status)
		}
		s.link(username, func(p *dev.Person) { p.NoAtBank = true })
		s.link(username, func(p *dev.Person) { p.No = true })
		s.say("forget me")
		s.say("yes")
		s.say("what's my balance")
		status, _ = send(t, s.signed([]byte(`{"version":"1.0","request":{"type":"LaunchRequest"},"token":"`+string(s.device.Token)+`"}`)))
		if status != http.StatusBadRequest {
			t.Errorf("half a request gets %d", status)
		}
	}
	page := house.Dev().Messenger
	secrets = append(secrets, page.AppSecret, page.VerifyToken)
	x := house.texter(t)
	secrets = append(secrets, x.phone.Person)
	x.link("ada")
	for _, text := range []string{"what's my balance", "my cousin Ottokar wants to know", "what were my last transactions", "forget me", "yes"} {
		x.says(text)
	}
	secrets = append(secrets, "Ottokar", "cousin")
	house.MockGraph().Fail(mockgraph.Fault{Status: 500, Code: 2})
	x.deliverNothing(x.phone.Type("Ottokar again"))
	x.passUntilHeard(house)
	x.postAs(messenger.Sign("guess", []byte("Ottokar")), []byte("Ottokar"))
	for _, h := range x.messages() {
		if strings.Contains(h.Text, "pound") {
			secrets = append(secrets, h.Text)
		}
	}
	house.stop()

	secrets = slices.DeleteFunc(secrets, func(s string) bool { return len(s) < 4 && !slices.Contains([]string{"ada", "zoe"}, s) })
	slices.Sort(secrets)
	secrets = slices.Compact(secrets)
	amount := regexp.MustCompile(`\b\d+\.\d{2}\b|£|GBP|JPY|KWD`)
	seen := map[string]int{}
	for line := range strings.Lines(house.log.String()) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("a line is no JSON: %v: %s", err, line)
		}
		message, _ := entry["msg"].(string)
		seen[message]++
		if allowed, known := fields[message]; known {
			for name := range entry {
				if !slices.Contains([]string{"level", "time", "msg", "caller"}, name) && !slices.Contains(allowed, name) {
					t.Errorf("a %q line has the field %q", message, name)
				}
			}
		}
		delete(entry, "time")
		delete(entry, "took")
		rest, err := json.Marshal(entry)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			if holds(string(rest), secret) {
				t.Errorf("a log line holds %q: %s", secret, rest)
			}
		}
		if found := amount.Find(rest); found != nil {
			t.Errorf("a log line holds what looks like an amount, %q: %s", found, rest)
		}
	}
	if seen["turn"] < 4*8 || seen["oauth"] < 4*8 || seen["refused"] < 4 {
		t.Errorf("the run left too few lines to prove anything: %v", seen)
	}
}

// holds says whether text holds word as a word of its own: "ada" is not in "metadata".
func holds(text, word string) bool {
	for rest := text; ; {
		i := strings.Index(strings.ToLower(rest), strings.ToLower(word))
		if i < 0 {
			return false
		}
		before, after := byte(' '), byte(' ')
		if i > 0 {
			before = rest[i-1]
		}
		if i+len(word) < len(rest) {
			after = rest[i+len(word)]
		}
		if !wordByte(before) && !wordByte(after) {
			return true
		}
		rest = rest[i+1:]
	}
}

func wordByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b >= 0x80
}

func TestALogLineWithATokenWouldBeFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{"msg":"turn","reason":"token abc.def refused"}`: true,
		`{"msg":"metadata"}`:                              false,
		`{"name":"Ada"}`:                                  true,
	} {
		if got := holds(text, "abc.def") || holds(text, "ada"); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
