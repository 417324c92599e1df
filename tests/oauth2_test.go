package tests

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// metadata is what x/oauth2 wants to be told, since it does not discover by itself.
type metadata struct {
	Authorize string `json:"authorization_endpoint"`
	Token     string `json:"token_endpoint"`
}

// oauth2Config sets x/oauth2 up for a task from the house's metadata.
func (c *court) oauth2Config(ctx context.Context, task judgeTask) (*oauth2.Config, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.door.URL()+metadataPath, nil)
	if err != nil {
		return nil, err
	}
	_, body, err := do(r)
	if err != nil {
		return nil, err
	}
	var m metadata
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, err
	}
	style := oauth2.AuthStyleInParams
	if task.Auth == "basic" {
		style = oauth2.AuthStyleInHeader
	}
	return &oauth2.Config{
		ClientID: task.ClientID, ClientSecret: task.Secret, RedirectURL: task.RedirectURI,
		Endpoint: oauth2.Endpoint{AuthURL: m.Authorize, TokenURL: m.Token, AuthStyle: style},
	}, nil
}

// authorize links the customer through x/oauth2.
func (c *court) authorize(ctx context.Context, task judgeTask) (*oauth2.Config, *oauth2.Token, error) {
	config, err := c.oauth2Config(ctx, task)
	if err != nil {
		return nil, nil, err
	}
	verifier := oauth2.GenerateVerifier()
	back, err := c.visit(ctx, config.AuthCodeURL("a state", oauth2.S256ChallengeOption(verifier)))
	if err != nil {
		return nil, nil, err
	}
	arrived, err := url.Parse(back)
	if err != nil {
		return nil, nil, err
	}
	q := arrived.Query()
	if q.Get("state") != "a state" {
		return nil, nil, errors.New("another state came back")
	}
	token, err := config.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(verifier))
	if err == nil {
		return config, token, nil
	}
	return nil, nil, fmt.Errorf("exchange: %w", err)
}

// link gives the first tokens of a task.
func (c *court) link(t *testing.T, task judgeTask) *oauth2.Token {
	t.Helper()
	_, token, err := c.authorize(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// judgeOAuth2 goes the way of an application in Go: link, then let the library refresh by itself when the token has ended. nil is content.
func (c *court) judgeOAuth2(ctx context.Context, task judgeTask) error {
	c.house.wall.Set(time.Now())
	config, first, err := c.authorize(ctx, task)
	if err != nil {
		return err
	}
	if first.Type() != "Bearer" || !first.Valid() || time.Until(first.Expiry) < 350*time.Second || first.RefreshToken == "" {
		return errors.New("the first token is not a bearer token that can be refreshed")
	}
	ended := *first
	ended.Expiry = time.Now().Add(-time.Minute)
	second, err := config.TokenSource(ctx, &ended).Token()
	if err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	if second.Type() != "Bearer" || !second.Valid() || second.AccessToken == first.AccessToken {
		return errors.New("a refresh does not give another bearer token")
	}
	if task.Rotates == (second.RefreshToken == first.RefreshToken) {
		return errors.New("rotation is not as agreed")
	}
	if _, err = config.Exchange(ctx, "no code", oauth2.VerifierOption(oauth2.GenerateVerifier())); err == nil {
		return errors.New("anything is taken for a code")
	}
	var refusal *oauth2.RetrieveError
	if !errors.As(err, &refusal) || refusal.ErrorCode != "invalid_grant" || refusal.ErrorDescription == "" {
		return fmt.Errorf("a wrong code is refused without a reason: %w", err)
	}
	return nil
}

func TestJudgeXOAuth2(t *testing.T) {
	t.Parallel()
	c := openCourt(t, "", "")
	c.onEachEngine(func(t *testing.T, c *court) {
		for _, kind := range clientKinds {
			t.Run(kind.name+" finds nothing wrong", func(t *testing.T) {
				if err := c.judgeOAuth2(t.Context(), c.task(kind.client, kind.auth, kind.audience)); err != nil {
					t.Errorf("the judge found something: %v", err)
				}
			})
		}
	})
	for _, f := range []fault{
		{name: "a token endpoint that is not where it is said to be", at: metadataPath, body: swap("/oauth/token", "/oauth/tokens"), says: "404"},
		{name: "an answer to another question", at: "/link/callback", body: swap("state=", "state=x"), says: "another state"},
		{name: "tokens sent as text", at: "/oauth/token", header: with("Content-Type", "text/plain"), says: "missing access_token"},
		{name: "tokens of a type nobody knows", at: "/oauth/token", body: swap(`"Bearer"`, `"mac"`), says: "not a bearer token"},
		{name: "a token under another name", at: "/oauth/token", body: swap(`"access_token"`, `"token"`), says: "missing access_token"},
		{name: "a token that is a number", at: "/oauth/token", body: later(func(b []byte) []byte {
			return members(b, func(m map[string]any) { m["access_token"] = 7 })
		}), says: "refresh: "},
		{name: "a life that is no number", at: "/oauth/token", body: swap(`"expires_in":`, `"expires_in":"soon","in":`), says: "cannot parse json"},
		{name: "a token without a refresh", at: "/oauth/token", body: swap(`"refresh_token"`, `"again"`), says: "can be refreshed"},
		{name: "a refresh that gives the same again", at: "/oauth/token", body: sameAccess(), says: "another bearer token"},
		{name: "a rotation that gives the same again", at: "/oauth/token", body: sameRefresh(), public: true, says: "rotation is not as agreed"},
		{name: "a refusal without its reason", at: "/oauth/token", body: swap(`"error":"invalid_grant"`, `"fault":"invalid_grant"`), says: "refused without a reason"},
	} {
		t.Run(f.name+" is seen", func(t *testing.T) {
			c.door.plant(t, f)
			task := c.task("alexa", "basic", "/alexa")
			if f.public {
				task = c.task("mcp", "none", "/mcp")
			}
			f.mustBeSeen(t, func() (bool, string) {
				err := c.judgeOAuth2(t.Context(), task)
				return err == nil, fmt.Sprint(err)
			})
		})
	}
}
