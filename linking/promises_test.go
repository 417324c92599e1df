package linking_test

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"sotto/linking"
	"sotto/tests/database"
)

// onBoth runs a test with a house on both engines.
func onBoth(t *testing.T, test func(t *testing.T, h *house)) {
	for _, name := range []string{"SQLite", "PostgreSQL"} {
		t.Run(name, func(t *testing.T) { test(t, openAt(t, database.Engines[name](t))) })
	}
}

// holders are the clients to whom refresh tokens are given: Alexa's and Google's are stable, MCP assistants' rotate; Google's and the last one's
// access tokens are references.
var holders = []string{"alexa", "google", "mcp", "plain"}

func TestARefreshAlwaysGivesADifferentAccessToken(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for _, client := range holders {
			g := h.linked(client)
			if reference := strings.HasPrefix(string(g.AccessToken), "sa_"); reference != (client == "google" || client == "plain") {
				t.Errorf("%s: an access token of the other format", client)
			}
			seen := map[linking.Token]bool{g.AccessToken: true}
			for range 5 { // at the same instant, and at another
				for range 2 {
					g = h.token(client, refreshing(g.RefreshToken))
					if seen[g.AccessToken] {
						t.Errorf("%s: an access token was given twice", client)
					}
					seen[g.AccessToken] = true
				}
				h.Pass(time.Second)
			}
		}
	})
}

func TestOlderUnexpiredAccessTokensStayValidAfterARefresh(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for _, client := range holders {
			g := h.linked(client)
			tokens, born := []linking.Token{g.AccessToken}, h.Now()
			for range 3 {
				h.Pass(time.Minute)
				g = h.token(client, refreshing(g.RefreshToken))
				tokens = append(tokens, g.AccessToken)
			}
			for i, token := range tokens {
				if !h.lives(client, token) {
					t.Errorf("%s: access token %d died of a refresh", client, i)
				}
			}
			h.Pass(born.Add(time.Duration(g.ExpiresIn) * time.Second).Sub(h.Now()))
			if h.lives(client, tokens[0]) || !h.lives(client, tokens[1]) {
				t.Errorf("%s: each access token has its own end, and only that", client)
			}
		}
	})
}

func TestRefreshTokensLiveAsLongAsTheConsent(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for _, client := range holders {
			g := h.linked(client)
			h.Pass(10 * 365 * 24 * time.Hour)
			if err := h.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if g = h.token(client, refreshing(g.RefreshToken)); !h.lives(client, g.AccessToken) {
				t.Errorf("%s: what was refreshed after ten years opens nothing", client)
			}
			if err := h.End(t.Context(), g.Link); err != nil {
				t.Fatal(err)
			}
			_, err := h.Token(t.Context(), call(client, refreshing(g.RefreshToken)))
			refused(t, err, "invalid_grant", "link_ended")
			if h.lives(client, g.AccessToken) {
				t.Errorf("%s: an access token outlived the consent", client)
			}
		}
	})
}

func TestScopeNeverDecidesWhetherARefreshTokenIsIssued(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for _, client := range holders {
			for _, asked := range []string{"", "balances", "spending", "balances spending"} {
				for _, chosen := range [][]linking.Scope{nil, {linking.Balances}, {linking.Spending}} {
					if asked != "" && len(chosen) == 1 && !strings.Contains(asked, string(chosen[0])) {
						continue
					}
					q := request(client)
					if asked != "" {
						q.Set("scope", asked)
					}
					code := parameters(t, h.approve(h.authorize(q), chosen...).URL).Get("code")
					g := h.token(client, exchanging(client, code))
					if g.RefreshToken == "" {
						t.Errorf("%s: no refresh token where %q was asked for and %q chosen", client, asked, chosen)
						continue
					}
					if narrow := h.token(client, with(refreshing(g.RefreshToken), "scope", strings.Fields(g.Scope)[0])); narrow.RefreshToken == "" {
						t.Errorf("%s: a refresh for one scope of %q costs the refresh token", client, g.Scope)
					}
				}
			}
		}
	})
}

