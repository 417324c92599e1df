package server

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"sotto/banking"
	"sotto/linking"
	"sotto/linking/disclosure"
	"sotto/skills"
	"sotto/skills/mcp"
)

// slowVault is a store with keys and one grant, which is found when this has passed.
type slowVault struct {
	linking.Store
	keys  []linking.SealedKey
	grant linking.Granted
	look  time.Duration
}

func (v *slowVault) LinkingKeys(context.Context) ([]linking.SealedKey, error) { return v.keys, nil }

func (v *slowVault) AddKey(_ context.Context, k linking.SealedKey) error {
	v.keys = append(v.keys, k)
	return nil
}

func (v *slowVault) ByAccess(ctx context.Context, _ []byte) (linking.Granted, linking.AccessToken, error) {
	select {
	case <-time.After(v.look):
		return v.grant, linking.AccessToken{Expires: time.Now().Add(time.Hour)}, nil
	case <-ctx.Done():
		return linking.Granted{}, linking.AccessToken{}, ctx.Err()
	}
}

// slowTeller hears of no balance before nobody waits any more.
type slowTeller struct{ skills.Teller }

func (slowTeller) Balances(ctx context.Context, _ banking.Access) ([]banking.Balance, []banking.Gap, error) {
	<-ctx.Done()
	return nil, nil, ctx.Err()
}

// callers gives a house that serves tools to the assistant of one token, which takes so long to look at.
func callers(t *testing.T, look time.Duration) (*Server, string) {
	t.Helper()
	s := bareServer(t)
	vault := &slowVault{look: look}
	keys, err := linking.OpenKeyring(t.Context(), vault, unsealed{}, make([]byte, 32), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := keys.House().Encrypt(make([]byte, 32), []byte("links|l|key"))
	if err != nil {
		t.Fatal(err)
	}
	const issuer = "https://sotto.example"
	vault.grant = linking.Granted{
		Basis:  linking.Basis{Grant: "g", Resource: issuer + linking.MCPPath, Link: "l", Scopes: 1},
		Client: "assistant", Key: sealed,
	}
	client := linking.Client{
		ID: "assistant", Name: "Assistant", Platform: linking.MCP, Auth: linking.Public, AccessToken: linking.Opaque, Refresh: linking.Rotate, PKCE: linking.Required,
		RedirectURIs: []string{"https://assistant.example/back"}, Scopes: []linking.Scope{linking.Balances},
	}
	if s.authority, err = linking.New(linking.Options{Issuer: issuer, Clients: []linking.Client{client}, Keys: keys, Store: vault, Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	s.skill, err = skills.New(skills.Options{
		Links: slowLinks{}, Teller: slowTeller{}, Record: struct{ disclosure.Record }{}, BankName: func(banking.BankID) string { return "" },
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.catalogue, err = skills.NewCatalogue(time.Now); err != nil {
		t.Fatal(err)
	}
	language, _ := s.catalogue.Language(mcpLocale)
	s.mcp, err = mcp.New(mcp.Options{Name: "Sotto", Version: "test", Answer: s.answer, Say: s.phrases.Say, Language: language, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	return s, "sa_" + strings.Repeat("A", 43)
}

// A host may give up as any platform does, and a slow look at the token and a slow turn must not each take their own.
func TestTokenAndTurnShareOneBudgetWhereToolsAreCalled(t *testing.T) {
	for name, look := range map[string]time.Duration{
		"a look that is quick": 0, "a look that takes most of it": turnBudget - time.Millisecond, "a look that never ends": time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, token := callers(t, look)
				request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, linking.MCPPath,
					strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_balance","arguments":{}}}`))
				request.Header = http.Header{
					"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
					"Mcp-Protocol-Version": {"2025-11-25"},
				}
				recorder := httptest.NewRecorder()
				begun := time.Now()
				err := s.serveMCP(linking.MCPPath, true)(echo.New().NewContext(request, recorder))
				if took := time.Since(begun); took != turnBudget {
					t.Errorf("it took %v, and the budget is %v", took, turnBudget)
				}
				late := s.phrases.Say("en-US", skills.Reply{Key: skills.Late}).Text
				if answered := err == nil; answered != (look < turnBudget) || answered && !strings.Contains(recorder.Body.String(), late) {
					t.Errorf("got %d %s, %v", recorder.Code, recorder.Body, err)
				}
			})
		})
	}
}
