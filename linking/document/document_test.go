package document_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotto/linking/document"
	"sotto/tests/clock"
)

const id = "https://agent.example/client.json"

// good is the document of a well-made client at an address.
func good(at string) string {
	return fmt.Sprintf(`{"client_id":%q,"client_name":"Agent","redirect_uris":["https://agent.example/cb","http://127.0.0.1/cb"],
		"token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"],"response_types":["code"],"scope":"balances offline_access","logo_uri":"x"}`, at)
}

func TestADocumentIsRead(t *testing.T) {
	got, err := document.Read(id, []byte(good(id)))
	want := document.Document{ClientID: id, Name: "Agent", RedirectURIs: []string{"https://agent.example/cb", "http://127.0.0.1/cb"}, Scopes: []string{"balances", "offline_access"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	got, err = document.Read(id, []byte(`{"client_id":"https://agent.example/client.json","redirect_uris":["https://agent.example/cb"]}`))
	if err != nil || got.Name != "agent.example" || len(got.Scopes) > 0 {
		t.Errorf("the least there can be: got %+v, %v", got, err)
	}
}

func TestADocumentThatIntroducesNobodyIsRefused(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"a document of another client, put on its host by somebody":  func(d string) string { return strings.Replace(d, "client.json", "other.json", 1) },
		"a client_id that only means the same":                       func(d string) string { return strings.Replace(d, "agent.example/client", "AGENT.example/client", 1) },
		"a document without a client_id":                             func(d string) string { return strings.Replace(d, "client_id", "id", 1) },
		"a client that wants a shared secret":                        func(d string) string { return strings.Replace(d, `"none"`, `"client_secret_post"`, 1) },
		"a client that signs, for whose keys we would have to go on": func(d string) string { return strings.Replace(d, `"none"`, `"private_key_jwt"`, 1) },
		"a secret that everybody can read":                           func(d string) string { return strings.Replace(d, "logo_uri", "client_secret", 1) },
		"the end of a secret":                                        func(d string) string { return strings.Replace(d, `"logo_uri":"x"`, `"client_secret_expires_at":0`, 1) },
		"no redirect URIs":                                           func(d string) string { return strings.Replace(d, "redirect_uris", "uris", 1) },
		"redirect URIs that are no list": func(d string) string {
			return strings.Replace(d, `["https://agent.example/cb","http://127.0.0.1/cb"]`, `"https://agent.example/cb"`, 1)
		},
		"a client that does not use codes":  func(d string) string { return strings.Replace(d, `"authorization_code",`, "", 1) },
		"the implicit grant":                func(d string) string { return strings.Replace(d, `["code"]`, `["token"]`, 1) },
		"a name that turns what follows it": func(d string) string { return strings.Replace(d, "Agent", "Agent\u202e", 1) },
		"a name of two lines":               func(d string) string { return strings.Replace(d, "Agent", `Agent\nYour bank`, 1) },
		"a name that fills the page":        func(d string) string { return strings.Replace(d, "Agent", strings.Repeat("a", 101), 1) },
		"a member said twice":               func(d string) string { return strings.Replace(d, "logo_uri", "client_name", 1) },
		"a list":                            func(d string) string { return "[" + d + "]" },
		"no JSON":                           func(string) string { return "<html>" },
		"nothing":                           func(string) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			changed := change(good(id))
			if changed == good(id) {
				t.Fatal("nothing was changed")
			}
			if got, err := document.Read(id, []byte(changed)); !errors.Is(err, document.ErrInvalid) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func open(t testing.TB, now func() time.Time, hosts ...string) *document.Documents {
	t.Helper()
	d, err := document.New(hosts, now)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestOnlyAddressesOnNamedHostsAreAllowed(t *testing.T) {
	d := open(t, time.Now, "agent.example", "other.example:8443", "third.example:443", "[::1]")
	for _, ok := range []string{
		id, "https://agent.example:443/client.json", "https://agent.example/a/b?c=d", "https://other.example:8443/x", "https://third.example/x",
	} {
		if !d.Allows(ok) {
			t.Errorf("%s is not allowed", ok)
		}
	}
	for name, bad := range map[string]string{
		"a host that was not named":              "https://evil.example/client.json",
		"a host below one that was named":        "https://x.agent.example/client.json",
		"a host that ends like a named one":      "https://evilagent.example/client.json",
		"a named host as the user of another":    "https://agent.example@evil.example/client.json",
		"a named host's other port":              "https://agent.example:8443/client.json",
		"a named host's port left out":           "https://other.example/x",
		"a host with a dot at its end":           "https://agent.example./client.json",
		"a host in upper case":                   "https://AGENT.example/client.json",
		"no TLS":                                 "http://agent.example/client.json",
		"another scheme":                         "file://agent.example/etc/passwd",
		"no path":                                "https://agent.example",
		"the root":                               "https://agent.example/",
		"a path that climbs":                     "https://agent.example/a/../client.json",
		"a path that climbs in disguise":         "https://agent.example/a/%2e%2E/client.json",
		"a path that stands":                     "https://agent.example/./client.json",
		"a fragment":                             id + "#x",
		"an empty fragment":                      id + "#",
		"a user":                                 "https://a@agent.example/client.json",
		"a backslash":                            `https://agent.example\@evil.example/x`,
		"a space":                                "https://agent.example/a b",
		"a control character":                    "https://agent.example/a\n",
		"a letter beyond ASCII":                  "https://agent.example/é",
		"an empty port":                          "https://agent.example:/client.json",
		"this machine, which is for development": "http://127.0.0.1/client.json",
		"this machine by its other number":       "https://[::1]/client.json",
		"more than 512 bytes":                    "https://agent.example/" + strings.Repeat("a", 512),
		"a client of the settings":               "alexa",
		"nothing":                                "",
	} {
		t.Run(name, func(t *testing.T) {
			if d.Allows(bad) {
				t.Errorf("%s is allowed", bad)
			}
			if _, err := d.Document(t.Context(), bad); !errors.Is(err, document.ErrNotAllowed) {
				t.Errorf("got %v", err)
			}
		})
	}
	for _, host := range []string{"", "https://agent.example", "agent.example/x", "a@agent.example", "Agent.example", "agent.example:x", "*", "*.example", "agent.example,", "agent_example"} {
		if document.ValidHost(host) {
			t.Errorf("%q is a host", host)
		}
	}
}

func TestOnlyThePublicInternetIsPublic(t *testing.T) {
	for _, ok := range []string{"93.184.216.34", "8.8.8.8", "2606:4700::1", "2a00:1450:4001::1"} {
		if !document.Public(netip.MustParseAddr(ok)) {
			t.Errorf("%s is not public", ok)
		}
	}
	for _, bad := range []string{
		"127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255",
		"192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:93.184.216.34", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1",
		"fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "2606:4700::1%eth0", "fec0::1", "ff02::1", "5f00::1",
	} {
		if document.Public(netip.MustParseAddr(bad)) {
			t.Errorf("%s is public", bad)
		}
	}
	if document.Public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

// site serves documents on loopback, as assistants under development do.
type site struct {
	*httptest.Server
	asked  atomic.Int32
	answer atomic.Pointer[http.HandlerFunc]
}

func serve(t *testing.T, answer http.HandlerFunc) *site {
	s := &site{}
	s.answer.Store(&answer)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		(*s.answer.Load())(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) id() string { return s.URL + "/client.json" }

// well answers with a good document, and these headers.
func well(headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		fmt.Fprint(w, good("http://"+r.Host+r.URL.Path))
	}
}

// padded answers with a good document of this many bytes.
func padded(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, "%-*s", n, good("http://"+r.Host+r.URL.Path))
	}
}

func TestADocumentIsFetchedFromThisMachineInDevelopment(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"of the type of documents": well("Content-Type", "application/client-metadata+json; charset=utf-8"), "of 5 KiB": padded(5 << 10),
	} {
		s := serve(t, answer)
		d, err := open(t, time.Now, document.Loopback).Document(t.Context(), s.id())
		if err != nil || d.Name != "Agent" || d.ClientID != s.id() {
			t.Errorf("one %s: got %+v, %v", name, d, err)
		}
	}
}

// TestAHostThatLeadsToAPrivateAddressIsNotGoneTo: a name that was allowed means what its owner's DNS says, and may mean this machine.
func TestAHostThatLeadsToAPrivateAddressIsNotGoneTo(t *testing.T) {
	s := serve(t, well())
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	for _, host := range []string{"10.255.255.1" + port, "169.254.169.254", "[fd00::1]" + port, "[::ffff:7f00:1]" + port, "0.0.0.0" + port} {
		begun := time.Now()
		_, err := open(t, time.Now, host).Document(t.Context(), "https://"+host+"/client.json")
		if !errors.Is(err, document.ErrUnreachable) {
			t.Errorf("%s: got %v", host, err)
		}
		if took := time.Since(begun); took > 2500*time.Millisecond { // it is given up after three
			t.Errorf("%s: it was tried for %v", host, took)
		}
	}
	if s.asked.Load() != 0 {
		t.Error("this machine was asked")
	}
}

func TestWhatIsNotTakenFromAnAllowedHost(t *testing.T) {
	elsewhere := serve(t, well())
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		want   error
	}{
		"a redirect, even to a good document": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.id(), http.StatusFound) }, document.ErrInvalid},
		"a document that is not there":        {http.NotFound, document.ErrInvalid},
		"a fault of the host":                 {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, document.ErrUnreachable},
		"a host that is busy":                 {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }, document.ErrUnreachable},
		"a page":                              {well("Content-Type", "text/html"), document.ErrInvalid},
		"something without a type":            {well("Content-Type", ""), document.ErrInvalid},
		"a byte more than 5 KiB":              {padded(5<<10 + 1), document.ErrInvalid},
		"headers without end":                 {well("X", strings.Repeat("x", 17<<10)), document.ErrUnreachable},
		"an answer that breaks off": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "5000")
			well()(w, r)
			panic(http.ErrAbortHandler)
		}, document.ErrUnreachable},
		"a document of another address": {func(w http.ResponseWriter, r *http.Request) { r.URL.Path = "/other.json"; well()(w, r) }, document.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tc.answer)
			if d, err := open(t, time.Now, document.Loopback).Document(t.Context(), s.id()); !errors.Is(err, tc.want) {
				t.Errorf("got %+v, %v, want %v", d, err, tc.want)
			}
		})
	}
	if elsewhere.asked.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

