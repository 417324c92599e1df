package server_test

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"sotto/linking"
)

// until sends a request again and again, and says how many were let through before the first 429. It fails where that has no Retry-After.
func until(t *testing.T, most int, send func(i int) (int, http.Header, string)) (through int, body string) {
	t.Helper()
	for i := range most {
		status, header, body := send(i)
		if status != http.StatusTooManyRequests {
			continue
		}
		if after, err := strconv.Atoi(header.Get("Retry-After")); err != nil || after < 1 || header.Get("Cache-Control") != "no-store" {
			t.Errorf("refused without saying when to come back: %v", header)
		}
		return i, body
	}
	return most, ""
}

func TestAVisitorWhoComesTooOftenShutsTheDoorOnNobodyElse(t *testing.T) {
	h := openHouse(t, t.TempDir(), "SOTTO_TRUSTED_PROXIES=127.0.0.0/8")
	visit := func(from string) (int, http.Header, string) {
		return h.ask(t, http.MethodGet, h.authorizePath(), "", map[string]string{"X-Forwarded-For": from, "Accept": "text/html"})
	}
	through, body := until(t, 200, func(int) (int, http.Header, string) { return visit("203.0.113.7") })
	if through < 60 || through > 100 {
		t.Errorf("%d visits were let through", through)
	}
	if !strings.Contains(body, "<html") {
		t.Errorf("a browser is refused without a page: %s", body)
	}
	for name, from := range map[string]string{
		"a neighbour":                          "203.0.113.8",
		"a visitor who came another way":       "2001:db8:1:1::1",
		"whom the bad visitor says he is, too": "203.0.113.9, 198.51.100.1",
	} {
		if status, _, _ := visit(from); status != http.StatusOK {
			t.Errorf("%s gets %d", name, status)
		}
	}
	if status, _, _ := visit("198.51.100.99, 203.0.113.7"); status != http.StatusTooManyRequests {
		t.Errorf("who makes up an address that he comes from gets %d", status)
	}
	t.Run("one subscriber's many addresses are one visitor", func(t *testing.T) {
		through, _ := until(t, 200, func(i int) (int, http.Header, string) { return visit(fmt.Sprintf("2001:db8:2:2::%x", i+1)) })
		if through > 100 {
			t.Errorf("%d visits were let through", through)
		}
		if status, _, _ := visit("2001:db8:2:3::1"); status != http.StatusOK {
			t.Errorf("the next subscriber gets %d", status)
		}
	})
}

// TestAProxyThatIsNotNamedIsNotTakenForOneVisitor: else everybody behind it would be shut out together.
func TestAProxyThatIsNotNamedIsNotTakenForOneVisitor(t *testing.T) {
	h := openHouse(t, t.TempDir())
	through, _ := until(t, 150, func(int) (int, http.Header, string) {
		return h.ask(t, http.MethodGet, h.authorizePath(), "", map[string]string{"X-Forwarded-For": "203.0.113.7"})
	})
	if through < 150 {
		t.Errorf("stopped after %d", through)
	}
}

// TestTheFirstPagesOfAllVisitorsTogetherAreBounded: each is a row, and an attacker may have many addresses.
func TestTheFirstPagesOfAllVisitorsTogetherAreBounded(t *testing.T) {
	h := openHouse(t, t.TempDir(), "SOTTO_TRUSTED_PROXIES=127.0.0.0/8")
	through, _ := until(t, 3000, func(i int) (int, http.Header, string) {
		// The query is refused at once, so that the test is quick; it counts all the same.
		return h.ask(t, http.MethodGet, "/oauth/authorize", "", map[string]string{"X-Forwarded-For": fmt.Sprintf("198.51.%d.%d", i/250, i%250+1)})
	})
	if through < 1000 || through == 3000 {
		t.Errorf("%d visits were let through", through)
	}
}

// TestEveryFirstPageOfLinkingIsCountedForItsVisitor: each is a row, wherever linking starts, and they share what a visitor may open.
func TestEveryFirstPageOfLinkingIsCountedForItsVisitor(t *testing.T) {
	h := openHouse(t, t.TempDir(), "SOTTO_TRUSTED_PROXIES=127.0.0.0/8")
	invitation, err := h.InviteURL(t.Context(), linking.Chat{Client: h.Dev().Clients["google"].ID, ID: "session-1"}, "en-US")
	if err != nil {
		t.Fatal(err)
	}
	invited := strings.TrimPrefix(invitation, h.PublicURL())
	first := map[string]string{"from an assistant": h.authorizePath(), "from a chat": invited, "from Messenger": "/messenger/link"}
	visit := func(path, from string) (int, http.Header, string) {
		return h.ask(t, http.MethodGet, path, "", map[string]string{"X-Forwarded-For": from, "Accept": "text/html"})
	}
	through, _ := until(t, 200, func(int) (int, http.Header, string) { return visit(invited, "203.0.113.7") })
	if through < 60 || through > 100 {
		t.Errorf("%d visits were let through", through)
	}
	for name, path := range first {
		if status, _, _ := visit(path, "203.0.113.7"); status != http.StatusTooManyRequests {
			t.Errorf("%s, who comes too often gets %d", name, status)
		}
		if status, _, _ := visit(path, "203.0.113.8"); status == http.StatusTooManyRequests {
			t.Errorf("%s, a neighbour is shut out", name)
		}
	}
}

