package mockbank_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"sotto/banking/mockbank"
)

func TestWhoIsNotProvenIsNotRedirected(t *testing.T) {
	b := openBank(t, nil)
	id := b.consent(allPermissions(), nil)
	rsaKey, _ := clientKeys(t)
	elsewhere := b.signedClaims(b.consentFor("jwt"))
	elsewhere["redirect_uri"] = "https://mallory.example/callback"
	for name, v := range map[string]url.Values{
		"an unknown client":                        with(plain(id), "client_id", "nobody"),
		"no client":                                with(plain(id), "client_id", ""),
		"a redirect URI of a stranger":             with(plain(id), "redirect_uri", "https://mallory.example/callback"),
		"a redirect URI with a path behind":        with(plain(id), "redirect_uri", callback+"/x"),
		"a redirect URI with a query behind":       with(plain(id), "redirect_uri", callback+"?x=1"),
		"a redirect URI in other letters":          with(plain(id), "redirect_uri", strings.ToUpper(callback)),
		"a redirect URI with a user in it":         with(plain(id), "redirect_uri", "http://127.0.0.1:8080@mallory.example/link/callback"),
		"no redirect URI":                          with(plain(id), "redirect_uri", ""),
		"a parameter that stands twice":            {"client_id": {"basic", "basic"}, "redirect_uri": {callback}},
		"a signed request with a stranger's URI":   {"client_id": {"jwt"}, "request": {signed(t, jwt.SigningMethodPS256, "rsa", rsaKey, elsewhere)}},
		"an unsigned request object and no URI":    {"client_id": {"jwt"}, "request": {"e30.e30."}},
		"a script where the client's name belongs": with(plain(id), "client_id", "<script>"),
	} {
		t.Run(name, func(t *testing.T) {
			p := b.browser()
			p.open(b.authorizeURL(v))
			if p.code != http.StatusBadRequest || p.head.Get("Location") != "" || strings.Contains(p.page, "mallory") || strings.Contains(p.page, "<script>") {
				t.Errorf("got %d, Location %q", p.code, p.head.Get("Location"))
			}
		})
	}
}

func with(v url.Values, name, value string) url.Values {
	v.Set(name, value)
	return v
}

func TestABadRequestGoesBackWithItsState(t *testing.T) {
	b := openBank(t, nil)
	id := b.consent(allPermissions(), nil)
	foreign := b.consentFor("jwt")
	deleted := b.consent(allPermissions(), nil)
	b.deleteConsent(deleted)
	for name, c := range map[string]struct {
		v    url.Values
		want string
	}{
		"no response type":                            {with(plain(id), "response_type", ""), "unsupported_response_type"},
		"an implicit token":                           {with(plain(id), "response_type", "token"), "unsupported_response_type"},
		"a hybrid request that is not signed":         {with(plain(id), "response_type", "code id_token"), "unsupported_response_type"},
		"a downgrade to no PKCE":                      {with(plain(id), "code_challenge", ""), "invalid_request"},
		"a downgrade to plain PKCE":                   {with(plain(id), "code_challenge_method", "plain"), "invalid_request"},
		"a challenge of the wrong length":             {with(plain(id), "code_challenge", "short"), "invalid_request"},
		"no openid":                                   {with(plain(id), "scope", "accounts"), "invalid_scope"},
		"more than accounts":                          {with(plain(id), "scope", "openid accounts payments"), "invalid_scope"},
		"no nonce":                                    {with(plain(id), "nonce", ""), "invalid_request"},
		"a sign-in without the customer":              {with(plain(id), "prompt", "none"), "login_required"},
		"a response mode nobody knows":                {with(plain(id), "response_mode", "web_message"), "invalid_request"},
		"a request by reference":                      {with(plain(id), "request_uri", "https://mallory.example/r"), "request_uri_not_supported"},
		"no consent":                                  {with(plain(id), "claims", ""), "invalid_request"},
		"claims that are no JSON":                     {with(plain(id), "claims", "{"), "invalid_request"},
		"claims that say two things":                  {with(plain(id), "claims", `{"id_token":{},"id_token":{}}`), "invalid_request"},
		"a consent that was never made":               {with(plain(id), "claims", claims("aac-0")), "invalid_request"},
		"a consent of another client":                 {with(plain(id), "claims", claims(foreign)), "invalid_request"},
		"a consent that was deleted":                  {with(plain(id), "claims", claims(deleted)), "invalid_request"},
		"an unsigned request of a client that signs":  {with(plain(foreign), "client_id", "jwt"), "invalid_request"},
		"a nonce that is longer than anyone can keep": {with(plain(id), "nonce", strings.Repeat("n", 2000)), "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			p := b.browser()
			p.open(b.authorizeURL(c.v))
			got := p.at.Query()
			if p.at.Fragment != "" { // where the answer to a hybrid request belongs
				got, _ = url.ParseQuery(p.at.EscapedFragment())
			}
			if !strings.HasPrefix(p.at.String(), callback) || got.Get("error") != c.want || got.Get("state") != "st&te" || got.Get("iss") != b.url+"/albion" {
				t.Errorf("got %d %s", p.code, p.at)
			}
		})
	}
}

