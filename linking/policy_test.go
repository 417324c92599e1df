package linking_test

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sotto/linking"
)

func base64url(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// part reads one part of a JWT without believing it.
func part(t testing.TB, token linking.Token, n int) map[string]any {
	t.Helper()
	parts := strings.Split(string(token), ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %d parts", len(parts))
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[n])
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(b, &members); err != nil {
		t.Fatal(err)
	}
	return members
}

func claimsOf(t testing.TB, token linking.Token) map[string]any { return part(t, token, 1) }

// What the table of refusals (tests/refusals_test.go) cannot bring about from the street.

func TestACodeOfALinkThatHasEndedIsRefused(t *testing.T) {
	h := open(t)
	step := h.approve(h.authorize(request("alexa")))
	if err := h.End(t.Context(), step.Link); err != nil {
		t.Fatal(err)
	}
	_, err := h.Token(t.Context(), call("alexa", exchanging("alexa", parameters(t, step.URL).Get("code"))))
	refused(t, err, "invalid_grant", "link_ended")
}

func TestARotatedRefreshTokenThatTurnsUpAfterItsUseWasSweptIsRefused(t *testing.T) {
	h := open(t)
	old := h.linked("mcp")
	next := h.token("mcp", refreshing(old.RefreshToken))
	h.Pass(365 * 24 * time.Hour)
	if err := h.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := h.Token(t.Context(), call("mcp", refreshing(old.RefreshToken)))
	refused(t, err, "invalid_grant", "refresh_reused")
	_, err = h.Token(t.Context(), call("mcp", refreshing(next.RefreshToken)))
	refused(t, err, "invalid_grant", "link_ended")
}

// older brings the database back to before the uses of these generations of every grant, as restoring a copy does.
func (h *house) older(from int) {
	h.t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(h.url, "sqlite:"))
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(h.t.Context(), "DELETE FROM rotations WHERE generation >= $1", from); err != nil {
		h.t.Fatal(err)
	}
}

// An older copy of the database knows nothing of the refresh tokens that were used since. The customer's newest must go on; and whoever has an
// older one must not go on beside it.
func TestAnOlderCopyOfTheDatabaseLetsTheNewestRefreshTokenGoOnAndEndsTheLinkOfAnOlderOne(t *testing.T) {
	h := open(t)
	tokens := []linking.Token{h.linked("mcp").RefreshToken}
	next := func() {
		tokens = append(tokens, h.token("mcp", refreshing(tokens[len(tokens)-1])).RefreshToken)
		h.Pass(time.Hour)
	}
	for range 8 {
		next()
	}
	h.older(4)
	next() // the customer's own, with the newest he has
	stolen := tokens[5]
	_, err := h.Token(t.Context(), call("mcp", refreshing(stolen)))
	refused(t, err, "invalid_grant", "refresh_reused")
	_, err = h.Token(t.Context(), call("mcp", refreshing(tokens[len(tokens)-1])))
	refused(t, err, "invalid_grant", "link_ended")
}

// Where the thief comes first, nobody can tell yet; but he is found out as soon as the customer has come.
func TestAThiefWhoIsFirstAfterAnOlderCopyWasRestoredIsFoundOutWhenHeComesAgain(t *testing.T) {
	h := open(t)
	tokens := []linking.Token{h.linked("mcp").RefreshToken}
	for range 8 {
		tokens = append(tokens, h.token("mcp", refreshing(tokens[len(tokens)-1])).RefreshToken)
		h.Pass(time.Hour)
	}
	h.older(4)
	thiefs := h.token("mcp", refreshing(tokens[5])).RefreshToken
	h.Pass(time.Hour)
	h.token("mcp", refreshing(tokens[8]))
	_, err := h.Token(t.Context(), call("mcp", refreshing(thiefs)))
	refused(t, err, "invalid_grant", "refresh_reused")
}

// TestWhoAsksForTooMuchInTheLastInstantOfAGraceIsNoThief: a retry that is refused for what else is wrong with it ends nothing.
func TestWhoAsksForTooMuchInTheLastInstantOfAGraceIsNoThief(t *testing.T) {
	h := open(t)
	old := h.linked("mcp")
	next := h.token("mcp", refreshing(old.RefreshToken))
	h.Pass(time.Minute)
	_, err := h.Token(t.Context(), call("mcp", with(refreshing(old.RefreshToken), "scope", "income")))
	refused(t, err, "invalid_scope", "scope_wider")
	if again := h.token("mcp", refreshing(old.RefreshToken)); again.RefreshToken != next.RefreshToken {
		t.Error("the retry got another successor")
	}
}

