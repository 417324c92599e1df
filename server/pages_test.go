package server_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// pageWords are the words of the pages by language. British English has those of American English where it says nothing else.
func pageWords(t *testing.T) map[string]map[string]string {
	t.Helper()
	files, err := filepath.Glob("pages/words/*.yaml")
	if err != nil || len(files) != 3 {
		t.Fatalf("the languages of the pages: %v, %v", files, err)
	}
	out := map[string]map[string]string{}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]string{}
		if err := yaml.Unmarshal(content, &texts); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[strings.TrimSuffix(filepath.Base(name), ".yaml")] = texts
	}
	for key, text := range out["en-US"] {
		if own, ok := out["en-GB"][key]; ok && own == text {
			t.Errorf("en-GB.yaml says of %q what en-US.yaml says already", key)
		} else if !ok {
			out["en-GB"][key] = text
		}
	}
	return out
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

func TestEveryLanguageOfThePagesSaysEverything(t *testing.T) {
	languages := pageWords(t)
	home := languages["en-US"]
	for tag, texts := range languages {
		for key, text := range home {
			got, ok := texts[key]
			if !ok || strings.TrimSpace(got) == "" {
				t.Errorf("%s has no %q", tag, key)
				continue
			}
			want, have := placeholder.FindAllString(text, -1), placeholder.FindAllString(got, -1)
			slices.Sort(want)
			slices.Sort(have)
			if !slices.Equal(want, have) {
				t.Errorf("%s: %q fills in %v, en-US %v", tag, key, have, want)
			}
			if strings.ContainsAny(got, "<>'\"") {
				t.Errorf("%s: %q has markup or straight quotes: %s", tag, key, got)
			}
		}
		for key := range texts {
			if _, ok := home[key]; !ok {
				t.Errorf("%s has %q, which en-US has not", tag, key)
			}
		}
	}
}

func TestThePagesSayNothingThatHasNoWords(t *testing.T) {
	home := pageWords(t)["en-US"]
	files, err := filepath.Glob("pages/*.html")
	if err != nil || len(files) == 0 {
		t.Fatal("no pages", err)
	}
	said := regexp.MustCompile(`\.Say "([^"]+)"`)
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range said.FindAllStringSubmatch(string(content), -1) {
			if _, ok := home[key[1]]; !ok {
				t.Errorf("%s says %q, for which there are no words", name, key[1])
			}
		}
	}
	for _, key := range []string{"balances", "spending", "transactions", "income", "upcoming"} {
		for _, part := range []string{".title", ".may", ".never"} {
			if home["scope."+key+part] == "" {
				t.Errorf("no words for the scope %s%s", key, part)
			}
		}
	}
	for _, what := range []string{"erase", "wipe"} {
		for _, part := range []string{".heading", ".living", ".ended", ".yes"} {
			if home["my."+what+part] == "" {
				t.Errorf("no words for what is asked once more: my.%s%s", what, part)
			}
		}
	}
	for _, kind := range []string{"lost", "elsewhere", "returned", "over", "stranger", "other", "fault"} {
		for _, part := range []string{".heading", ".sentence", ".now"} {
			if home["refused."+kind+part] == "" {
				t.Errorf("no words for the refusal %s%s", kind, part)
			}
		}
	}
}

var lang = regexp.MustCompile(`<html lang="([^"]+)">`)

