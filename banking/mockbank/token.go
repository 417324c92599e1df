package mockbank

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxForm bounds the body of a form.
const maxForm = 64 << 10

// errGrant is the error of a code or refresh token that cannot be exchanged.
var errGrant = errors.New("invalid grant")

// tokenResponse is RFC 6749 section 5.1 with OpenID Connect's id_token.
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token,omitzero"`
	Scope        string `json:"scope"`
	IDToken      string `json:"id_token,omitzero"`
}

// readForm reads a form body with each parameter at most once (RFC 6749 section
// 3.2).
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	form, ok := formOf(w, r)
	return form, ok && !repeated(form)
}

// formOf reads a form body, and nothing from the query.
func formOf(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(media), "application/x-www-form-urlencoded") {
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		return nil, false
	}
	form, err := url.ParseQuery(string(body))
	return form, err == nil
}

func repeated(values url.Values) bool {
	for _, v := range values {
		if len(v) > 1 {
			return true
		}
	}
	return false
}

// request reads the form of an authenticated client. Where there is none, it
// has been answered.
func (a *albion) request(w http.ResponseWriter, r *http.Request) (form url.Values, c *registered, ok bool) {
	form, ok = readForm(w, r)
	if !ok {
		writeOAuthError(w, http.StatusBadRequest, "invalid_request", "a form with each parameter once is expected")
		return nil, nil, false
	}
	c, err := a.authenticate(r, form)
	if err != nil {
		refuseClient(w)
	}
	return form, c, err == nil
}

func (a *albion) token(w http.ResponseWriter, r *http.Request) {
	form, c, ok := a.request(w, r)
	if !ok {
		return
	}
	var out tokenResponse
	var err error
	switch form.Get("grant_type") {
	case "client_credentials":
		if form.Get("scope") != "accounts" {
			writeOAuthError(w, http.StatusBadRequest, "invalid_scope", "the scope of client credentials is accounts")
			return
		}
		out, err = a.clientCredentials(c)
	case "authorization_code":
		out, err = a.exchange(c, form)
	case "refresh_token":
		out, err = a.refresh(c, form)
	default:
		writeOAuthError(w, http.StatusBadRequest, "unsupported_grant_type", "")
		return
	}
	switch {
	case errors.Is(err, errGrant):
		writeOAuthError(w, http.StatusBadRequest, "invalid_grant", "")
	case err != nil:
		writeOAuthError(w, http.StatusInternalServerError, "server_error", "")
	default:
		w.Header().Set("Cache-Control", "no-store")
		writeJSON(w, http.StatusOK, out)
	}
}

