package dev_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotto/server/dev"
)

func never(*url.URL) bool { return false }

func TestABrowserFollowsHopsAndKeepsCookies(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/start", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "yes", Path: "/"})
		http.Redirect(w, r, "/hop", http.StatusSeeOther)
	})
	mux.HandleFunc("/hop", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<html><head><meta http-equiv="Refresh" content="0; URL='/form?x=1&amp;y=2'"></head><a href="/elsewhere">go on</a></html>`)
	})
	mux.HandleFunc("GET /form", func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("seen"); err != nil || c.Value != "yes" || r.URL.Query().Get("y") != "2" {
			http.Error(w, "no cookie or query", http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, `<title>Form</title><form method="post"><input type="hidden" name="ticket" value="t"><input type="checkbox" name="scope" value="a" checked>
			<input type="checkbox" name="scope" value="b"><input type="radio" name="bank" value="x"><input name="word" value="old">
			<button name="decision" value="no">No</button></form>`)
	})
	var sent url.Values
	mux.HandleFunc("POST /form", func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		sent = r.PostForm
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	b := dev.NewBrowser(never)
	page, err := b.Open(t.Context(), srv.URL+"/start")
	if err != nil {
		t.Fatal(err)
	}
	if page.Title != "Form" || len(page.Forms) != 1 {
		t.Fatalf("arrived at %q with %d forms: %s", page.Title, len(page.Forms), page.Text)
	}
	if _, err := b.Submit(t.Context(), page.Forms[0], url.Values{"word": {"new"}, "decision": {"yes"}}); err != nil {
		t.Fatal(err)
	}
	want := url.Values{"ticket": {"t"}, "scope": {"a"}, "word": {"new"}, "decision": {"yes"}}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Errorf("the form that was sent (-want +got):\n%s", diff)
	}
}

func TestABrowserStopsWhereItIsTold(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://assistant.example/back?code=c", http.StatusFound)
	}))
	defer srv.Close()
	page, err := dev.NewBrowser(func(u *url.URL) bool { return u.Host == "assistant.example" }).Open(t.Context(), srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	if !page.Arrived || page.URL.Query().Get("code") != "c" {
		t.Errorf("arrived %v at %s", page.Arrived, page.URL)
	}
}

func TestABrowserGivesUp(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"on a page that leads to itself": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `<meta http-equiv="refresh" content="0;url=/">`)
		},
		"on a page without end": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("x", 1<<20+1)) },
		"on a redirect to no URL": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://[::1")
			w.WriteHeader(302)
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(h)
			defer srv.Close()
			if _, err := dev.NewBrowser(never).Open(t.Context(), srv.URL); !errors.Is(err, dev.ErrBrowser) {
				t.Errorf("%v, want ErrBrowser", err)
			}
		})
	}
}