func TestADocumentIsKeptAsItsHeadersSayWithinBounds(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	now := clock.At(noon)
	for name, tc := range map[string]struct {
		headers []string
		life    time.Duration
	}{
		"nothing said":                   {nil, time.Hour},
		"ten minutes":                    {[]string{"Cache-Control", "public, max-age=600"}, 10 * time.Minute},
		"ten minutes, four of them gone": {[]string{"Cache-Control", "max-age=600", "Age", "240"}, 6 * time.Minute},
		"a second":                       {[]string{"Cache-Control", "max-age=1"}, time.Minute},
		"a year":                         {[]string{"Cache-Control", "max-age=31536000"}, 24 * time.Hour},
		"not at all":                     {[]string{"Cache-Control", "no-store"}, time.Minute},
		"something malformed":            {[]string{"Cache-Control", "max-age=-1"}, time.Minute},
		"until a time":                   {[]string{"Expires", noon.Add(2 * time.Hour).Format(http.TimeFormat)}, 2 * time.Hour},
		"until long ago":                 {[]string{"Expires", "0"}, time.Minute},
		"a time, and something newer":    {[]string{"Expires", "0", "Cache-Control", "max-age=600"}, 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			now.Set(noon)
			s := serve(t, well(tc.headers...))
			d := open(t, now.Now, document.Loopback)
			for _, step := range []struct {
				at   time.Duration
				want int32
			}{{0, 1}, {tc.life - time.Millisecond, 1}, {tc.life, 2}} {
				now.Set(noon.Add(step.at))
				if _, err := d.Document(t.Context(), s.id()); err != nil {
					t.Fatal(err)
				}
				if got := s.asked.Load(); got != step.want {
					t.Errorf("after %v it was fetched %d times, want %d", step.at, got, step.want)
				}
			}
		})
	}
}

