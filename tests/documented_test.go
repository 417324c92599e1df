package tests

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"sotto/server/dev"
)

// TestAnAssistantIntroducesItselfWithADocument: from its own address through the pages to tokens, as MCP clients do.
func TestAnAssistantIntroducesItselfWithADocument(t *testing.T) {
	t.Parallel()
	h := open(t)
	var id string
	assistant := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"client_id":%q,"client_name":"Desk & Lamp","redirect_uris":["http://127.0.0.1/cb"],"token_endpoint_auth_method":"none"}`, id)
	}))
	defer assistant.Close()
	id = assistant.URL + "/oauth/client.json"
	verifier := rand.Text() + rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	redirect := "http://127.0.0.1:49152/cb"
	request := url.Values{
		"response_type": {"code"}, "client_id": {id}, "redirect_uri": {redirect}, "state": {"s"}, "resource": {h.PublicURL() + "/mcp"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	authorize := h.PublicURL() + "/oauth/authorize?" + request.Encode()

	page := get(t, authorize)
	for _, want := range []string{"Desk &amp; Lamp", "It comes from " + strings.TrimPrefix(assistant.URL, "http://"), "a program on this device", "127.0.0.1:49152"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q: %s", want, page)
		}
	}
	customer, err := h.Dev().Customer("albion", "ada")
	if err != nil {
		t.Fatal(err)
	}
	back, err := dev.Person{Bank: "albion", Customer: customer, Now: h.Now}.Link(t.Context(), authorize, redirect)
	if err != nil {
		t.Fatal(err)
	}
	w := h.walker(t, "mcp")
	got := w.tokens(url.Values{
		"grant_type": {"authorization_code"}, "code": back["code"], "redirect_uri": {redirect}, "code_verifier": {verifier}, "client_id": {id}, "resource": {h.PublicURL() + "/mcp"},
	}, nobody)
	again := w.tokens(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.Refresh}, "client_id": {id}}, nobody)
	if again.Refresh == got.Refresh || again.Access == got.Access {
		t.Error("a refresh gives the same again")
	}
	var metadata map[string]any
	if err := json.Unmarshal([]byte(get(t, h.PublicURL()+metadataPath)), &metadata); err != nil || metadata["client_id_metadata_document_supported"] != true {
		t.Errorf("the metadata says %v, %v", metadata["client_id_metadata_document_supported"], err)
	}
	if metrics := get(t, h.PublicURL()+"/metrics"); strings.Contains(metrics, "client.json") || !strings.Contains(metrics, `client="other"`) {
		t.Error("whoever makes up client ids makes up labels of metrics")
	}

	request.Set("client_id", "https://169.254.169.254/latest/meta-data")
	if page := get(t, h.PublicURL()+"/oauth/authorize?"+request.Encode()); !strings.Contains(page, "We do not know who sent you") {
		t.Errorf("a host that is not allowed: %s", page)
	}
	assistant.Close()
	request.Set("client_id", assistant.URL+"/another.json")
	if page := get(t, h.PublicURL()+"/oauth/authorize?"+request.Encode()); !strings.Contains(page, "Your assistant does not answer") {
		t.Errorf("a host that does not answer: %s", page)
	}
}

// nobody authenticates as a public client does: not at all.
func nobody(*http.Request, url.Values) {}

// get gives what a browser is shown.
func get(t *testing.T, address string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Accept-Language", "en-US")
	_, body := send(t, r)
	return string(body)
}
