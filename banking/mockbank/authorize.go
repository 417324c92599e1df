package mockbank

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// asked is an authorization request that has been proven.
type asked struct {
	client    *registered
	redirect  string
	mode      string // query, fragment or form_post
	hybrid    bool   // code id_token
	state     string
	nonce     string
	challenge string
	consent   string
}

// refusal is why an authorization request is not followed.
type refusal struct {
	code, description string
}

// parameters are those of a request, wherever they stood.
type parameters struct {
	clientID, redirect, responseType, responseMode, scope, state, nonce string
	challenge, challengeMethod, prompt                                  string
	claims                                                              []byte
}

// authorize starts a sign-in. Until client and redirect URI are proven, a
// refusal is a page; after that it goes back to the client.
func (a *albion) authorize(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	if r.Method == http.MethodPost {
		form, ok := readForm(w, r)
		if !ok {
			a.refusePage(w, http.StatusBadRequest, "The request could not be read.")
			return
		}
		values = form
	}
	if repeated(values) {
		a.refusePage(w, http.StatusBadRequest, "The request says something twice.")
		return
	}
	c, ok := a.clients[values.Get("client_id")]
	if !ok {
		a.refusePage(w, http.StatusBadRequest, "We don’t know the service that sent you here.")
		return
	}
	p, no := a.readParameters(c, values)
	if !c.redirects(p.redirect) {
		a.refusePage(w, http.StatusBadRequest, "The service that sent you here gave a return address it has not registered with us.")
		return
	}
	req := asked{
		client: c, redirect: p.redirect, state: p.state, nonce: p.nonce, challenge: p.challenge,
		hybrid: p.responseType == "code id_token", mode: p.responseMode,
	}
	if req.mode == "" || !slices.Contains([]string{"query", "fragment", "form_post"}, req.mode) {
		req.mode = "query"
		if req.hybrid {
			req.mode = "fragment"
		}
	}
	if no == nil {
		no = a.checkParameters(p, values.Has("request"))
	}
	if no == nil {
		req.consent, no = a.checkIntent(c, p.claims)
	}
	if no != nil {
		a.sendBack(w, r, req, url.Values{"error": {no.code}, "error_description": {no.description}})
		return
	}
	a.beginSignIn(w, r, req)
}

// readParameters takes the parameters from the signed request object when there
// is one, and otherwise from the query. What the redirect URI is, is known even
// with a refusal.
func (a *albion) readParameters(c *registered, v url.Values) (parameters, *refusal) {
	if v.Has("request") {
		return a.readRequestObject(c, v)
	}
	p := parameters{
		clientID: v.Get("client_id"), redirect: v.Get("redirect_uri"), responseType: v.Get("response_type"),
		responseMode: v.Get("response_mode"), scope: v.Get("scope"), state: v.Get("state"), nonce: v.Get("nonce"),
		challenge: v.Get("code_challenge"), challengeMethod: v.Get("code_challenge_method"),
		prompt: v.Get("prompt"), claims: []byte(v.Get("claims")),
	}
	switch {
	case v.Has("request_uri"):
		return p, &refusal{"request_uri_not_supported", "send the request object itself"}
	case c.SignedOnly:
		return p, &refusal{"invalid_request", "this client signs its requests"}
	}
	return p, nil
}

func (a *albion) checkParameters(p parameters, signed bool) *refusal {
	scopes := strings.Fields(p.scope)
	switch {
	case signed && p.responseType != "code id_token":
		return &refusal{"unsupported_response_type", "a signed request asks for code id_token"}
	case !signed && p.responseType != "code":
		return &refusal{"unsupported_response_type", "a plain request asks for code"}
	case p.responseMode == "form_post" && a.opts.NoFormPost,
		!slices.Contains([]string{"", "query", "fragment", "form_post"}, p.responseMode),
		signed && p.responseMode == "query":
		return &refusal{"invalid_request", "response_mode is not offered"}
	case !slices.Contains(scopes, "openid") || !slices.Contains(scopes, "accounts") || len(scopes) != 2:
		return &refusal{"invalid_scope", "the scope is openid accounts"}
	case len(p.state) > 8192 || len(p.nonce) > 1024:
		return &refusal{"invalid_request", "state or nonce is too long"}
	case p.nonce == "":
		return &refusal{"invalid_request", "nonce is missing"}
	case p.prompt == "none":
		return &refusal{"login_required", "the customer always signs in"}
	case p.challenge == "" && signed:
		return nil // the signature and c_hash bind the code
	case p.challengeMethod != "S256" || len(p.challenge) != 43:
		return &refusal{"invalid_request", "PKCE with S256 is required"}
	}
	return nil
}

// checkIntent reads the consent's id out of the claims parameter and looks
// whether it may be authorised by this client's customer.
func (a *albion) checkIntent(c *registered, claims []byte) (string, *refusal) {
	type intent struct {
		Value     string `json:"value"`
		Essential bool   `json:"essential"`
	}
	var asked struct {
		IDToken struct {
			Intent intent `json:"openbanking_intent_id"`
		} `json:"id_token"`
		Userinfo struct {
			Intent intent `json:"openbanking_intent_id"`
		} `json:"userinfo"`
	}
	if len(claims) == 0 || len(claims) > 8192 || json.Unmarshal(claims, &asked) != nil {
		return "", &refusal{"invalid_request", "claims cannot be read"}
	}
	id := asked.IDToken.Intent.Value
	if id == "" {
		id = asked.Userinfo.Intent.Value
	}
	a.state.mu.Lock()
	defer a.state.mu.Unlock()
	found, ok := a.state.consents[id]
	if !ok || found.Deleted || found.Client != c.ID {
		return "", &refusal{"invalid_request", "no such consent"}
	}
	if found.expired(a.now()) || (found.Status != awaitingAuthorisation && found.Status != authorised) {
		return "", &refusal{"invalid_request", "the consent cannot be authorised any more"}
	}
	return id, nil
}