func TestAHostThatFailsIsLeftAloneForAWhile(t *testing.T) {
	now := clock.At(time.Unix(1e9, 0))
	s := serve(t, http.NotFound)
	d := open(t, now.Now, document.Loopback)
	for range 3 {
		if _, err := d.Document(t.Context(), s.id()); !errors.Is(err, document.ErrInvalid) {
			t.Errorf("got %v", err)
		}
	}
	if got := s.asked.Load(); got != 1 {
		t.Errorf("it was asked %d times within ten seconds", got)
	}
	answer := well()
	s.answer.Store(&answer)
	now.Pass(10 * time.Second)
	if _, err := d.Document(t.Context(), s.id()); err != nil {
		t.Errorf("got %v after ten seconds", err)
	}
}

func TestAllWhoWaitForOneDocumentShareAFetch(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { <-release; well()(w, r) })
	d := open(t, time.Now, document.Loopback)
	gone, leave := context.WithCancel(t.Context())
	var all sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		ctx := t.Context()
		if i == 0 {
			ctx = gone
		}
		all.Go(func() { _, errs[i] = d.Document(ctx, s.id()) })
	}
	for document.Waiting(d, s.id()) < len(errs) {
		runtime.Gosched() // until all wait, which nothing else says
	}
	leave()
	for document.Waiting(d, s.id()) == len(errs) {
		runtime.Gosched() // until one has left
	}
	close(release)
	all.Wait()
	if !errors.Is(errs[0], document.ErrUnreachable) || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("who left got %v", errs[0])
	}
	if i := slices.IndexFunc(errs[1:], func(err error) bool { return err != nil }); i >= 0 {
		t.Errorf("who stayed got %v", errs[1+i])
	}
	if got := s.asked.Load(); got != 1 {
		t.Errorf("%d fetches", got)
	}
}