func TestAVerifierMayBeAsLongAsTheStandardAllows(t *testing.T) {
	h := open(t)
	longest := strings.Repeat("-._~", 32)
	q := request("alexa")
	q.Set("code_challenge", s256(longest))
	h.token("alexa", with(exchanging("alexa", h.codeOf(q)), "code_verifier", longest))
}

// stale is a store in which the access tokens of a link that has ended are still to be found.
type stale struct{ linking.Store }

func (s stale) ByAccess(ctx context.Context, token []byte) (linking.Granted, linking.AccessToken, error) {
	g, t, err := s.Store.ByAccess(ctx, token)
	g.Ended = t.Issued
	return g, t, err
}

func TestAReferenceThatOutlivedItsLinkIsRefused(t *testing.T) {
	h := open(t)
	g := h.linked("google")
	h.store.Store = stale{h.store.Store}
	if h.lives("google", g.AccessToken) {
		t.Error("the link has ended, and its access token is good")
	}
}

func TestATokenResponseDoesNotShowItsTokens(t *testing.T) {
	g := open(t).linked("alexa")
	for _, shown := range []string{fmt.Sprintf("%v", g), fmt.Sprintf("%+v", g), fmt.Sprintf("%#v", g)} {
		if strings.Contains(shown, string(g.RefreshToken)) || strings.Contains(shown, string(g.AccessToken)) {
			t.Errorf("printed, it shows them: %s", shown)
		}
	}
}

func TestAnAccessTokenIsWhatRFC9068Says(t *testing.T) {
	h := open(t)
	g := h.linked("alexa")
	header := part(t, g.AccessToken, 0)
	if header["typ"] != "at+jwt" || header["alg"] != "ES256" || header["kid"] != h.Keys().Keys[0].Kid {
		t.Errorf("header: got %v", header)
	}
	c := claimsOf(t, g.AccessToken)
	now := float64(h.Now().Unix())
	if c["iss"] != issuer || c["client_id"] != "alexa" || c["scope"] != "balances spending transactions" || c["iat"] != now || c["exp"] != now+900 ||
		c["sub"] == "" || c["jti"] == "" || fmt.Sprint(c["aud"]) != "["+issuer+"/alexa]" {
		t.Errorf("claims: got %v", c)
	}
	if strings.Contains(fmt.Sprint(c), g.Link) {
		t.Error("the platform is told the link's id")
	}
	if claimsOf(t, h.token("alexa", refreshing(g.RefreshToken)).AccessToken)["jti"] == c["jti"] {
		t.Error("two tokens have one jti")
	}
}

func TestARefreshCanNarrowTheScopeOfOneAccessToken(t *testing.T) {
	h := open(t)
	for _, client := range []string{"alexa", "google", "mcp"} {
		g := h.linked(client)
		narrow := h.token(client, with(refreshing(g.RefreshToken), "scope", "balances"))
		if narrow.Scope != "balances" {
			t.Errorf("%s: got scope %q", client, narrow.Scope)
		}
		link, err := h.Resolve(t.Context(), platforms[client], narrow.AccessToken)
		if err != nil || len(link.Scopes) != 1 {
			t.Errorf("%s: got %v, %v", client, link.Scopes, err)
		}
		if wide := h.token(client, refreshing(narrow.RefreshToken)); wide.Scope != g.Scope {
			t.Errorf("%s: the next refresh has scope %q, want all of the link's", client, wide.Scope)
		}
	}
}

func TestRevocationHoldsAtTheNextRequest(t *testing.T) {
	for _, client := range []string{"alexa", "google", "mcp"} {
		t.Run(client, func(t *testing.T) {
			h := open(t)
			g := h.linked(client)
			other := h.token(client, refreshing(g.RefreshToken))
			if !h.lives(client, g.AccessToken) {
				t.Fatal("not even linked")
			}
			for range 2 {
				if err := h.Revoke(t.Context(), call(client, map[string]string{"token": string(g.AccessToken)})); err != nil {
					t.Fatal(err)
				}
			}
			if h.lives(client, g.AccessToken) {
				t.Error("a revoked access token is accepted")
			}
			if !h.lives(client, other.AccessToken) {
				t.Error("another access token went with it")
			}
			for range 2 {
				if err := h.Revoke(t.Context(), call(client, map[string]string{"token": string(other.RefreshToken), "token_type_hint": "access_token"})); err != nil {
					t.Fatal(err)
				}
			}
			if h.lives(client, other.AccessToken) {
				t.Error("an access token outlived its refresh token's revocation")
			}
			_, err := h.Token(t.Context(), call(client, refreshing(other.RefreshToken)))
			refused(t, err, "invalid_grant", "link_ended")
		})
	}
}