func refuseClient(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Basic realm="`+bankID+`"`)
	writeOAuthError(w, http.StatusUnauthorized, "invalid_client", "")
}

func (a *albion) clientCredentials(c *registered) (tokenResponse, error) {
	secret, err := a.secretString()
	if err != nil {
		return tokenResponse{}, err
	}
	now := a.now()
	a.state.mu.Lock()
	defer a.state.mu.Unlock()
	err = a.state.commit(now, token{Hash: hashed(secret), Client: c.ID, Expires: now.Add(a.opts.AccessTTL)})
	return tokenResponse{
		AccessToken: secret, TokenType: "Bearer", ExpiresIn: int64(a.opts.AccessTTL / time.Second), Scope: "accounts",
	}, err
}

// exchange turns an authorization code into tokens. A code that comes twice
// ends the grant it made (RFC 6749 section 4.1.2).
func (a *albion) exchange(c *registered, form url.Values) (tokenResponse, error) {
	access, refresh, err := a.pair()
	if err != nil {
		return tokenResponse{}, err
	}
	now := a.now()
	s := a.state
	s.mu.Lock()
	defer s.mu.Unlock()
	code, ok := s.codes[hashed(form.Get("code"))]
	if !ok {
		return tokenResponse{}, errGrant
	}
	g := s.grants[code.Grant]
	if g.Client != c.ID {
		return tokenResponse{}, errGrant
	}
	if code.Used {
		g.Revoked = true
		return tokenResponse{}, errors.Join(errGrant, s.commit(now, g))
	}
	if !now.Before(code.Expires) || form.Get("redirect_uri") != code.Redirect ||
		!verifierHolds(code.Challenge, form.Get("code_verifier")) || !s.alive(g, now) {
		return tokenResponse{}, errGrant
	}
	idToken, err := a.idToken(g, code.Nonce, nil)
	if err != nil {
		return tokenResponse{}, err
	}
	code.Used = true
	out, kept := a.issue(g, now, access, refresh)
	out.IDToken = idToken
	return out, s.commit(now, append(kept, code)...)
}

func (a *albion) refresh(c *registered, form url.Values) (tokenResponse, error) {
	access, next, err := a.pair()
	if err != nil {
		return tokenResponse{}, err
	}
	now := a.now()
	s := a.state
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.tokens[hashed(form.Get("refresh_token"))]
	if !ok || !old.Refresh || old.Client != c.ID {
		return tokenResponse{}, errGrant
	}
	g := s.grants[old.Grant]
	if old.Dead {
		g.Revoked = true
		return tokenResponse{}, errors.Join(errGrant, s.commit(now, g))
	}
	if !now.Before(old.Expires) || !s.alive(g, now) {
		return tokenResponse{}, errGrant
	}
	if !a.opts.RotateRefresh {
		out, kept := a.issue(g, now, access, "")
		return out, s.commit(now, kept...)
	}
	old.Dead = true
	out, kept := a.issue(g, now, access, next)
	return out, s.commit(now, append(kept, old)...)
}

// pair draws an access token and a refresh token.
func (a *albion) pair() (access, refresh string, err error) {
	access, err1 := a.secretString()
	refresh, err2 := a.secretString()
	return access, refresh, errors.Join(err1, err2)
}

// issue makes the response that gives these tokens of a grant, and what is to be kept of them. An empty refresh token is none.
func (a *albion) issue(g grant, now time.Time, access, refresh string) (out tokenResponse, kept []any) {
	end := a.accessEnd(g, now)
	kept = append(kept, token{Hash: hashed(access), Client: g.Client, Grant: g.ID, Expires: end})
	if refresh != "" {
		kept = append(kept, token{Hash: hashed(refresh), Client: g.Client, Grant: g.ID, Refresh: true, Expires: g.Expires})
	}
	return tokenResponse{AccessToken: access, TokenType: "Bearer", ExpiresIn: seconds(end, now), RefreshToken: refresh, Scope: "openid accounts"}, kept
}

// alive says whether tokens of g are still good: nobody has revoked it, and its
// consent stands. The caller holds s.mu.
func (s *state) alive(g grant, now time.Time) bool {
	c, ok := s.consents[g.Consent]
	return g.ID != "" && !g.Revoked && ok && !c.Deleted && c.Status == authorised &&
		c.Customer == g.Customer && !c.expired(now) && now.Before(g.Expires)
}

func (a *albion) accessEnd(g grant, now time.Time) time.Time {
	end := now.Add(a.opts.AccessTTL)
	if g.Expires.Before(end) {
		return g.Expires
	}
	return end
}

func seconds(end, now time.Time) int64 { return max(int64(end.Sub(now)/time.Second), 1) }

// verifierHolds checks PKCE S256 (RFC 7636 section 4.6). A verifier without a
// challenge is refused too.
func verifierHolds(challenge, verifier string) bool {
	if challenge == "" {
		return verifier == ""
	}
	if len(verifier) < 43 || len(verifier) > 128 {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return same(base64.RawURLEncoding.EncodeToString(sum[:]), challenge)
}

// revoke ends a token (RFC 7009). A refresh token takes its grant along. An
// unknown token is answered like a known one.
func (a *albion) revoke(w http.ResponseWriter, r *http.Request) {
	form, c, ok := a.request(w, r)
	if !ok {
		return
	}
	now := a.now()
	s := a.state
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := s.tokens[hashed(form.Get("token"))]; ok && t.Client == c.ID {
		t.Dead = true
		changes := []any{t}
		if g, ok := s.grants[t.Grant]; ok && t.Refresh {
			g.Revoked = true
			changes = append(changes, g)
		}
		if err := s.commit(now, changes...); err != nil {
			writeOAuthError(w, http.StatusServiceUnavailable, "server_error", "")
			return
		}
	}
	w.WriteHeader(http.StatusOK)
}
