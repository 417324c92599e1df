package linking_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"sotto/linking"
)

// The clients that act for no customer: one gets JWTs, one references.
var services = []string{"service", "reference"}

func listing(more ...string) map[string]string {
	return with(map[string]string{"grant_type": "client_credentials"}, more...)
}

// lists says whether a service's token is good at a path.
func (h *house) lists(path string, token linking.Token) bool {
	h.t.Helper()
	_, err := h.Service(h.t.Context(), path, token)
	if err != nil && !errors.Is(err, linking.ErrNotLinked) {
		h.t.Fatal(err)
	}
	return err == nil
}

func TestAServiceListsWhereItsTokenIsFor(t *testing.T) {
	for _, client := range services {
		for resource, good := range map[string][]string{
			"":                     {"/mcp", "/mcp/alexa", "/dialogflow"}, // Dialogflow cannot say a resource
			issuer:                 {"/mcp", "/mcp/alexa", "/dialogflow"},
			issuer + "/mcp":        {"/mcp"},
			issuer + "/mcp/":       {"/mcp"},
			issuer + "/mcp/alexa":  {"/mcp/alexa"},
			issuer + "/dialogflow": {"/dialogflow"},
		} {
			t.Run(client+" at "+resource, func(t *testing.T) {
				h := open(t)
				g := h.token(client, listing("resource", resource))
				if g.RefreshToken != "" || g.Scope != "list" || g.ExpiresIn != 3600 {
					t.Errorf("got scope %q for %d s, a refresh token: %v", g.Scope, g.ExpiresIn, g.RefreshToken != "")
				}
				for _, path := range []string{"/mcp", "/mcp/alexa", "/dialogflow"} {
					if want := strings.Contains(fmt.Sprint(good, " "), path+" ") || strings.Contains(fmt.Sprint(good), path+"]"); h.lists(path, g.AccessToken) != want {
						t.Errorf("good at %s: %v", path, !want)
					}
				}
				c, err := h.Service(t.Context(), good[0], g.AccessToken)
				if err != nil || c.ID != client {
					t.Errorf("got %q, %v", c.ID, err)
				}
			})
		}
	}
}

// TestNobodyReadsWithAServicesToken: whatever it asks for, it is never a customer's.
func TestNobodyReadsWithAServicesToken(t *testing.T) {
	h := open(t)
	customer := h.linked("mcp")
	for _, client := range services {
		for _, scope := range []string{"", "list", "balances", "balances spending transactions income upcoming", "list balances"} {
			g := h.token(client, listing("scope", scope))
			if g.Scope != "list" {
				t.Errorf("%s asked for %q and got %q", client, scope, g.Scope)
			}
			for _, platform := range []linking.Platform{linking.Alexa, linking.Google, linking.MCP, linking.Messenger, linking.Service} {
				before := h.store.reads
				if link, err := h.Resolve(t.Context(), platform, g.AccessToken); !errors.Is(err, linking.ErrNotLinked) || link.ID != "" {
					t.Errorf("%s at %s: got a link, %v", client, platform, err)
				} else if status, header := h.Challenge(linking.MCPPath, err); status != 401 || !strings.Contains(header, "invalid_token") {
					t.Errorf("%s at %s is answered %d %s", client, platform, status, header)
				}
				if h.store.reads != before {
					t.Error("a link was looked for")
				}
			}
			if u, err := h.Userinfo(t.Context(), "Bearer "+string(g.AccessToken)); err == nil {
				t.Errorf("%s is told of %+v", client, u)
			}
		}
	}
	if h.lists(linking.MCPPath, customer.AccessToken) || h.lists(linking.MCPPath, customer.RefreshToken) || h.lists(linking.MCPPath, h.linked("google").AccessToken) {
		t.Error("a customer's token passes for a service's")
	}
}

func TestWhatAServiceIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		attack       func(h *house) error
		code, reason string
	}{
		"a service without its secret": {func(h *house) error {
			c := call("service", listing())
			delete(c.Form, "client_secret")
			_, err := h.Token(h.t.Context(), c)
			return err
		}, "invalid_client", "secret_missing"},
		"a service with a guessed secret": {func(h *house) error {
			c := call("service", listing())
			c.Form["client_secret"] = []string{"guess"}
			_, err := h.Token(h.t.Context(), c)
			return err
		}, "invalid_client", "secret_wrong"},
		"a public client, which anybody can be":       {func(h *house) error { _, err := h.Token(h.t.Context(), call("mcp", listing())); return err }, "unauthorized_client", "grant_not_allowed"},
		"an assistant that was not registered for it": {func(h *house) error { _, err := h.Token(h.t.Context(), call("alexa", listing())); return err }, "unauthorized_client", "grant_not_allowed"},
		"a service that asks for the skill's own endpoint": {func(h *house) error {
			_, err := h.Token(h.t.Context(), call("service", listing("resource", issuer+"/alexa")))
			return err
		}, "invalid_target", "resource_unknown"},
		"a service that asks for another server": {func(h *house) error {
			_, err := h.Token(h.t.Context(), call("service", listing("resource", "https://evil.example/mcp")))
			return err
		}, "invalid_target", "resource_unknown"},
		"a service that asks for what nobody knows": {func(h *house) error {
			_, err := h.Token(h.t.Context(), call("service", listing("scope", "payments")))
			return err
		}, "invalid_scope", "scope_unknown"},
		"a service with a customer's code": {func(h *house) error {
			_, err := h.Token(h.t.Context(), call("service", exchanging("alexa", h.code("alexa"))))
			return err
		}, "unauthorized_client", "grant_not_allowed"},
		"a service with a customer's refresh token": {func(h *house) error {
			_, err := h.Token(h.t.Context(), call("service", refreshing(h.linked("alexa").RefreshToken)))
			return err
		}, "unauthorized_client", "grant_not_allowed"},
		"another service that revokes its token": {func(h *house) error {
			return h.Revoke(h.t.Context(), call("alexa", map[string]string{"token": string(h.token("service", listing()).AccessToken)}))
		}, "unauthorized_client", "token_of_another_client"},
		"another service that revokes its reference": {func(h *house) error {
			return h.Revoke(h.t.Context(), call("service", map[string]string{"token": string(h.token("reference", listing()).AccessToken)}))
		}, "unauthorized_client", "token_of_another_client"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, tc.attack(open(t)), tc.code, tc.reason) })
	}
}