// TestWhoGuessesInAClientsNameIsSlowedAndTheClientIsNot: a lock-out that anybody could bring upon an assistant would be worse than guesses at
// 256 bits.
func TestWhoGuessesInAClientsNameIsSlowedAndTheClientIsNot(t *testing.T) {
	h := openHouse(t, t.TempDir())
	file := h.Dev()
	alexa, google, mcp := file.Clients["alexa"], file.Clients["google"], file.Clients["mcp"]
	granted := h.linkClient(t, alexa, alexa.RedirectURIs[0], "ada")
	post := func(path, id, secret string, form url.Values) (int, http.Header, string) {
		header := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
		if secret != "" {
			header["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
		} else {
			form.Set("client_id", id)
		}
		return h.ask(t, http.MethodPost, path, form.Encode(), header)
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {granted.Refresh}}
	for name, guess := range map[string]func(int) (int, http.Header, string){
		"secrets at the token endpoint": func(i int) (int, http.Header, string) {
			return post("/oauth/token", alexa.ID, "guess"+strconv.Itoa(i), refresh)
		},
		"secrets at the introspection endpoint": func(i int) (int, http.Header, string) {
			return post("/oauth/introspect", google.ID, "guess"+strconv.Itoa(i), url.Values{"token": {"x"}})
		},
		"codes in the name of a client that anybody can be": func(i int) (int, http.Header, string) {
			return post("/oauth/token", mcp.ID, "", url.Values{"grant_type": {"authorization_code"}, "code": {fmt.Sprintf("%043d", i)}, "redirect_uri": {"x"}})
		},
		"clients": func(i int) (int, http.Header, string) {
			return post("/oauth/token", "client"+strconv.Itoa(i), "guess", refresh)
		},
	} {
		t.Run(name, func(t *testing.T) {
			through, body := until(t, 3000, guess)
			if through < 200 || through == 3000 {
				t.Errorf("%d guesses were let through", through)
			}
			if !strings.Contains(body, `"error":"temporarily_unavailable"`) {
				t.Errorf("refused with %s", body)
			}
			for range 5 {
				if status, _, body := post("/oauth/token", alexa.ID, alexa.Secret, refresh); status != http.StatusOK {
					t.Errorf("the client itself gets %d %s", status, body)
				}
			}
		})
	}
	if got := h.linkClient(t, mcp, "http://127.0.0.1:51234/callback", "grace"); got.Refresh == "" {
		t.Error("a code of the real client is refused while others are guessed")
	}
}

// TestWhoPushesRequestsForAClientThatAnybodyCanBeIsCountedByWhereHeComesFrom: each is a row that stays for an hour, and its client is only a name.
func TestWhoPushesRequestsForAClientThatAnybodyCanBeIsCountedByWhereHeComesFrom(t *testing.T) {
	h := openHouse(t, t.TempDir(), "SOTTO_TRUSTED_PROXIES=127.0.0.0/8")
	alexa, mcp := h.Dev().Clients["alexa"], h.Dev().Clients["mcp"]
	push := func(id, secret, from string) (int, http.Header, string) {
		header := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": from}
		form := url.Values{"client_id": {id}}
		if secret != "" {
			form.Set("client_secret", secret)
		} else { // by Basic, as who would look like a client that proves itself
			header["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"))
		}
		return h.ask(t, http.MethodPost, "/oauth/par", form.Encode(), header)
	}
	through, body := until(t, 200, func(int) (int, http.Header, string) { return push(mcp.ID, "", "203.0.113.7") })
	if through < 60 || through > 100 || !strings.Contains(body, `"error":"temporarily_unavailable"`) {
		t.Errorf("%d pushes were let through, then %s", through, body)
	}
	if status, _, _ := push(mcp.ID, "", "203.0.113.8"); status == http.StatusTooManyRequests {
		t.Error("a neighbour is shut out")
	}
	if through, _ := until(t, 200, func(int) (int, http.Header, string) { return push(alexa.ID, alexa.Secret, "203.0.113.7") }); through < 200 {
		t.Errorf("a platform that proves itself is stopped after %d by its address", through)
	}
}

// TestWhoSendsSlowlyKeepsNobodyOut: a socket costs an attacker nothing, so more of them than there are seats must not be the end of a house.
func TestWhoSendsSlowlyKeepsNobodyOut(t *testing.T) {
	h := openHouse(t, t.TempDir())
	host := strings.TrimPrefix(h.PublicURL(), "http://")
	for range 1100 {
		socket, err := new(net.Dialer).DialContext(t.Context(), "tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		defer socket.Close()
		_, err = fmt.Fprintf(socket, "POST /oauth/token HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\na", host)
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		for path, want := range map[string]int{"/healthz": http.StatusOK, "/oauth/revoke": http.StatusUnauthorized} {
			method, body := http.MethodGet, ""
			if want == http.StatusUnauthorized {
				method, body = http.MethodPost, "token=x"
			}
			if status, _, _ := h.ask(t, method, path, body, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}); status != want {
				t.Fatalf("%s: %d", path, status)
			}
		}
	}
}
