package mockbank_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestACustomerSharesOneAccount(t *testing.T) {
	b := openBank(t, nil)
	id := b.consent(allPermissions(), nil)
	p := b.browser()
	p.open(b.authorizeURL(plain(id)))
	checkPage(t, p)
	p.submit(url.Values{"username": {"grace"}, "password": {password}})
	checkPage(t, p)
	p.submit(url.Values{"code": {b.otp(b.clock.Now())}})
	checkPage(t, p)
	for _, want := range []string{"Albion Bank", "Sotto", "Rainy Day", "Your balances and limits", "never move your money"} {
		if !strings.Contains(p.page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, a := range b.srv.Accounts("grace") {
		if strings.Contains(p.page, a.Number) {
			t.Error("the page shows a whole account number")
		}
	}
	savings := b.accountIDs("grace")[1]
	p.submit(url.Values{"decision": {"approve"}, "account": {savings}})
	got := p.at.Query()
	if !strings.HasPrefix(p.at.String(), callback+"?") || got.Get("state") != "st&te" || got.Get("iss") != b.url+"/albion" || got.Has("error") {
		t.Fatalf("got %d %s", p.code, p.at)
	}
	if status := b.consentStatus(id); status != "Authorised" {
		t.Errorf("the consent is %s", status)
	}
	tok := b.exchange(got.Get("code"))
	list := decode[accountsAnswer](t, b.get(tok.Access, "/accounts").body)
	if len(list.Data.Account) != 1 || list.Data.Account[0].AccountID != savings {
		t.Errorf("got %v", list.Data.Account)
	}
}

type accountsAnswer struct {
	Data struct {
		Account []struct {
			AccountID                          string `json:"AccountId"`
			Nickname, AccountSubType, Currency string
			Account                            []struct{ SchemeName, Identification, Name string }
		}
	}
}

var inputs = regexp.MustCompile(`<input id="([^"]+)"`)

// checkPage looks for what every page promises: nothing runs on it, nobody
// frames it, no cache keeps it, every field has a label.
func checkPage(t *testing.T, p *browser) {
	t.Helper()
	policy := p.head.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %q: %s", want, policy)
		}
	}
	if p.code != http.StatusOK || p.head.Get("Cache-Control") != "no-store" || p.head.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got %d, %v", p.code, p.head)
	}
	if strings.Contains(p.page, "<script") || strings.Contains(p.page, "style=") || !strings.Contains(p.page, `<html lang="en-GB">`) {
		t.Error("the page has a script, an inline style, or no language")
	}
	for _, m := range inputs.FindAllStringSubmatch(p.page, -1) {
		if !strings.Contains(p.page, `for="`+m[1]+`"`) {
			t.Errorf("field %s has no label", m[1])
		}
	}
}

func TestTheSessionCookieIsCareful(t *testing.T) {
	b := openBank(t, nil)
	a := b.do(b.request(http.MethodGet, b.authorizeURL(plain(b.consent(allPermissions(), nil))), ""))
	cookie := a.header.Get("Set-Cookie")
	for _, want := range []string{"albion_browser=", "HttpOnly", "SameSite=Lax", "Path=/albion"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie lacks %s", want)
		}
	}
}