func TestASignedRequestIsProven(t *testing.T) {
	b := openBank(t, nil)
	rsaKey, ecKey := clientKeys(t)
	now := b.clock.Now()
	set := func(name string, v any) func(jwt.MapClaims) { return func(c jwt.MapClaims) { c[name] = v } }
	remove := func(name string) func(jwt.MapClaims) { return func(c jwt.MapClaims) { delete(c, name) } }
	for name, c := range map[string]struct {
		spoil func(jwt.MapClaims)
		sign  func(jwt.MapClaims) string
		want  string
	}{
		"as it should be":                        {nil, nil, ""},
		"for another bank":                       {set("aud", "https://other.example"), nil, "invalid_request_object"},
		"issued by another":                      {set("iss", "basic"), nil, "invalid_request_object"},
		"for another client":                     {set("client_id", "basic"), nil, "invalid_request_object"},
		"expired":                                {set("exp", now.Add(-time.Minute).Unix()), nil, "invalid_request_object"},
		"that never expires":                     {remove("exp"), nil, "invalid_request_object"},
		"that begins nowhere":                    {remove("nbf"), nil, "invalid_request_object"},
		"not yet good":                           {set("nbf", now.Add(time.Minute).Unix()), nil, "invalid_request_object"},
		"good for two hours":                     {set("exp", now.Add(2*time.Hour).Unix()), nil, "invalid_request_object"},
		"with another redirect URI inside":       {set("redirect_uri", callback+"?from=albion"), nil, "invalid_request_object"},
		"for a code alone":                       {set("response_type", "code"), nil, "unsupported_response_type"},
		"answered in the query":                  {set("response_mode", "query"), nil, "invalid_request"},
		"with PKCE that is no S256":              {set("code_challenge", "x"), nil, "invalid_request"},
		"with a scope smuggled in":               {set("scope", "openid accounts payments"), nil, "invalid_scope"},
		"signed with ES256, which is not listed": {nil, func(m jwt.MapClaims) string { return signed(t, jwt.SigningMethodES256, "ec", ecKey, m) }, "invalid_request_object"},
		"signed with RS256, which is not listed": {nil, func(m jwt.MapClaims) string { return signed(t, jwt.SigningMethodRS256, "rsa", rsaKey, m) }, "invalid_request_object"},
		"not signed": {nil, func(m jwt.MapClaims) string {
			return signed(t, jwt.SigningMethodNone, "rsa", jwt.UnsafeAllowNoneSignatureType, m)
		}, "invalid_request_object"},
		"changed after it was signed": {nil, func(m jwt.MapClaims) string {
			parts := strings.Split(signed(t, jwt.SigningMethodPS256, "rsa", rsaKey, m), ".")
			m["scope"] = "openid accounts everything"
			other := strings.Split(signed(t, jwt.SigningMethodPS256, "rsa", rsaKey, m), ".")
			return parts[0] + "." + other[1] + "." + parts[2]
		}, "invalid_request_object"},
	} {
		t.Run(name, func(t *testing.T) {
			claims := b.signedClaims(b.consentFor("jwt"))
			claims["response_mode"] = "fragment"
			if c.spoil != nil {
				c.spoil(claims)
			}
			sign := c.sign
			if sign == nil {
				sign = func(m jwt.MapClaims) string { return signed(t, jwt.SigningMethodPS256, "rsa", rsaKey, m) }
			}
			p := b.browser()
			p.open(b.authorizeURL(url.Values{
				"client_id": {"jwt"}, "redirect_uri": {callback}, "state": {"st&te"}, "response_type": {"code id_token"},
				"scope": {"openid accounts"}, "request": {sign(claims)},
			}))
			if c.want == "" {
				if p.code != http.StatusOK || !strings.Contains(p.page, "Sign in") {
					t.Errorf("got %d %s", p.code, p.at)
				}
				return
			}
			where := p.at.Query()
			if p.at.Fragment != "" {
				where, _ = url.ParseQuery(p.at.EscapedFragment())
			}
			if where.Get("error") != c.want || where.Get("state") != "st&te" {
				t.Errorf("got %d %s", p.code, p.at)
			}
		})
	}
}

func TestAFormPostIsRefusedWhereItIsNotListed(t *testing.T) {
	b := openBank(t, func(o *mockbank.Options) { o.NoFormPost = true })
	rsaKey, _ := clientKeys(t)
	p := b.browser()
	p.open(b.authorizeURL(url.Values{"client_id": {"jwt"}, "request": {signed(t, jwt.SigningMethodPS256, "rsa", rsaKey, b.signedClaims(b.consentFor("jwt")))}}))
	if p.code == http.StatusOK && strings.Contains(p.page, "Sign in") {
		t.Error("went on")
	}
	meta := b.do(b.request(http.MethodGet, "/albion/.well-known/openid-configuration", ""))
	if strings.Contains(string(meta.body), "form_post") {
		t.Error("listed all the same")
	}
}