func TestAFetchThatNobodyWaitsForIsGivenUp(t *testing.T) {
	arrived, given := make(chan struct{}), make(chan struct{})
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
		close(given)
	})
	d := open(t, time.Now, document.Loopback)
	ctx, leave := context.WithCancel(t.Context())
	go func() { <-arrived; leave() }()
	if _, err := d.Document(ctx, s.id()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-given
	answer := well()
	s.answer.Store(&answer)
	if _, err := d.Document(t.Context(), s.id()); err != nil {
		t.Errorf("whoever comes next gets %v", err)
	}
}

func TestASlowHostIsGivenUpAfterThreeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, time.Now, document.Loopback)
		document.Dial(d, func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				defer theirs.Close()
				_, _ = http.ReadRequest(bufio.NewReader(theirs))
				fmt.Fprint(theirs, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n") // the headers in time, and then nothing
				_, _ = io.Copy(io.Discard, theirs)                                              // until it is hung up
			}()
			return ours, nil
		})
		begun := time.Now()
		_, err := d.Document(t.Context(), "http://127.0.0.1/client.json")
		if took := time.Since(begun); !errors.Is(err, document.ErrUnreachable) || took != 3*time.Second {
			t.Errorf("got %v after %v", err, took)
		}
	})
}

// TestWhatIsRememberedOfDocumentsIsBounded: ids on a named host can be made up without end, and what comes of each is kept for a while.
func TestWhatIsRememberedOfDocumentsIsBounded(t *testing.T) {
	s := serve(t, http.NotFound)
	d := open(t, time.Now, document.Loopback)
	for i := range 1100 {
		if _, err := d.Document(t.Context(), fmt.Sprintf("%s/%d.json", s.URL, i)); !errors.Is(err, document.ErrInvalid) {
			t.Fatal(err)
		}
	}
	if n := document.Remembered(d); n > 1000 || n < 500 {
		t.Errorf("%d are remembered", n)
	}
}

// roundTrip is a street of one answer.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestWhoMakesOneHostSlowKeepsNobodyFromTheOthers: anybody can send browsers here with ids on a host where he may put slow documents.
func TestWhoMakesOneHostSlowKeepsNobodyFromTheOthers(t *testing.T) {
	var there atomic.Int32
	d := open(t, time.Now, "slow.example", "agent.example")
	document.Street(d, &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host == "slow.example" {
			there.Add(1)
			defer there.Add(-1)
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, good(r.URL.String()))
		return w.Result(), nil
	})})
	ctx, leave := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer leave()
	for i := range 20 {
		all.Go(func() { _, _ = d.Document(ctx, fmt.Sprintf("https://slow.example/%d", i)) })
	}
	for there.Load() < 8 {
		runtime.Gosched() // until as many are there as may be, which nothing else says
	}
	if _, err := d.Document(t.Context(), id); err != nil {
		t.Errorf("another host's document: %v", err)
	}
	if there.Load() != 8 {
		t.Errorf("it was there only when of those at the slow host %d were left", there.Load())
	}
}

// FuzzDocument: whatever stands at an address, nobody but its own client is introduced by it.
func FuzzDocument(f *testing.F) {
	f.Add(id, good(id))
	f.Add(id, `{"client_id":"https://agent.example/client.json","redirect_uris":[]}`)
	f.Add("https://agent.example/x", good(id))
	f.Fuzz(func(t *testing.T, at, content string) {
		d, err := document.Read(at, []byte(content))
		if err == nil && (d.ClientID != at || len(d.RedirectURIs) == 0 || len(d.Name) > 600 || !strings.Contains(content, "client_id")) {
			t.Errorf("%q introduces %+v", content, d)
		}
	})
}

// FuzzAddress: whatever is said to be a client's id, a fetch goes to a named host, with TLS, or not at all.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{id, "https://agent.example@evil.example/x", `https://agent.example\.evil.example/x`, "https://agent.example:443:80/x", "https://[::1]/x", "HTTPS://agent.example/x"} {
		f.Add(seed)
	}
	d := open(f, time.Now, "agent.example")
	f.Fuzz(func(t *testing.T, raw string) {
		if d.Allows(raw) && !strings.HasPrefix(raw, "https://agent.example/") && !strings.HasPrefix(raw, "https://agent.example:443/") {
			t.Errorf("%q is allowed", raw)
		}
	})
}