func TestAServicesTokenEnds(t *testing.T) {
	for _, client := range services {
		for name, end := range map[string]func(h *house, g linking.Grant){
			"after its time": func(h *house, _ linking.Grant) { h.Pass(time.Hour) },
			"when it is revoked, in every process": func(h *house, g linking.Grant) {
				other := h.authority(clients())
				for range 2 {
					must(h.t, other.Revoke(h.t.Context(), call(client, map[string]string{"token": string(g.AccessToken)})))
				}
			},
			"when its client is taken out of the settings": func(h *house, _ linking.Grant) { h.Authority = h.authority(clients()[:4]) },
			"when its client may do it no longer": func(h *house, _ linking.Grant) {
				changed := clients()
				for i := range changed {
					if changed[i].ID == client {
						changed[i] = clients()[0]
						changed[i].ID = client
					}
				}
				h.Authority = h.authority(changed)
			},
		} {
			t.Run(client+" "+name, func(t *testing.T) {
				h := open(t)
				g, other := h.token(client, listing()), h.token(client, listing())
				if !h.lists(linking.MCPPath, g.AccessToken) {
					t.Fatal("not even at first")
				}
				end(h, g)
				if h.lists(linking.MCPPath, g.AccessToken) {
					t.Error("it is still good")
				}
				if strings.Contains(name, "revoked") && !h.lists(linking.MCPPath, other.AccessToken) {
					t.Error("another token went with it")
				}
			})
		}
	}
}

// TestAForgedTokenOfAServiceIsRefused: also where it is signed with our own key.
func TestAForgedTokenOfAServiceIsRefused(t *testing.T) {
	h := open(t)
	key, good := signingKey(t, h), h.token("service", listing()).AccessToken
	customer := h.linked("mcp").AccessToken
	for name, change := range map[string]func(jwt.MapClaims){
		"that names a customer's grant":          func(c jwt.MapClaims) { c["gid"] = claimsOf(t, customer)["gid"] },
		"with another's name as its subject":     func(c jwt.MapClaims) { c["sub"] = "reference" },
		"with a customer as its subject":         func(c jwt.MapClaims) { c["sub"] = claimsOf(t, customer)["sub"] },
		"with a customer's scope":                func(c jwt.MapClaims) { c["scope"] = "balances" },
		"with a customer's scope beside its own": func(c jwt.MapClaims) { c["scope"] = "list balances" },
		"for a client of another platform":       func(c jwt.MapClaims) { c["client_id"], c["sub"] = "alexa", "alexa" },
		"for another server":                     func(c jwt.MapClaims) { c["aud"] = "https://evil.example" },
		"for two servers":                        func(c jwt.MapClaims) { c["aud"] = []string{issuer, issuer + "/mcp"} },
		"without an end":                         func(c jwt.MapClaims) { delete(c, "exp") },
	} {
		t.Run(name, func(t *testing.T) {
			claims := jwt.MapClaims(claimsOf(t, good))
			change(claims)
			token := forge(t, jwt.SigningMethodES256, key, part(t, good, 0), claims)
			if h.lists(linking.MCPPath, token) {
				t.Error("it may list")
			}
			for _, platform := range []linking.Platform{linking.MCP, linking.Service} {
				if _, err := h.Resolve(t.Context(), platform, token); !errors.Is(err, linking.ErrNotLinked) {
					t.Errorf("it may read: %v", err)
				}
			}
		})
	}
	for _, token := range []linking.Token{"", "sv_", "sv_short", linking.Token("sv_" + strings.Repeat("A", 43)), "a.b.c", good + "A", linking.Token(strings.Repeat("a.", 4<<10))} {
		if h.lists(linking.MCPPath, token) {
			t.Errorf("%.10s may list", string(token))
		}
	}
}

func TestAServiceIsIntrospectedByItselfAlone(t *testing.T) {
	h := open(t)
	for _, client := range services {
		g := h.token(client, listing("resource", issuer+"/mcp"))
		ask := func(who string) linking.Introspection {
			got, err := h.Introspect(t.Context(), call(who, map[string]string{"token": string(g.AccessToken)}))
			must(t, err)
			return got
		}
		got := ask(client)
		want := linking.Introspection{
			Active: true, Scope: "list", Client: client, TokenType: "Bearer", Issued: h.Now().Unix(), Expires: h.Now().Unix() + 3600, Subject: client,
			Audience: issuer + "/mcp", Issuer: issuer, ID: got.ID,
		}
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if got := ask("alexa"); got != (linking.Introspection{}) {
			t.Errorf("another client learns %+v", got)
		}
		must(t, h.Revoke(t.Context(), call(client, map[string]string{"token": string(g.AccessToken)})))
		if got := ask(client); got != (linking.Introspection{}) {
			t.Errorf("%s: after its revocation it is %+v", client, got)
		}
	}
}