func TestTheLanguageOfThePagesIsTheOneAskedFor(t *testing.T) {
	h := openHouse(t, filepath.Join(t.TempDir(), "state"))
	c := h.Dev().Clients["alexa"]
	for name, tc := range map[string]struct{ locales, accept, want string }{
		"nobody asks":                                 {"", "", "en-US"},
		"the browser asks":                            {"", "pt-BR,pt;q=0.9,en;q=0.8", "pt-BR"},
		"the browser asks with spaces":                {"", "de-DE, en-GB;q=0.9, en;q=0.8", "en-GB"},
		"the assistant asks, the browser for another": {"en-GB", "pt-BR", "en-GB"},
		"the assistant's second wish is spoken":       {"de-DE pt-BR", "en-US", "pt-BR"},
		"the assistant's wish is not spoken":          {"de-DE", "pt-BR", "pt-BR"},
		"Portuguese of any country":                   {"pt", "", "pt-BR"},
		"English of Australia":                        {"en-AU", "", "en-GB"},
		"a language that is not spoken":               {"ja", "ja", "en-US"},
		"what is no language":                         {"../../etc <b>", "*;q=x,,;", "en-US"},
		"a header of great length":                    {"", strings.Repeat("xx-XX,", 500) + "pt-BR", "en-US"},
	} {
		t.Run(name, func(t *testing.T) {
			q := url.Values{
				"response_type": {"code"}, "client_id": {c.ID}, "redirect_uri": {c.RedirectURIs[0]}, "state": {"s"},
				"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
			}
			if tc.locales != "" {
				q.Set("ui_locales", tc.locales)
			}
			status, header, body := h.ask(t, http.MethodGet, "/oauth/authorize?"+q.Encode(), "", map[string]string{"Accept-Language": tc.accept})
			got := lang.FindStringSubmatch(body)
			if status != http.StatusOK || len(got) != 2 || got[1] != tc.want || header.Get("Content-Language") != tc.want {
				t.Errorf("%d, %v, %s; want %s", status, got, header.Get("Content-Language"), tc.want)
			}
			// Kept on the way: a page that the assistant's wish does not reach speaks as the first one did.
			cookies := (&http.Response{Header: header}).Cookies()
			var kept []string
			for _, k := range cookies {
				if !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" {
					t.Errorf("the cookie %s is open to others", k.Name)
				}
				kept = append(kept, k.Name+"="+k.Value)
			}
			_, _, body = h.ask(t, http.MethodGet, "/link/callback?state=x&code=y", "", map[string]string{
				"Accept-Language": "ja", "Accept": "text/html", "Cookie": strings.Join(kept, "; "),
			})
			if got := lang.FindStringSubmatch(body); len(got) != 2 || got[1] != tc.want {
				t.Errorf("on the way back: %v, want %s", got, tc.want)
			}
		})
	}
}

func TestALostPageLeadsBackToItsBeginningAndNowhereElse(t *testing.T) {
	h := openHouse(t, filepath.Join(t.TempDir(), "state"))
	for name, tc := range map[string]struct{ referer, want string }{
		"from our own page":                {h.PublicURL() + "/oauth/authorize?client_id=a&state=%22%3E", `href="/oauth/authorize?client_id=a&amp;state=%22%3E"`},
		"from nowhere":                     {"", ""},
		"from another site":                {"https://evil.example/oauth/authorize?client_id=a", ""},
		"from a host that begins like us":  {h.PublicURL() + ".evil.example/oauth/authorize?client_id=a", ""},
		"from another page of ours":        {h.PublicURL() + "/?client_id=a", ""},
		"from our page without its query":  {h.PublicURL() + "/oauth/authorize", ""},
		"from a path that begins like our": {h.PublicURL() + "/oauth/authorize/../../linked?x=1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, body := h.ask(t, http.MethodPost, "/oauth/authorize", "interaction=x&decision=approve&bank=albion&scope=balances", map[string]string{
				"Content-Type": "application/x-www-form-urlencoded", "Referer": tc.referer, "Accept": "text/html",
			})
			if status != http.StatusBadRequest || !strings.Contains(body, "This page is no longer valid") {
				t.Fatalf("%d: %s", status, body)
			}
			if tc.want != "" && !strings.Contains(body, tc.want) || tc.want == "" && strings.Contains(body, `class="button"`) {
				t.Errorf("the way to start again, want %q: %s", tc.want, body)
			}
		})
	}
}

func TestPagesOfRefusalsSpeakTheVisitorsLanguage(t *testing.T) {
	h := openHouse(t, filepath.Join(t.TempDir(), "state"))
	for path, want := range map[string]string{
		"/nowhere":                              "Não há nada aqui",
		"/oauth/authorize?client_id=nobody":     "Não sabemos quem enviou você",
		"/link/callback?state=unknown&code=any": "A resposta do seu banco já foi usada",
		"/link/callback":                        "Voltando do seu banco",
	} {
		_, _, body := h.ask(t, http.MethodGet, path, "", map[string]string{"Accept": "text/html", "Accept-Language": "pt-BR"})
		if !strings.Contains(body, want) || !strings.Contains(body, `<html lang="pt-BR">`) {
			t.Errorf("%s does not say %q: %s", path, want, body)
		}
	}
	status, _, body := h.ask(t, http.MethodPost, "/oauth/authorize", "interaction=x&decision=deny", map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html", "Accept-Language": "pt-BR",
	})
	if status != http.StatusBadRequest || !strings.Contains(body, "Você já recusou") {
		t.Errorf("a no that was said already: %d %s", status, body)
	}
}
