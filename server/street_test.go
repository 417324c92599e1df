package server_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sotto/server"
	"sotto/server/dev"
	"sotto/tests/loopback"
)

// bankAlone runs `sotto bank` for a house at addr until the test ends, and gives its state directory and its entry for SOTTO_BANKS.
func bankAlone(t *testing.T, addr string) (state, entry string) {
	t.Helper()
	state = t.TempDir()
	out, log := &journal{}, &journal{}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() {
		ended <- server.RunBank(ctx, devConfig(t, state, "SOTTO_PUBLIC_URL=http://"+addr), options(t, log), out)
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the bank: %v", err)
		}
	})
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(log.String(), "bank open") {
		select {
		case err := <-ended:
			t.Fatal(err)
		case <-tick.C:
		}
	}
	return state, out.String()
}

// A house without --dev, which knows its bank from configuration alone, and its assistant from SOTTO_CLIENTS.
func TestAHouseOnTheStreet(t *testing.T) {
	addr, dir := loopback.Free(t), t.TempDir()
	state, entry := bankAlone(t, addr)
	digest := sha256.Sum256([]byte("a secret of the assistant"))
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	environ := []string{
		"SOTTO_ADDR=" + addr, "SOTTO_PUBLIC_URL=http://" + addr, "SOTTO_METRICS_ADDR=127.0.0.1:0", "SOTTO_ALEXA_SKILL_IDS=amzn1.ask.skill.1",
		"SOTTO_DATABASE=sqlite:" + filepath.Join(dir, "live", "sotto.db"),
		"SOTTO_KEYS=" + write("keys.json", `{"wrapping":"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=","pairwise":"QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="}`),
		"SOTTO_BANKS=" + write("banks.yaml", entry),
		"SOTTO_CLIENTS=" + write("clients.yaml", fmt.Sprintf(`
- id: alexa
  name: Alexa
  platform: alexa
  auth: basic_or_post
  secret_sha256: %s
  redirect_uris: [https://pitangui.amazon.com/api/skill/link/M1]
  scopes: [balances, spending]
  access_ttl: 15m
`, hex.EncodeToString(digest[:]))),
	}
	cfg, err := parse(t, nil, environ, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range server.Doctor(t.Context(), cfg, time.Now) {
		if f.Grade == server.Fault {
			t.Errorf("the doctor: %s: %s", f.Of, f.Says)
		}
	}
	log := &journal{}
	s, err := server.New(t.Context(), cfg, options(t, log))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	h := &house{Server: s, state: state, log: log}

	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/": 200, "/metrics": 404, "/linked": 404} {
		if status, _, _ := h.ask(t, http.MethodGet, path, "", nil); status != want {
			t.Errorf("%s answers %d, want %d", path, status, want)
		}
	}
	for _, path := range []string{"/dialogflow/es", "/dialogflow/cx"} {
		if status, _, body := h.ask(t, http.MethodPost, path, "{}", nil); status != http.StatusNotFound {
			t.Errorf("%s is open, where nothing proves who asks: %d %s", path, status, body)
		}
	}
	if status, _, body := h.ask(t, http.MethodGet, "/", "", nil); status != 200 || strings.Contains(body, "Password") {
		t.Error("the front page shows what is for development")
	}
	_, _, body := h.ask(t, http.MethodGet, "/", "", map[string]string{"Accept-Language": "pt-BR"})
	if !strings.Contains(body, "Pergunte sobre o seu dinheiro") || !strings.Contains(body, `<html lang="pt-BR">`) {
		t.Errorf("the front page does not speak the visitor's language: %s", body)
	}
	who := invented(t, state)
	back, err := dev.Person{Bank: "albion", Customer: who, Now: time.Now}.Link(t.Context(), "http://"+addr+"/oauth/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {"alexa"}, "redirect_uri": {"https://pitangui.amazon.com/api/skill/link/M1"}, "state": {"s"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}.Encode(), "https://pitangui.amazon.com/api/skill/link/M1")
	if err != nil || back.Get("code") == "" || back.Get("iss") != "http://"+addr {
		t.Errorf("linking: %v, %v", back, err)
	}

	stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	said := false
	for !said {
		select {
		case err := <-ended:
			t.Fatalf("closed (%v) before /readyz said so", err)
		case <-tick.C:
			status, _, _ := h.ask(t, http.MethodGet, "/readyz", "", nil)
			said = status == http.StatusServiceUnavailable
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("close: %v", err)
	}
}

// invented are Ada's credentials in a state directory of `sotto bank`.
func invented(t *testing.T, state string) dev.Customer {
	t.Helper()
	h, err := dev.Open(state, strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	return h.Customers[0]
}

func TestBanksAndClientsThatAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		setting, file string
		want          []string
	}{
		"a bank with an unknown key":            {"SOTTO_BANKS", "- id: a\n  titel: b\n", []string{"SOTTO_BANKS", "titel"}},
		"banks that are no list":                {"SOTTO_BANKS", "id: a\n", []string{"SOTTO_BANKS"}},
		"an empty list of banks":                {"SOTTO_BANKS", "[]\n", []string{"lists no bank"}},
		"two documents":                         {"SOTTO_BANKS", "[]\n---\n[]\n", []string{"one YAML document"}},
		"two banks with faults, both named":     {"SOTTO_BANKS", "- id: first\n- id: second\n", []string{`"first"`, `"second"`, "token_url", "zone"}},
		"a bank called like the mock bank":      {"SOTTO_BANKS", "- id: albion\n", []string{`"albion" stands twice`}},
		"a secret that is no text is not shown": {"SOTTO_BANKS", "- id: a\n  client_secret: [hush]\n", []string{"SOTTO_BANKS"}},
		"a client with an unknown key":          {"SOTTO_CLIENTS", "- id: a\n  secret: hush\n", []string{"SOTTO_CLIENTS", "secret"}},
		"two clients with faults, both named":   {"SOTTO_CLIENTS", "- id: first\n- id: second\n", []string{`"first"`, `"second"`, "platform"}},
		"a service that anybody could be":       {"SOTTO_CLIENTS", "- {id: s, name: S, platform: service, auth: none}\n", []string{"must authenticate"}},
		"a client whose key file is not there":  {"SOTTO_CLIENTS", "- {id: s, name: S, platform: alexa, auth: private_key_jwt, jwks_file: /none.jwks, redirect_uris: ['https://s.example/'], scopes: [balances]}\n", []string{`"s"`, "/none.jwks", "cannot be read"}},
		"a client whose key file holds no key":  {"SOTTO_CLIENTS", "- {id: s, name: S, platform: alexa, auth: private_key_jwt, jwks_file: /dev/null, redirect_uris: ['https://s.example/'], scopes: [balances]}\n", []string{`"s"`, "/dev/null", "no JSON Web Key Set"}},
		"a file that is not there":              {"SOTTO_CLIENTS", "", []string{"no such file"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "list.yaml")
			if tc.file != "" {
				if err := os.WriteFile(path, []byte(tc.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := server.New(t.Context(), devConfig(t, filepath.Join(t.TempDir(), "state"), tc.setting+"="+path), options(t, &journal{}))
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q shows a secret or has more than one line", err)
			}
		})
	}
}
