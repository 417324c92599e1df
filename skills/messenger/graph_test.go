package messenger_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"sotto/skills"
	"sotto/skills/messenger"
	"sotto/skills/messenger/mockgraph"
	"sotto/skills/messenger/outbox"
)

// graph opens a Page that sends to a Graph API to test against.
func graph(t *testing.T) (*messenger.Platform, *mockgraph.Server) {
	t.Helper()
	g := mockgraph.New(mockgraph.Options{AppSecret: secret, PageToken: "page token", PageID: pageID, Now: time.Now})
	s := httptest.NewServer(g)
	t.Cleanup(s.Close)
	return open(t, func(c *messenger.Config) { c.GraphURL = s.URL + "/v24.0" }), g
}

func message(t *testing.T) []byte {
	t.Helper()
	bodies, err := open(t).Encode(psid, skills.Reply{}, words("You have a secret."))
	if err != nil {
		t.Fatal(err)
	}
	return bodies[0]
}

func TestWhatIsSentIsTakenByAStrictGraph(t *testing.T) {
	p, g := graph(t)
	if err := p.Send(t.Context(), message(t)); err != nil {
		t.Fatal(err)
	}
	got := g.Messages()
	if len(got) != 1 || got[0].Recipient != psid || string(got[0].Message) != `{"text":"You have a secret."}` {
		t.Errorf("got %+v; refused %q", got, g.Refused())
	}
	g.Know("218471", psid, "42")
	people, err := p.People(t.Context(), "218471")
	if err != nil || len(people) != 2 || people[0] != psid {
		t.Errorf("got %v, %v", people, err)
	}
	if people, err := p.People(t.Context(), "1"); err != nil || len(people) != 0 {
		t.Errorf("a stranger: %v, %v", people, err)
	}
}

func TestMetaIsToldWhoIsLinkedNoMore(t *testing.T) {
	p, g := graph(t)
	if err := p.Unlink(t.Context(), psid); err != nil || !slices.Equal(g.Unlinked(), []string{psid}) {
		t.Errorf("got %v, %v; refused %q", err, g.Unlinked(), g.Refused())
	}
}

func TestAStolenTokenIsOfNoUseWithoutTheAppsSecret(t *testing.T) {
	p, g := graph(t)
	_ = p
	s := httptest.NewServer(g)
	defer s.Close()
	for _, change := range []func(*messenger.Config){func(c *messenger.Config) { c.AppSecret = "another" }, func(c *messenger.Config) { c.PageToken = "another" }} {
		thief := open(t, func(c *messenger.Config) { c.GraphURL = s.URL; change(c) })
		if err := thief.Send(t.Context(), message(t)); err == nil || len(g.Messages()) != 0 {
			t.Errorf("sent: %v", err)
		}
	}
}

func TestWhatBecomesOfASendingThatFails(t *testing.T) {
	for name, tc := range map[string]struct {
		fault mockgraph.Fault
		want  error
	}{
		"trouble at Meta passes":                          {mockgraph.Fault{Status: 500, Code: 2}, outbox.ErrNotSent},
		"too many calls are made again later":             {mockgraph.Fault{Status: 400, Code: 613}, outbox.ErrNotSent},
		"a limit without words too":                       {mockgraph.Fault{Status: 429}, outbox.ErrNotSent},
		"a page token that ran out is waited for":         {mockgraph.Fault{Status: 400, Code: 190}, outbox.ErrNotSent},
		"outside the window nothing helps":                {mockgraph.Fault{Status: 400, Code: 10, Subcode: 2018278}, outbox.ErrRefused},
		"who has blocked the Page is left alone":          {mockgraph.Fault{Status: 400, Code: 551, Subcode: 1545041}, outbox.ErrRefused},
		"a refusal that is not in Meta's words":           {mockgraph.Fault{Status: 403}, outbox.ErrRefused},
		"a gateway that gave up may have let it through":  {mockgraph.Fault{Status: 504, Taken: true}, outbox.ErrUnsure},
		"who hangs up may have taken it":                  {mockgraph.Fault{Taken: true}, outbox.ErrUnsure},
		"an error after which Meta delivers now and then": {mockgraph.Fault{Status: 500, Code: 1, Subcode: 1357046, Taken: true}, outbox.ErrUnsure},
	} {
		t.Run(name, func(t *testing.T) {
			p, g := graph(t)
			g.Fail(tc.fault)
			err := p.Send(t.Context(), message(t))
			if !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if text := err.Error(); strings.Contains(text, psid) || strings.Contains(text, "secret") || strings.Contains(text, "token") || strings.Contains(text, "http") {
				t.Errorf("the error says too much: %s", text)
			}
		})
	}
	t.Run("where nobody listens nothing was sent", func(t *testing.T) {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		l.Close()
		p := open(t, func(c *messenger.Config) { c.GraphURL = "http://" + address })
		if err := p.Send(t.Context(), message(t)); !errors.Is(err, outbox.ErrNotSent) || strings.Contains(err.Error(), "access_token") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("who does not answer in time may have taken it", func(t *testing.T) {
		p, g := graph(t)
		defer g.Hold()()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := p.Send(ctx, message(t)); !errors.Is(err, outbox.ErrUnsure) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a redirect is not followed with the token", func(t *testing.T) {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				t.Error("followed")
			}
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}))
		defer s.Close()
		p := open(t, func(c *messenger.Config) { c.GraphURL = s.URL })
		if err := p.Send(t.Context(), message(t)); !errors.Is(err, outbox.ErrRefused) {
			t.Errorf("got %v", err)
		}
	})
}