func TestWrongPasswordsAndCodes(t *testing.T) {
	b := openBank(t, nil)
	now := b.clock.Now()
	begin := func() (*browser, string) {
		id := b.consent(allPermissions(), nil)
		p := b.browser()
		p.open(b.authorizeURL(plain(id)))
		return p, id
	}
	for name, v := range map[string]url.Values{
		"a wrong password is refused":                      {"username": {"ada"}, "password": {"guess"}},
		"an empty password is refused":                     {"username": {"ada"}},
		"an unknown name is refused with the same words":   {"username": {"mallory"}, "password": {password}},
		"a code without a password does not skip the step": {"code": {b.otp(now)}},
		"an approval does not skip the steps":              {"decision": {"approve"}, "account": b.accountIDs("ada")},
		"a script for a name is written, not run":          {"username": {"<script>alert(1)</script>"}, "password": {"x"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := begin()
			p.submit(v)
			if p.code != http.StatusUnprocessableEntity || !strings.Contains(p.page, "username and password don’t match") || strings.Contains(p.page, "<script>") {
				t.Errorf("got %d", p.code)
			}
		})
	}
	for name, c := range map[string]struct {
		at time.Time
		ok bool
	}{
		"the code of now is taken":                     {now, true},
		"the code of the step before is taken":         {now.Add(-30 * time.Second), true},
		"the code of the step after is taken":          {now.Add(30 * time.Second), true},
		"a code seen over a shoulder a minute ago not": {now.Add(-time.Minute), false},
		"a code of a minute from now not":              {now.Add(time.Minute), false},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := begin()
			p.submit(url.Values{"username": {"ada"}, "password": {password}})
			p.submit(url.Values{"code": {b.otp(c.at)}})
			if got := strings.Contains(p.page, "Share with"); got != c.ok {
				t.Errorf("taken %v, want %v", got, c.ok)
			}
		})
	}
	t.Run("a guesser is sent back after five tries, and the consent waits", func(t *testing.T) {
		p, id := begin()
		for range 5 {
			p.submit(url.Values{"username": {"zoe"}, "password": {"guess"}})
		}
		if p.at.Query().Get("error") != "access_denied" || p.at.Query().Get("state") != "st&te" {
			t.Errorf("got %d %s", p.code, p.at)
		}
		if status := b.consentStatus(id); status != "AwaitingAuthorisation" {
			t.Errorf("the consent is %s", status)
		}
	})
	t.Run("a guesser with many sign-ins locks the customer, for a while", func(t *testing.T) {
		for range 4 {
			p, _ := begin()
			for range 5 {
				p.submit(url.Values{"username": {"linus"}, "password": {"guess"}})
			}
		}
		p, _ := begin()
		p.submit(url.Values{"username": {"linus"}, "password": {password}})
		if p.code != http.StatusUnprocessableEntity {
			t.Errorf("the right password is taken after 20 wrong ones: %d", p.code)
		}
		b.clock.Pass(16 * time.Minute)
		p, _ = begin()
		p.signIn("linus")
		if !strings.Contains(p.page, "Share with") {
			t.Errorf("still locked: %d", p.code)
		}
	})
}

func TestASignInBelongsToOneBrowser(t *testing.T) {
	b := openBank(t, nil)
	victim := b.browser()
	victim.open(b.authorizeURL(plain(b.consent(allPermissions(), nil))))
	victim.signIn("ada")
	thief := b.browser()
	thief.open(b.authorizeURL(plain(b.consent(allPermissions(), nil))))
	thief.page = victim.page // has seen the address of the form
	thief.submit(url.Values{"decision": {"approve"}, "account": b.accountIDs("ada")})
	if thief.code != http.StatusGone {
		t.Errorf("another browser went on with the sign-in: %d %s", thief.code, thief.at)
	}
	stale := victim.page
	victim.submit(url.Values{"decision": {"approve"}, "account": b.accountIDs("ada")})
	victim.page = stale
	victim.submit(url.Values{"decision": {"approve"}, "account": b.accountIDs("ada")})
	if victim.code != http.StatusGone {
		t.Errorf("a sign-in gave two codes: %d", victim.code)
	}
	late := b.browser()
	late.open(b.authorizeURL(plain(b.consent(allPermissions(), nil))))
	b.clock.Pass(11 * time.Minute)
	late.submit(url.Values{"username": {"ada"}, "password": {password}})
	if late.code != http.StatusGone {
		t.Errorf("a sign-in of eleven minutes ago goes on: %d", late.code)
	}
}