// everything reads every value of every table, as anybody who copied the database could.
func (h *house) everything() []byte {
	h.t.Helper()
	driver, source := "sqlite", "file:"+strings.TrimPrefix(h.url, "sqlite:")
	tables := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if strings.HasPrefix(h.url, "postgres:") {
		driver, source = "pgx", h.url
		tables = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	var all bytes.Buffer
	for _, table := range h.rows(db, tables) {
		for _, value := range h.rows(db, `SELECT * FROM "`+table+`"`) {
			all.WriteString(value + "\n")
		}
	}
	return all.Bytes()
}

// rows gives the values of a query, each as text, or as the bytes that it is.
func (h *house) rows(db *sql.DB, query string) (values []string) {
	h.t.Helper()
	rows, err := db.QueryContext(h.t.Context(), query)
	if err != nil {
		h.t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		h.t.Fatal(err)
	}
	row := make([]any, len(columns))
	for i := range row {
		row[i] = new(any)
	}
	for rows.Next() {
		if err := rows.Scan(row...); err != nil {
			h.t.Fatal(err)
		}
		for _, v := range row {
			switch v := (*v.(*any)).(type) {
			case []byte:
				values = append(values, string(v))
			default:
				values = append(values, fmt.Sprint(v))
			}
		}
	}
	if err := rows.Err(); err != nil {
		h.t.Fatal(err)
	}
	return values
}

// shapes are the ways in which a token could be kept so that it, or what it hashes to, is found again: whole, without its prefix, its bytes, its HMAC
// alone, its SHA-256; each as bytes, in hexadecimal digits, and in both base64s.
func shapes(t *testing.T, token linking.Token) map[string][]byte {
	t.Helper()
	_, rest, ok := strings.Cut(string(token), "_")
	raw, err := base64.RawURLEncoding.DecodeString(rest)
	if !ok || err != nil || len(raw) < 32 {
		t.Fatalf("%q is no refresh token", token)
	}
	found := map[string][]byte{"the token": []byte(token), "the token without its prefix": []byte(rest)}
	for what, b := range map[string][]byte{
		"its bytes": raw, "its last 32 bytes": raw[len(raw)-32:], "its hash": sha(string(token)), "the hash of its rest": sha(rest), "the hash of its bytes": sha(string(raw)),
	} {
		found[what] = b
		found[what+", in hexadecimal digits"] = []byte(hex.EncodeToString(b))
		found[what+", in base64"] = []byte(base64.RawStdEncoding.EncodeToString(b))
		found[what+", in base64url"] = []byte(base64.RawURLEncoding.EncodeToString(b))
	}
	return found
}

func sha(s string) []byte {
	b, _ := hex.DecodeString(digest(s))
	return b
}

// A successor is computed anew whenever it is asked for. Whoever has the database has nothing of it, not even a hash.
func TestARotatedSuccessorIsNeverInTheDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		first := h.linked("mcp")
		second := h.token("mcp", refreshing(first.RefreshToken))
		third := h.token("mcp", refreshing(second.RefreshToken))
		if again := h.token("mcp", refreshing(second.RefreshToken)); again.RefreshToken != third.RefreshToken {
			t.Fatal("a retry within the grace got another successor")
		}
		stable := h.linked("alexa")
		all := h.everything()
		for i, g := range []linking.Grant{first, second, third} {
			for what, shape := range shapes(t, g.RefreshToken) {
				if bytes.Contains(all, shape) {
					t.Errorf("of the rotating token %d, %s is in the database", i+1, what)
				}
			}
		}
		// Who searches like this finds what is there: of a stable token, its hash and no more.
		for what, shape := range shapes(t, stable.RefreshToken) {
			if found := bytes.Contains(all, shape); found != (what == "its hash") {
				t.Errorf("of the stable token, %s is in the database: %t", what, found)
			}
		}
	})
}
