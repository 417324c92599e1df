package tests

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"sotto/linking"
	"sotto/server"
	"sotto/server/dev"
)

// visitor is a customer on his own page, in a browser that knows nothing but forms.
type visitor struct {
	tb      testing.TB
	base    string
	browser *dev.Browser
	person  dev.Person
	halt    bool // stops the browser before it takes the bank's answer to the house
}

func newVisitor(tb testing.TB, base string, person dev.Person) *visitor {
	o := &visitor{tb: tb, base: base, person: person}
	o.browser = dev.NewBrowser(func(u *url.URL) bool { return o.halt && u.Path == "/link/callback" })
	return o
}

func (h *openHouse) visitor(tb testing.TB, username string) *visitor {
	tb.Helper()
	customer, err := h.Dev().Customer("albion", username)
	if err != nil {
		tb.Fatal(err)
	}
	return newVisitor(tb, h.PublicURL(), dev.Person{Bank: "albion", Customer: customer, Now: h.Now})
}

func (o *visitor) open(path string) *dev.Page {
	o.tb.Helper()
	page, err := o.browser.Open(o.tb.Context(), o.base+path)
	if err != nil {
		o.tb.Fatal(err)
	}
	return page
}

func (o *visitor) submit(f dev.Form, values url.Values) *dev.Page {
	o.tb.Helper()
	page, err := o.browser.Submit(o.tb.Context(), f, values)
	if err != nil {
		o.tb.Fatal(err)
	}
	return page
}

// do submits a form of the page that is not shown.
func (o *visitor) do(values url.Values) *dev.Page {
	o.tb.Helper()
	action, err := url.Parse(o.base + "/my")
	if err != nil {
		o.tb.Fatal(err)
	}
	return o.submit(dev.Form{Method: http.MethodPost, Action: action}, values)
}

// atBank begins to sign in and says who it is at the bank, up to its last page.
func (o *visitor) atBank() *dev.Page {
	o.tb.Helper()
	page := o.submit(o.open("/my").Forms[0], url.Values{"bank": {o.person.Bank}, "decision": {"sign-in"}})
	page = o.submit(page.Forms[0], url.Values{"username": {o.person.Customer.Username}, "password": {o.person.Customer.Password}})
	code, err := dev.OneTimeCode(o.person.Customer.TOTPSecret, o.person.Now())
	if err != nil {
		o.tb.Fatal(err)
	}
	return o.submit(page.Forms[0], url.Values{"code": {code}})
}

// signIn signs in and gives the customer's page.
func (o *visitor) signIn() *dev.Page {
	o.tb.Helper()
	page := o.atBank()
	page = o.submit(page.Forms[0], url.Values{"account": page.Forms[0].Values("account"), "decision": {"approve"}})
	if page.URL.Path != "/my" || !strings.Contains(page.Text, "You are signed in") {
		o.tb.Fatalf("not signed in: %s %d %s", page.URL.Path, page.Status, page.Text)
	}
	return page
}