func TestDecisions(t *testing.T) {
	b := openBank(t, nil)
	begin := func(id string) *browser {
		p := b.browser()
		p.open(b.authorizeURL(plain(id)))
		p.signIn("ada")
		return p
	}
	t.Run("a denial goes back with the state, and the consent is rejected", func(t *testing.T) {
		id := b.consent(allPermissions(), nil)
		p := begin(id)
		p.submit(url.Values{"decision": {"deny"}, "account": b.accountIDs("ada")})
		if p.at.Query().Get("error") != "access_denied" || p.at.Query().Get("state") != "st&te" || p.at.Query().Has("code") {
			t.Errorf("got %s", p.at)
		}
		if status := b.consentStatus(id); status != "Rejected" {
			t.Errorf("the consent is %s", status)
		}
		p = b.browser()
		p.open(b.authorizeURL(plain(id)))
		if p.at.Query().Get("error") != "invalid_request" {
			t.Errorf("a rejected consent can be tried again: %d %s", p.code, p.at)
		}
	})
	t.Run("a sign-in can be left at the first page", func(t *testing.T) {
		id := b.consent(allPermissions(), nil)
		p := b.browser()
		p.open(b.authorizeURL(plain(id)))
		p.submit(url.Values{"decision": {"deny"}, "username": {""}, "password": {""}})
		if p.at.Query().Get("error") != "access_denied" || b.consentStatus(id) != "Rejected" {
			t.Errorf("got %s, %s", p.at, b.consentStatus(id))
		}
	})
	for name, v := range map[string]url.Values{
		"no account is no approval":                {"decision": {"approve"}},
		"another customer's account is no account": {"decision": {"approve"}, "account": append(b.accountIDs("ada"), b.accountIDs("zoe")...)},
		"an account twice is not two":              {"decision": {"approve"}, "account": slices.Repeat(b.accountIDs("ada"), 2)},
		"no decision is no approval":               {"account": b.accountIDs("ada")},
	} {
		t.Run(name, func(t *testing.T) {
			id := b.consent(allPermissions(), nil)
			p := begin(id)
			p.submit(v)
			if p.code != http.StatusUnprocessableEntity || b.consentStatus(id) != "AwaitingAuthorisation" {
				t.Errorf("got %d, consent %s", p.code, b.consentStatus(id))
			}
		})
	}
	t.Run("a consent that stands can be confirmed by its customer, and by nobody else", func(t *testing.T) {
		id := b.consent(allPermissions(), nil)
		first := b.exchange(b.approve("ada", id))
		second := b.exchange(b.approve("ada", id))
		for _, tok := range []string{first.Access, second.Access} {
			if a := b.get(tok, "/accounts"); a.status != http.StatusOK {
				t.Errorf("got %d", a.status)
			}
		}
		p := b.browser()
		p.open(b.authorizeURL(plain(id)))
		p.signIn("zoe")
		p.submit(url.Values{"decision": {"approve"}, "account": b.accountIDs("zoe")})
		if p.at.Query().Get("error") != "access_denied" {
			t.Errorf("another customer took the consent over: %s", p.at)
		}
		p = begin(id)
		p.submit(url.Values{"decision": {"deny"}})
		if status := b.consentStatus(id); status != "Authorised" {
			t.Errorf("a denial of a confirmation ended the consent: %s", status)
		}
	})
}

func TestTheIDTokenSaysWhoAndWhatFor(t *testing.T) {
	b := openBank(t, nil)
	rsaKey, _ := clientKeys(t)
	id := b.consentFor("jwt")
	p := b.browser()
	p.open(b.authorizeURL(url.Values{"client_id": {"jwt"}, "request": {signed(t, jwt.SigningMethodPS256, "rsa", rsaKey, b.signedClaims(id))}}))
	p.signIn("ada")
	p.submit(url.Values{"decision": {"approve"}, "account": b.accountIDs("ada")})
	fields := hidden(p.page)
	if p.code != http.StatusOK || fields.Get("state") != "st&te" || action.FindStringSubmatch(p.page)[1] != callback {
		t.Fatalf("no form back to the client: %d %s", p.code, p.page)
	}
	front := b.readIDToken(fields.Get("id_token"), "jwt")
	if front["c_hash"] == nil || front["s_hash"] == nil || front["nonce"] != "n0nce" || front["openbanking_intent_id"] != id {
		t.Errorf("the front id_token has %v", front)
	}
	a := b.postAs(url.Values{
		"grant_type": {"authorization_code"}, "code": {fields.Get("code")}, "redirect_uri": {callback},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {b.assertion(nil)},
	})
	back := b.readIDToken(decode[tokens](t, a.body).ID, "jwt")
	plainOne := b.readIDToken(b.link("ada", allPermissions(), nil).ID, "basic")
	other := b.readIDToken(b.link("zoe", allPermissions(), nil).ID, "basic")
	if front["sub"] != back["sub"] || back["sub"] != plainOne["sub"] || other["sub"] == back["sub"] || strings.Contains(back["sub"].(string), "ada") {
		t.Errorf("subjects: %v %v %v %v", front["sub"], back["sub"], plainOne["sub"], other["sub"])
	}
	if back["acr"] != "urn:openbanking:psd2:sca" || back["auth_time"] == nil {
		t.Errorf("got %v", back)
	}
	want := float64(b.clock.Now().Add(180 * 24 * time.Hour).Unix())
	if back["http://openbanking.org.uk/refresh_token_expires_at"] != want {
		t.Errorf("the refresh token's end is %v, want %v", back["http://openbanking.org.uk/refresh_token_expires_at"], want)
	}
}

var hiddenInput = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

func hidden(page string) url.Values {
	out := url.Values{}
	for _, m := range hiddenInput.FindAllStringSubmatch(page, -1) {
		out.Add(m[1], strings.NewReplacer("&amp;", "&", "&#43;", "+").Replace(m[2]))
	}
	return out
}
