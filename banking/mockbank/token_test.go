package mockbank_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"sotto/banking/mockbank"
)

func clientCredentials(extra ...string) url.Values {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"accounts"}}
	for i := 0; i < len(extra); i += 2 {
		form.Set(extra[i], extra[i+1])
	}
	return form
}

func TestClientsProveThemselves(t *testing.T) {
	b := openBank(t, nil)
	const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	rsaKey, ecKey := clientKeys(t)
	assert := func(change func(jwt.MapClaims)) url.Values {
		return clientCredentials("client_assertion_type", jwtBearer, "client_assertion", b.assertion(change))
	}
	set := func(name string, v any) func(jwt.MapClaims) { return func(c jwt.MapClaims) { c[name] = v } }
	stolen := b.assertion(nil)
	if a := b.postAs(clientCredentials("client_assertion_type", jwtBearer, "client_assertion", stolen)); a.status != http.StatusOK {
		t.Fatalf("a good assertion: %d", a.status)
	}
	now := b.clock.Now()
	good := jwt.MapClaims{"iss": "jwt", "sub": "jwt", "aud": b.url + "/albion/token", "jti": "1", "exp": now.Add(time.Minute).Unix()}
	for name, c := range map[string]struct {
		header string
		form   url.Values
		want   int
	}{
		"a secret in the header":                               {basic(), clientCredentials(), 200},
		"a secret in the body":                                 {"", clientCredentials("client_id", "post", "client_secret", "posted"), 200},
		"an assertion signed with ES256":                       {"", assert(nil), 200},
		"an assertion for the token URL signed with PS256":     {"", clientCredentials("client_assertion_type", jwtBearer, "client_assertion", signed(t, jwt.SigningMethodPS256, "rsa", rsaKey, good)), 200},
		"a stranger without papers is refused":                 {"", clientCredentials(), 401},
		"a name alone is refused":                              {"", clientCredentials("client_id", "post"), 401},
		"a wrong secret is refused":                            {"", clientCredentials("client_id", "post", "client_secret", "Posted"), 401},
		"an unknown client is refused":                         {"", clientCredentials("client_id", "nobody", "client_secret", "posted"), 401},
		"a good secret by another method is refused":           {"", clientCredentials("client_id", "basic", "client_secret", "s3cr:t +%"), 401},
		"two proofs at once are refused":                       {basic(), clientCredentials("client_id", "basic", "client_secret", "s3cr:t +%"), 401},
		"a header for one client and a name of another":        {basic(), clientCredentials("client_id", "post"), 401},
		"a header that is no Basic is refused":                 {"Bearer x", clientCredentials(), 401},
		"a header that is not base64 is refused":               {"Basic %%%", clientCredentials(), 401},
		"a stolen assertion used again is refused":             {"", clientCredentials("client_assertion_type", jwtBearer, "client_assertion", stolen), 401},
		"an assertion of another type is refused":              {"", clientCredentials("client_assertion_type", "urn:x", "client_assertion", b.assertion(nil)), 401},
		"an assertion for another bank is refused":             {"", assert(set("aud", "https://other.example")), 401},
		"an assertion in another's name is refused":            {"", assert(set("sub", "basic")), 401},
		"an assertion issued by another is refused":            {"", assert(set("iss", "basic")), 401},
		"an expired assertion is refused":                      {"", assert(set("exp", now.Add(-time.Minute).Unix())), 401},
		"an assertion that never expires is refused":           {"", assert(func(c jwt.MapClaims) { delete(c, "exp") }), 401},
		"an assertion good for a day is refused":               {"", assert(set("exp", now.Add(24*time.Hour).Unix())), 401},
		"an assertion from the future is refused":              {"", assert(set("iat", now.Add(time.Hour).Unix())), 401},
		"an assertion without a name of its own is refused":    {"", assert(func(c jwt.MapClaims) { delete(c, "jti") }), 401},
		"an assertion with a key that is not there is refused": {"", clientCredentials("client_assertion_type", jwtBearer, "client_assertion", signed(t, jwt.SigningMethodES256, "none", ecKey, good)), 401},
		"an assertion with the key of another kind is refused": {"", clientCredentials("client_assertion_type", jwtBearer, "client_assertion", signed(t, jwt.SigningMethodES256, "rsa", ecKey, good)), 401},
		"an unsigned assertion is refused":                     {"", clientCredentials("client_assertion_type", jwtBearer, "client_assertion", signed(t, jwt.SigningMethodNone, "ec", jwt.UnsafeAllowNoneSignatureType, good)), 401},
		"an assertion signed with the public key is refused":   {"", clientCredentials("client_assertion_type", jwtBearer, "client_assertion", signed(t, jwt.SigningMethodHS256, "rsa", rsaKey.N.Bytes(), good)), 401},
		"an endless assertion is refused":                      {"", clientCredentials("client_assertion_type", jwtBearer, "client_assertion", strings.Repeat("a.", 20_000)), 401},
		"a scope that is not the bank's is refused":            {basic(), clientCredentials("scope", "payments"), 400},
		"a grant that is not offered is refused":               {basic(), clientCredentials("grant_type", "password"), 400},
	} {
		t.Run(name, func(t *testing.T) {
			req := b.request(http.MethodPost, "/albion/token", c.form.Encode())
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if c.header != "" {
				req.Header.Set("Authorization", c.header)
			}
			a := b.do(req)
			if a.status != c.want {
				t.Errorf("got %d, want %d: %s", a.status, c.want, a.body)
			}
			if a.header.Get("Cache-Control") != "no-store" {
				t.Error("the answer may be stored")
			}
			if got := decode[tokens](t, a.body); c.want == 200 && (got.Expires != 300 || got.Type != "Bearer" || got.Refresh != "") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestACertificateProvesAClient(t *testing.T) {
	cert := &x509.Certificate{Subject: pkix.Name{CommonName: "sotto", Organization: []string{"Sotto"}}, Raw: []byte("certificate")}
	other := &x509.Certificate{Subject: pkix.Name{CommonName: "mallory"}, Raw: []byte("another")}
	b := openBank(t, func(o *mockbank.Options) {
		o.Clients = append(o.Clients,
			mockbank.Client{ID: "tls", Name: "T", Auth: mockbank.AuthTLS, TLSSubject: "CN=sotto,O=Sotto", RedirectURIs: []string{callback}},
			mockbank.Client{
				ID: "print", Name: "P", Auth: mockbank.AuthTLS, RedirectURIs: []string{callback},
				TLSThumbprint: "03d66dd08835c1ca3f128cceacd1f31ac94163096b20f445ae84285bc0832d72",
			})
	})
	for name, c := range map[string]struct {
		client string
		cert   *x509.Certificate
		extra  []string
		want   int
	}{
		"the subject that is registered":                      {"tls", cert, nil, 200},
		"another's certificate is refused":                    {"tls", other, nil, 401},
		"no certificate is refused":                           {"tls", nil, nil, 401},
		"the thumbprint that is registered":                   {"print", cert, nil, 200},
		"a certificate of another thumbprint is refused":      {"print", other, nil, 401},
		"a certificate does not stand in for a secret":        {"post", cert, nil, 401},
		"a certificate and a secret at once are one too many": {"tls", cert, []string{"client_secret", "x"}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			form := clientCredentials(append(c.extra, "client_id", c.client)...)
			req := httptest.NewRequest(http.MethodPost, "/albion/token", strings.NewReader(form.Encode()))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.TLS = &tls.ConnectionState{}
			if c.cert != nil {
				req.TLS.PeerCertificates = []*x509.Certificate{c.cert}
			}
			rec := httptest.NewRecorder()
			b.srv.ServeHTTP(rec, req)
			if rec.Code != c.want {
				t.Errorf("got %d, want %d", rec.Code, c.want)
			}
		})
	}
}

func TestFormsAreReadStrictly(t *testing.T) {
	b := openBank(t, nil)
	for name, c := range map[string]struct{ contentType, body string }{
		"a parameter that stands twice is refused": {"application/x-www-form-urlencoded", "grant_type=client_credentials&grant_type=refresh_token&scope=accounts"},
		"JSON is refused":                          {"application/json", `{"grant_type":"client_credentials"}`},
		"a body without a type is refused":         {"", "grant_type=client_credentials&scope=accounts"},
		"a body too large is refused":              {"application/x-www-form-urlencoded", "grant_type=" + strings.Repeat("x", 70_000)},
		"a body that is no form is refused":        {"application/x-www-form-urlencoded", "%zz=1"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/albion/token", "/albion/revoke"} {
				req := b.request(http.MethodPost, path, c.body)
				req.Header.Set("Authorization", basic())
				if c.contentType != "" {
					req.Header.Set("Content-Type", c.contentType)
				}
				if a := b.do(req); a.status != http.StatusBadRequest {
					t.Errorf("%s: got %d", path, a.status)
				}
			}
		})
	}
}

func TestACodeIsExchangedOnceByTheOneItWasMadeFor(t *testing.T) {
	b := openBank(t, nil)
	for name, spoil := range map[string]func(url.Values){
		"a stolen code without the verifier is refused":      func(v url.Values) { v.Del("code_verifier") },
		"a stolen code with a guessed verifier is refused":   func(v url.Values) { v.Set("code_verifier", strings.Repeat("x", 43)) },
		"a verifier too short to be one is refused":          func(v url.Values) { v.Set("code_verifier", "short") },
		"a code for another redirect URI is refused":         func(v url.Values) { v.Set("redirect_uri", callback+"?from=albion") },
		"a code without a redirect URI is refused":           func(v url.Values) { v.Del("redirect_uri") },
		"a made-up code is refused":                          func(v url.Values) { v.Set("code", strings.Repeat("A", 43)) },
		"no code is refused":                                 func(v url.Values) { v.Del("code") },
		"a code that is a minute old is refused":             func(url.Values) { b.clock.Pass(time.Minute) },
		"a code whose customer has since revoked is refused": func(url.Values) { _ = b.srv.Revoke("ada") },
		"a code presented as a refresh token is refused":     func(v url.Values) { v.Set("grant_type", "refresh_token"); v.Set("refresh_token", v.Get("code")) },
		"a code whose consent was since deleted is refused":  func(url.Values) {},
	} {
		t.Run(name, func(t *testing.T) {
			id := b.consent(allPermissions(), nil)
			form := exchangeForm(b.approve("ada", id))
			spoil(form)
			if strings.Contains(name, "deleted") {
				b.deleteConsent(id)
			}
			if a := b.post("/token", form); a.status != http.StatusBadRequest || decode[tokens](t, a.body).Error != "invalid_grant" {
				t.Errorf("got %d %s", a.status, a.body)
			}
		})
	}
	t.Run("a stolen code presented by another client is refused", func(t *testing.T) {
		form := exchangeForm(b.approve("ada", b.consent(allPermissions(), nil)))
		form.Set("client_id", "post")
		form.Set("client_secret", "posted")
		if a := b.postAs(form); decode[tokens](t, a.body).Error != "invalid_grant" {
			t.Errorf("got %d %s", a.status, a.body)
		}
	})
	t.Run("a code used twice ends what its first use gave", func(t *testing.T) {
		code := b.approve("ada", b.consent(allPermissions(), nil))
		got := b.exchange(code)
		if a := b.get(got.Access, "/accounts"); a.status != http.StatusOK {
			t.Fatalf("before: %d", a.status)
		}
		if a := b.post("/token", exchangeForm(code)); decode[tokens](t, a.body).Error != "invalid_grant" {
			t.Errorf("second use: %d %s", a.status, a.body)
		}
		if a := b.get(got.Access, "/accounts"); a.status != http.StatusUnauthorized {
			t.Errorf("the access token still opens: %d", a.status)
		}
		if a := b.refresh(got.Refresh); a.status != http.StatusBadRequest {
			t.Errorf("the refresh token still works: %d", a.status)
		}
	})
}

func (b *bank) refresh(refresh string) answer {
	b.t.Helper()
	return b.post("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
}

func (b *bank) deleteConsent(id string) answer {
	b.t.Helper()
	req := b.request(http.MethodDelete, resource+"/account-access-consents/"+id, "")
	req.Header.Set("Authorization", "Bearer "+b.own())
	return b.do(req)
}

func TestRefreshTokens(t *testing.T) {
	t.Run("stay the same where the bank does not rotate", func(t *testing.T) {
		b := openBank(t, nil)
		got := b.link("ada", allPermissions(), nil)
		for range 2 {
			b.clock.Pass(6 * time.Minute)
			if a := b.get(got.Access, "/accounts"); a.status != http.StatusUnauthorized {
				t.Errorf("an access token outlived its lifetime: %d", a.status)
			}
			next := decode[tokens](t, b.refresh(got.Refresh).body)
			if next.Refresh != "" || next.Expires != 300 {
				t.Errorf("got %+v", next)
			}
			if a := b.get(next.Access, "/accounts"); a.status != http.StatusOK {
				t.Errorf("the new access token: %d", a.status)
			}
		}
	})
	t.Run("are replaced where it does, and an old one that comes again ends the grant", func(t *testing.T) {
		b := openBank(t, func(o *mockbank.Options) { o.RotateRefresh = true })
		got := b.link("ada", allPermissions(), nil)
		next := decode[tokens](t, b.refresh(got.Refresh).body)
		if next.Refresh == "" || next.Refresh == got.Refresh {
			t.Fatal("not rotated")
		}
		if a := b.refresh(got.Refresh); a.status != http.StatusBadRequest {
			t.Errorf("the old one: %d", a.status)
		}
		if a := b.refresh(next.Refresh); a.status != http.StatusBadRequest {
			t.Errorf("the new one, after the old one was seen with somebody: %d", a.status)
		}
		if a := b.get(next.Access, "/accounts"); a.status != http.StatusUnauthorized {
			t.Errorf("the access token: %d", a.status)
		}
	})
	t.Run("end with their lifetime", func(t *testing.T) {
		b := openBank(t, func(o *mockbank.Options) { o.RefreshTTL = time.Hour })
		got := b.link("ada", allPermissions(), nil)
		b.clock.Pass(58 * time.Minute)
		if next := decode[tokens](t, b.refresh(got.Refresh).body); next.Expires != 120 {
			t.Errorf("an access token is promised for %d s when the grant has 120 left", next.Expires)
		}
		b.clock.Pass(2 * time.Minute)
		if a := b.refresh(got.Refresh); a.status != http.StatusBadRequest {
			t.Errorf("got %d", a.status)
		}
	})
	t.Run("end with the consent's expiry, and so do access tokens", func(t *testing.T) {
		b := openBank(t, func(o *mockbank.Options) { o.AccessTTL = 2 * time.Hour })
		end := b.clock.Now().Add(time.Hour).Format(time.RFC3339)
		got := b.link("ada", allPermissions(), map[string]string{"ExpirationDateTime": end})
		b.clock.Pass(time.Hour)
		if a := b.get(got.Access, "/accounts"); a.status != http.StatusUnauthorized || len(a.body) > 0 {
			t.Errorf("got %d %q", a.status, a.body)
		}
		if a := b.refresh(got.Refresh); a.status != http.StatusBadRequest {
			t.Errorf("got %d", a.status)
		}
	})
	b := openBank(t, nil)
	got := b.link("ada", allPermissions(), nil)
	for name, form := range map[string]url.Values{
		"an access token is not one":     {"refresh_token": {got.Access}},
		"nothing is not one":             {},
		"a stolen one of another bank's": {"refresh_token": {strings.Repeat("x", 43)}},
	} {
		t.Run(name, func(t *testing.T) {
			form.Set("grant_type", "refresh_token")
			if a := b.post("/token", form); decode[tokens](t, a.body).Error != "invalid_grant" {
				t.Errorf("got %d %s", a.status, a.body)
			}
		})
	}
	t.Run("a stolen one presented by another client is refused", func(t *testing.T) {
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.Refresh}, "client_id": {"post"}, "client_secret": {"posted"}}
		if a := b.postAs(form); decode[tokens](t, a.body).Error != "invalid_grant" {
			t.Errorf("got %d %s", a.status, a.body)
		}
		if a := b.refresh(got.Refresh); a.status != http.StatusOK {
			t.Errorf("and the owner's is spoilt: %d", a.status)
		}
	})
}