// TestARevokedTokenIsNotForgottenWhereAClockIsBehind: the process that sweeps may be ahead of the one that is asked.
func TestARevokedTokenIsNotForgottenWhereAClockIsBehind(t *testing.T) {
	h := open(t)
	customer, service := h.linked("mcp").AccessToken, h.token("service", listing()).AccessToken
	for client, token := range map[string]linking.Token{"mcp": customer, "service": service} {
		must(t, h.Revoke(t.Context(), call(client, map[string]string{"token": string(token)})))
	}
	h.Pass(time.Hour - 10*time.Second)
	must(t, h.database().SweepLinks(t.Context(), h.Now().Add(20*time.Second)))
	if h.lives("mcp", customer) {
		t.Error("a customer's revoked token is accepted")
	}
	if h.lists(linking.MCPPath, service) {
		t.Error("a service's revoked token is accepted")
	}
}

func TestIntrospectionTellsAClientOfItsOwnLiveTokensOnly(t *testing.T) {
	h := open(t)
	for _, client := range []string{"alexa", "google"} {
		g := h.linked(client)
		ask := func(who string, token linking.Token) linking.Introspection {
			t.Helper()
			got, err := h.Introspect(t.Context(), call(who, map[string]string{"token": string(token)}))
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		got := ask(client, g.AccessToken)
		link, err := h.Resolve(t.Context(), platforms[client], g.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		want := linking.Introspection{
			Active: true, Scope: g.Scope, Client: client, TokenType: "Bearer", Issued: h.Now().Unix(), Expires: h.Now().Unix() + g.ExpiresIn,
			Subject: link.Subject, Audience: got.Audience, Issuer: issuer, ID: got.ID,
		}
		if got != want || !strings.HasPrefix(got.Audience, issuer+"/") {
			t.Errorf("%s: got %+v, want %+v", client, got, want)
		}
		if got := ask(client, g.RefreshToken); !got.Active || got.Scope != g.Scope || got.Expires != 0 {
			t.Errorf("%s, refresh token: got %+v", client, got)
		}
		for what, got := range map[string]linking.Introspection{
			"another client's access token":  ask("other", g.AccessToken),
			"another client's refresh token": ask("other", g.RefreshToken),
			"nonsense":                       ask(client, "nonsense"),
		} {
			if got != (linking.Introspection{}) {
				t.Errorf("%s, %s: got %+v, want inactive and nothing else", client, what, got)
			}
		}
		if err := h.End(t.Context(), g.Link); err != nil {
			t.Fatal(err)
		}
		if ask(client, g.AccessToken).Active || ask(client, g.RefreshToken).Active {
			t.Errorf("%s: a token is active after the end", client)
		}
	}
	_, err := h.Introspect(t.Context(), call("mcp", map[string]string{"token": "x"}))
	refused(t, err, "invalid_client", "introspection_by_public_client")
	_, err = h.Introspect(t.Context(), call("alexa", nil))
	refused(t, err, "invalid_request", "token_missing")
}

func TestARotatedRefreshTokenIsInactiveAsSoonAsItIsRefused(t *testing.T) {
	h := open(t)
	list := clients()
	list[0].Refresh = linking.Rotate
	h.Authority = h.authority(list)
	old := h.linked("alexa")
	next := h.token("alexa", refreshing(old.RefreshToken))
	for _, step := range []struct {
		passes time.Duration
		token  linking.Token
		active bool
	}{{time.Minute, old.RefreshToken, true}, {time.Millisecond, old.RefreshToken, false}, {0, next.RefreshToken, true}} {
		h.Pass(step.passes)
		got, err := h.Introspect(t.Context(), call("alexa", map[string]string{"token": string(step.token)}))
		if err != nil || got.Active != step.active {
			t.Errorf("%v after its use: got %+v, %v", time.Minute+step.passes, got, err)
		}
	}
}

func TestAForgottenLinkLeavesOnlyAReceipt(t *testing.T) {
	h := open(t)
	g := h.linked("alexa")
	first, err := h.Forget(t.Context(), g.Link)
	if err != nil {
		t.Fatal(err)
	}
	h.Pass(time.Hour)
	again, err := h.Forget(t.Context(), g.Link)
	if err != nil || again != first || first.Code == "" || strings.Contains(first.Code, g.Link) {
		t.Errorf("got %+v and again %+v, %v", first, again, err)
	}
	if h.lives("alexa", g.AccessToken) {
		t.Error("its access token is accepted")
	}
	if _, err := h.Forget(t.Context(), "never was"); !errors.Is(err, linking.ErrNotLinked) {
		t.Errorf("a link that never was: got %v, want ErrNotLinked", err)
	}
}
