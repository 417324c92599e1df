package tests

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"sotto/linking"
	"sotto/server/dev"
)

// roundabout is the way of the protocol's own client in Go to a balance, knowing nothing but the endpoint: it is refused, reads the resource's
// metadata and the authorization server's, sends the customer there with PKCE, trades the code, and calls a tool.
func roundabout(ctx context.Context, endpoint string, known auth.AuthorizationCodeHandlerConfig, visit func(context.Context, string) (string, error)) (string, error) {
	known.AuthorizationCodeFetcher = func(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
		back, err := visit(ctx, args.URL)
		if err != nil {
			return nil, err
		}
		arrived, err := url.Parse(back)
		if err != nil {
			return nil, err
		}
		q := arrived.Query()
		return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
	}
	handler, err := auth.NewAuthorizationCodeHandler(&known)
	if err != nil {
		return "", err
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "judge", Version: "1"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: endpoint, OAuthHandler: handler, MaxRetries: -1}, nil)
	if err != nil {
		return "", err
	}
	defer session.Close()
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "get_balance"})
	if err != nil {
		return "", err
	}
	return result.Content[0].(*mcp.TextContent).Text, nil
}

func TestJudgeGoSDKComesThroughLinkingToATool(t *testing.T) {
	t.Parallel()
	c := openCourt(t, "", "")
	judge := func(t *testing.T) (bool, string) {
		t.Helper()
		c.house.wall.Set(time.Now())
		ctx, cancel := context.WithTimeout(t.Context(), judgeLimit)
		defer cancel()
		known := c.house.Dev().Clients["mcp"]
		said, err := roundabout(ctx, c.door.URL()+linking.MCPPath, auth.AuthorizationCodeHandlerConfig{
			PreregisteredClient: &oauthex.ClientCredentials{ClientID: known.ID}, RedirectURL: known.RedirectURIs[0],
		}, c.visit)
		if err != nil {
			return false, err.Error()
		}
		return strings.Contains(said, "pounds"), said
	}
	t.Run("and finds nothing wrong", func(t *testing.T) {
		if content, said := judge(t); !content {
			t.Errorf("the judge found something: %s", said)
		}
	})
	for _, f := range []fault{
		{name: "metadata of another issuer", at: metadataPath, body: swap(`"issuer":"http://127`, `"issuer":"http://128`), says: "issuer"},
		{name: "metadata without S256", at: metadataPath, body: swap(`"code_challenge_methods_supported"`, `"x"`), says: "PKCE"},
		{name: "an answer in another's name", at: "/link/callback", body: swap("iss=http%3A%2F%2F127", "iss=http%3A%2F%2F128"), says: "iss"},
		{name: "tokens without an access token", at: "/oauth/token", body: swap(`"access_token"`, `"token"`), says: "access_token"},
	} {
		t.Run(f.name+" is seen", func(t *testing.T) {
			c.door.plant(t, f)
			f.mustBeSeen(t, func() (bool, string) { return judge(t) })
		})
	}
}

// TestJudgeGoSDKIntroducesItselfWithADocument goes the same way as an assistant that nobody registered: its client id is the https address of a
// document. The house is a process of its own, which trusts the certificate of that address.
func TestJudgeGoSDKIntroducesItselfWithADocument(t *testing.T) {
	t.Parallel()
	var id string
	host := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"client_id":%q,"client_name":"Judge","redirect_uris":["http://127.0.0.1/cb"],"token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"]}`, id)
	}))
	host.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	host.StartTLS()
	defer host.Close()
	id = host.URL + "/client.json"
	trusted := filepath.Join(t.TempDir(), "trusted.pem")
	if err := os.WriteFile(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: host.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	house := startChild(t, "house", "SOTTO_TEST_STATE="+state, "SSL_CERT_FILE="+trusted)
	file, err := dev.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	customer, err := file.Customer("albion", "ada")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), judgeLimit)
	defer cancel()
	said, err := roundabout(ctx, house.said["url"]+linking.MCPPath, auth.AuthorizationCodeHandlerConfig{
		ClientIDMetadataDocumentConfig: &auth.ClientIDMetadataDocumentConfig{URL: id}, RedirectURL: "http://127.0.0.1:49152/cb",
	}, func(ctx context.Context, authorize string) (string, error) {
		if !strings.Contains(authorize, url.QueryEscape(id)) {
			return "", fmt.Errorf("the client says another id: %s", authorize)
		}
		back, err := dev.Person{Bank: "albion", Customer: customer, Now: time.Now}.Link(ctx, authorize, "http://127.0.0.1:49152/cb")
		return "http://127.0.0.1:49152/cb?" + back.Encode(), err
	})
	if err != nil || !strings.Contains(said, "pounds") {
		t.Errorf("got %q, %v", said, err)
	}
}