func TestRevocation(t *testing.T) {
	b := openBank(t, nil)
	one, two := b.link("ada", allPermissions(), nil), b.link("ada", allPermissions(), nil)
	foreign := url.Values{"token": {one.Refresh}, "client_id": {"post"}, "client_secret": {"posted"}}
	req := b.request(http.MethodPost, "/albion/revoke", foreign.Encode())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a := b.do(req); a.status != http.StatusOK {
		t.Errorf("revoking another's token is answered like an unknown one: %d", a.status)
	}
	if a := b.get(one.Access, "/accounts"); a.status != http.StatusOK {
		t.Errorf("another client ended the token: %d", a.status)
	}
	for _, tok := range []string{one.Refresh, "unknown"} {
		if a := b.post("/revoke", url.Values{"token": {tok}}); a.status != http.StatusOK {
			t.Errorf("revoke: %d", a.status)
		}
	}
	if a := b.get(one.Access, "/accounts"); a.status != http.StatusUnauthorized {
		t.Errorf("the access token outlives its refresh token: %d", a.status)
	}
	if a := b.get(two.Access, "/accounts"); a.status != http.StatusOK {
		t.Errorf("another grant of the customer's ended: %d", a.status)
	}
	if a := b.post("/revoke", url.Values{"token": {two.Access}}); a.status != http.StatusOK {
		t.Errorf("revoke: %d", a.status)
	}
	if a := b.get(two.Access, "/accounts"); a.status != http.StatusUnauthorized {
		t.Errorf("a revoked access token opens: %d", a.status)
	}
	if a := b.refresh(two.Refresh); a.status != http.StatusOK {
		t.Errorf("its refresh token went with it: %d", a.status)
	}
}