// links are the ids of the links on a page.
func links(page *dev.Page) (ids []string) {
	seen := map[string]bool{}
	for _, f := range page.Forms {
		for _, id := range f.Values("link") {
			if !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func TestACustomerStopsOneAssistantAndErasesAnother(t *testing.T) {
	t.Parallel()
	h := open(t)
	first, second := h.speaker(t), h.speaker(t)
	first.link("ada", nil)
	first.say("what's my balance")
	h.pass(time.Minute)
	second.link("ada", nil)
	o := h.visitor(t, "ada")
	page := o.signIn()
	ids := links(page)
	if len(ids) != 2 || !strings.Contains(page.Text, "Balances Everyday (Albion Bank)") {
		t.Fatalf("%d links on %s", len(ids), page.Text)
	}
	newer, older := ids[0], ids[1]

	if page = o.do(url.Values{"link": {newer}, "decision": {"stop"}}); !strings.Contains(page.Text, "Nothing is shared there any more") || !strings.Contains(page.Text, "ended November 23, 2026") {
		t.Errorf("stopped: %s", page.Text)
	}
	if heard := second.say("what's my balance"); !heard.LinkCard {
		t.Errorf("a link that was stopped answers: %s", heard.SSML)
	}
	if heard := first.say("what's my balance"); heard.LinkCard {
		t.Errorf("another link has ended: %s", heard.SSML)
	}

	if page = o.do(url.Values{"link": {older}, "decision": {"forget"}}); !strings.Contains(page.Text, "This cannot be undone") {
		t.Fatalf("it is not asked once more: %s", page.Text)
	}
	if heard := first.say("what's my balance"); heard.LinkCard {
		t.Fatal("it was erased before it was asked once more")
	}
	h.faults(t, `{"on": "resource", "status": 503}`) // so that the consent cannot be ended yet
	page = o.submit(page.Forms[0], url.Values{"decision": {"erase"}})
	if page.URL.Path != "/my/receipt/"+older || !strings.Contains(page.Text, "Permissions still being ended: 1") {
		t.Fatalf("%s: %s", page.URL, page.Text)
	}
	if page := o.do(url.Values{"link": {older}, "decision": {"stop"}}); page.Status != http.StatusNotFound {
		t.Errorf("a form of an erased link: %d %s", page.Status, page.Text)
	}
	status := regexp.MustCompile(`/forgotten/[\w-]{43}`).FindString(page.Source)
	stranger := newVisitor(t, o.base, o.person)
	if page := stranger.open(status); page.Status != http.StatusOK || !strings.Contains(page.Text, "Permissions still being ended: 1") || strings.Contains(page.Source, older) {
		t.Errorf("%d %s", page.Status, page.Text)
	}
	h.faults(t, `{}`)
	ended := func() bool { return strings.Contains(stranger.open(status).Text, "There is no permission left") }
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for deadline := time.After(20 * time.Second); !ended(); {
		h.pass(time.Minute) // the worker's pauses are by the house's clock
		select {
		case <-look.C:
		case <-deadline:
			t.Fatal("the consent was never ended at the bank")
		}
	}
}

func TestTheRecordCanBeReadPageByPageAndTakenAway(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.speaker(t)
	s.link("ada", nil)
	for range 32 {
		h.pass(time.Minute)
		s.say("what's my balance")
	}
	o := h.visitor(t, "ada")
	id := links(o.signIn())[0]
	entries := func(page *dev.Page) int { return strings.Count(page.Source, "<time>") }
	if n := entries(o.open("/my")); n != 5 {
		t.Errorf("%d entries on the page of all links", n)
	}
	page := o.open("/my?link=" + id)
	older := regexp.MustCompile(`/my\?after=[0-9a-f]{32}&amp;link=[\w-]+`).FindString(page.Source)
	if n := entries(page); n != 25 || older == "" {
		t.Fatalf("%d entries, and then %q", n, older)
	}
	if n := entries(o.open(strings.ReplaceAll(older, "&amp;", "&"))); n != 7 {
		t.Errorf("%d entries on the last page", n)
	}
	export := o.open("/my/export")
	var got struct {
		Customer string `json:"customer"`
		Links    []struct {
			Link   struct{ ID, Assistant string } `json:"link"`
			Shared []struct {
				Intent string                                 `json:"intent"`
				Facts  []struct{ Kind, Account, Bank string } `json:"facts"`
			} `json:"shared"`
		} `json:"links"`
	}
	if err := json.Unmarshal([]byte(export.Source), &got); err != nil || len(got.Links) != 1 || got.Links[0].Link.ID != id || len(got.Links[0].Shared) != 32 ||
		got.Links[0].Shared[0].Facts[0].Account != "Everyday" || got.Customer == "" {
		t.Errorf("%v: %.500s", err, export.Source)
	}
	for _, secret := range []string{"1,396", "1396", "139609", "token", "consent"} {
		if strings.Contains(export.Source, secret) {
			t.Errorf("the export holds %q", secret)
		}
	}
}

func TestACustomerClearsTheRecordOfOneAssistantAndStaysLinked(t *testing.T) {
	t.Parallel()
	h := open(t)
	first, second := h.speaker(t), h.speaker(t)
	first.link("ada", nil)
	for range 7 {
		h.pass(time.Minute)
		first.say("what's my balance")
	}
	second.link("ada", nil)
	second.say("what's my balance")
	o := h.visitor(t, "ada")
	ids := links(o.signIn())
	newer, older := ids[0], ids[1]
	entries := func(link string) int { return strings.Count(o.open("/my?link="+link).Source, "<time>") }

	page := o.do(url.Values{"link": {older}, "decision": {"clear"}})
	if !strings.Contains(page.Text, "This cannot be undone") || !strings.Contains(page.Text, "Alexa stays linked") || entries(older) != 7 {
		t.Fatalf("it is not asked once more: %s", page.Text)
	}
	for range 2 { // the second time is a double click, or the way back
		if done := o.submit(page.Forms[0], url.Values{"decision": {"wipe"}}); !strings.Contains(done.Text, "What was recorded there before is erased") ||
			!strings.Contains(done.Text, "You cleared the record on November 23, 2026") || !strings.Contains(done.Text, "Not since you cleared the record") {
			t.Fatalf("cleared: %s", done.Text)
		}
		if entries(older) != 0 || entries(newer) != 1 {
			t.Errorf("%d entries of the one that was cleared, %d of the other", entries(older), entries(newer))
		}
	}
	if heard := words(t, first.say("what have you shared").SSML); heard != "I have no record of sharing anything with this assistant." {
		t.Errorf("heard %q", heard)
	}
	if heard := first.say("what's my balance"); heard.LinkCard {
		t.Errorf("the link has ended with its record: %s", heard.SSML)
	}
	if entries(older) != 1 {
		t.Errorf("%d entries of what was shared since", entries(older))
	}
	var export struct {
		Links []struct {
			Link   struct{ ID, Cleared string } `json:"link"`
			Shared []struct{}                   `json:"shared"`
		} `json:"links"`
	}
	if err := json.Unmarshal([]byte(o.open("/my/export").Source), &export); err != nil {
		t.Fatal(err)
	}
	for _, l := range export.Links {
		if (l.Link.Cleared != "") != (l.Link.ID == older) || len(l.Shared) != 1 {
			t.Errorf("the export says %+v", l)
		}
	}
}

// The bank says until when its permission lasts; the page says it on, and no longer when it is over.
func TestACustomerSeesUntilWhenHisBanksPermissionLasts(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.speaker(t)
	s.link("ada", nil)
	if page := h.visitor(t, "ada").signIn(); !strings.Contains(page.Text, "Albion Bank: until May 22, 2027") {
		t.Errorf("%s", page.Text)
	}
	h.pass(181 * 24 * time.Hour)
	if page := h.visitor(t, "ada").signIn(); strings.Contains(page.Text, "until May") {
		t.Errorf("a permission that is over: %s", page.Text)
	}
}

// TestStrangersOnACustomersPage has those who want to see, or end, what is another's.
func TestStrangersOnACustomersPage(t *testing.T) {
	t.Parallel()
	h := open(t)
	victim, s := h.visitor(t, "ada"), h.speaker(t)
	s.link("ada", nil)
	s.say("what's my balance")
	target := links(victim.signIn())[0]
	untouched := func(t *testing.T) {
		t.Helper()
		if heard := words(t, s.say("how much did I spend last week").SSML); !strings.Contains(heard, "You spent") {
			t.Errorf("the victim's link now says %q", heard)
		}
		if heard := words(t, s.say("what have you shared").SSML); strings.Contains(heard, "no record") {
			t.Errorf("the victim's record is gone: %q", heard)
		}
	}
	for name, try := range map[string]func(*testing.T, *visitor){
		"whoever is not signed in can neither see nor do anything": func(t *testing.T, o *visitor) {
			for _, path := range []string{"/my", "/my?link=" + target, "/my/export", "/my/receipt/" + target} {
				if page := o.open(path); page.URL.Path != "/my" || !page.Forms[0].Has("bank") || strings.Contains(page.Source, target) {
					t.Errorf("%s: %s", path, page.Text)
				}
			}
			for _, decision := range []string{"narrow", "stop", "clear", "wipe", "forget", "erase"} {
				if page := o.do(url.Values{"link": {target}, "scope": {"balances"}, "decision": {decision}}); !strings.Contains(page.Text, "You were signed out") {
					t.Errorf("%s: %s", decision, page.Text)
				}
			}
		},
		"another customer who knows the id of the link": func(t *testing.T, o *visitor) {
			o.person.Customer = h.visitor(t, "grace").person.Customer
			o.signIn()
			for _, path := range []string{"/my?link=" + target, "/my/receipt/" + target} {
				if page := o.open(path); page.Status != http.StatusNotFound {
					t.Errorf("%s: %d %s", path, page.Status, page.Text)
				}
			}
			for _, decision := range []string{"narrow", "stop", "clear", "wipe", "forget", "erase"} {
				if page := o.do(url.Values{"link": {target}, "scope": {"balances"}, "decision": {decision}}); page.Status != http.StatusNotFound {
					t.Errorf("%s: %d %s", decision, page.Status, page.Text)
				}
			}
			if export := o.open("/my/export"); strings.Contains(export.Source, target) {
				t.Error("the export has another's link")
			}
		},
		"whoever steals the bank's answer to a sign-in": func(t *testing.T, o *visitor) {
			o.halt = true
			page := o.atBank()
			answer := o.submit(page.Forms[0], url.Values{"account": page.Forms[0].Values("account"), "decision": {"approve"}}).URL
			o.halt = false
			thief := newVisitor(t, o.base, o.person)
			thief.open("/my")
			if page := thief.open(answer.RequestURI()); page.Status != http.StatusBadRequest {
				t.Errorf("another browser: %d %s", page.Status, page.Text)
			}
			if page := o.open(answer.RequestURI()); !strings.Contains(page.Text, "You are signed in") {
				t.Errorf("the customer himself, afterwards: %d %s", page.Status, page.Text)
			}
			if page := o.open(answer.RequestURI()); page.Status != http.StatusBadRequest {
				t.Errorf("a second time: %d %s", page.Status, page.Text)
			}
		},
		"whoever has an answer of the bank to a linking": func(t *testing.T, o *visitor) {
			w := h.walker(t, "alexa")
			answer, err := url.Parse(w.answered())
			if err != nil {
				t.Fatal(err)
			}
			if page := o.open(answer.RequestURI()); page.Status != http.StatusBadRequest {
				t.Errorf("%d %s", page.Status, page.Text)
			}
		},
		"whoever says no at the bank": func(t *testing.T, o *visitor) {
			page := o.atBank()
			if page = o.submit(page.Forms[0], url.Values{"decision": {"deny"}}); !strings.Contains(page.Text, "You said no at your bank") {
				t.Errorf("%s", page.Text)
			}
		},
		"whoever chooses a bank that is not there": func(t *testing.T, o *visitor) {
			if page := o.do(url.Values{"bank": {"evil"}, "decision": {"sign-in"}}); !strings.Contains(page.Text, "Please choose a bank") {
				t.Errorf("%s", page.Text)
			}
		},
		"whoever comes back after a quarter of an hour": func(t *testing.T, o *visitor) {
			o.signIn()
			h.pass(15 * time.Minute)
			if page := o.do(url.Values{"link": {target}, "decision": {"erase"}}); !strings.Contains(page.Text, "You were signed out") {
				t.Errorf("%s", page.Text)
			}
		},
		"whoever comes to the browser after the customer has signed out": func(t *testing.T, o *visitor) {
			o.signIn()
			if page := o.do(url.Values{"decision": {"sign-out"}}); !strings.Contains(page.Text, "You are signed out") {
				t.Errorf("%s", page.Text)
			}
			if page := o.do(url.Values{"link": {target}, "decision": {"erase"}}); !strings.Contains(page.Text, "You were signed out") {
				t.Errorf("%s", page.Text)
			}
		},
		"whoever guesses the code of a receipt": func(t *testing.T, o *visitor) {
			for _, code := range []string{"x", strings.Repeat("x", 43), target, "%27%3B", strings.Repeat("x", 3000)} {
				if page := o.open("/forgotten/" + code); page.Status != http.StatusNotFound {
					t.Errorf("%.50s: %d %s", code, page.Status, page.Text)
				}
			}
		},
		"whoever sends what no form has": func(t *testing.T, o *visitor) {
			o.signIn()
			for _, v := range []url.Values{{"decision": {"own it"}}, {}} {
				if page := o.do(v); page.Status != http.StatusBadRequest {
					t.Errorf("%v: %d %s", v, page.Status, page.Text)
				}
			}
			if page := o.do(url.Values{"link": {target}, "decision": {"narrow"}}); !strings.Contains(page.Text, "At least one thing must stay") {
				t.Errorf("%s", page.Text)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			try(t, newVisitor(t, h.PublicURL(), victim.person))
			untouched(t)
		})
	}
}

// Each sign-in is a consent made at a bank, so nobody can have them made without end.
func TestWhoSignsInTooOftenIsToldToComeBack(t *testing.T) {
	t.Parallel()
	h := open(t)
	for range 1100 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.PublicURL()+"/my", strings.NewReader("decision=sign-in&bank=evil"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if status, _ := send(t, r); status == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("nobody is told to come back")
}

// A page of another site cannot press a button of a customer who is signed in, nor sign him in as somebody else.
func TestAnotherSiteCannotActOnACustomersPage(t *testing.T) {
	t.Parallel()
	h := open(t)
	for name, header := range map[string]http.Header{
		"another site":                        {"Sec-Fetch-Site": {"cross-site"}},
		"another host of the same site":       {"Sec-Fetch-Site": {"same-site"}},
		"an origin that is not ours":          {"Origin": {"https://evil.example"}},
		"a page without an origin of its own": {"Origin": {"null"}},
	} {
		for _, decision := range []string{"sign-in", "sign-out", "narrow", "stop", "clear", "wipe", "forget", "erase"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.PublicURL()+"/my", strings.NewReader("decision="+decision+"&bank=albion&link=x"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header = header.Clone()
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if status, body := send(t, r); status != http.StatusForbidden {
				t.Errorf("%s, %s: %d %s", name, decision, status, body)
			}
		}
	}
}

// Whoever could plant cookies in a customer's browser still does not know the session that a sign-in gives.
func TestAPlantedCookieIsNoSession(t *testing.T) {
	t.Parallel()
	h := open(t)
	o := h.visitor(t, "ada")
	jar := o.browser.Cookies()
	base, err := url.Parse(h.PublicURL())
	if err != nil {
		t.Fatal(err)
	}
	planted := strings.Repeat("p", 43)
	jar.SetCookies(base, []*http.Cookie{{Name: "sotto", Value: planted, Path: "/"}, {Name: "sotto-my", Value: planted, Path: "/"}})
	o.signIn()
	kept := map[string]string{}
	for _, c := range jar.Cookies(base) {
		kept[c.Name] = c.Value
	}
	if kept["sotto-my"] == "" || kept["sotto-my"] == planted {
		t.Errorf("the session is %q", kept["sotto-my"])
	}
	other := newVisitor(t, o.base, o.person)
	other.browser.Cookies().SetCookies(base, []*http.Cookie{{Name: "sotto", Value: planted, Path: "/"}, {Name: "sotto-my", Value: planted, Path: "/"}})
	if page := other.open("/my"); !page.Forms[0].Has("bank") {
		t.Errorf("a planted session is good: %s", page.Text)
	}
}

func TestAnOperatorErasesALinkOrACustomer(t *testing.T) {
	t.Parallel()
	h := open(t)
	cfg := server.Config{Dev: true, State: h.state}
	linkTwice := func() (*speaker, []string, *visitor) {
		s, o := h.speaker(t), h.visitor(t, "ada")
		h.speaker(t).link("ada", nil)
		h.pass(time.Minute)
		s.link("ada", nil)
		return s, links(o.signIn()), o
	}
	s, ids, o := linkTwice()
	var export struct {
		Customer string `json:"customer"`
	}
	if err := json.Unmarshal([]byte(o.open("/my/export").Source), &export); err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string][2]string{"no such link": {"x", ""}, "no such customer": {"", "x"}, "a customer by another's name": {"", export.Customer[1:] + "A"}} {
		if got, err := server.Erase(t.Context(), cfg, zap.NewNop(), h.wall.Now, try[0], try[1]); len(got) != 0 || !errors.Is(err, linking.ErrNotLinked) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for range 2 { // the second time, it is the same receipt
		got, err := server.Erase(t.Context(), cfg, zap.NewNop(), h.wall.Now, ids[0], "")
		if err != nil || len(got) != 1 || o.open("/forgotten/"+got[0].Code).Status != http.StatusOK {
			t.Fatalf("%v, %v", got, err)
		}
	}
	if heard := s.say("what's my balance"); !heard.LinkCard {
		t.Errorf("an erased link answers: %s", heard.SSML)
	}
	if left := links(o.open("/my")); len(left) != 1 || left[0] != ids[1] {
		t.Errorf("left: %v of %v", left, ids)
	}
	if got, err := server.Erase(t.Context(), cfg, zap.NewNop(), h.wall.Now, "", export.Customer); err != nil || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	if page := o.open("/my"); len(links(page)) != 0 || !strings.Contains(page.Text, "Nothing is linked with your login at Albion Bank") {
		t.Errorf("%s", page.Text)
	}
}
