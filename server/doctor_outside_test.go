package server

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestTheDoctorLooksFromOutside has what stands in front of a house and keeps platforms out, or takes their patience.
func TestTheDoctorLooksFromOutside(t *testing.T) {
	const strict = "Strict-Transport-Security"
	for name, tc := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		took   time.Duration
		grade  Grade
		says   string
	}{
		"all is well": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(strict, "max-age=1")
			fmt.Fprintf(w, `{"issuer":"https://%s"}`, r.Host)
		}, 0, Fine, "answers in"},
		"a filter asks for a picture puzzle": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, 0, Advice, "answers 403"},
		"a filter answers with a page": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "<p>Are you human?</p>")
		}, 0, Advice, "something in front keeps platforms out"},
		"a proxy leads elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://www.example.com/", http.StatusFound)
		}, 0, Advice, "answers 302"},
		"another house answers": {func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"issuer":"https://%s/"}`, r.Host)
		}, 0, Fault, "by another"},
		"the answer takes long": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(strict, "max-age=1")
			fmt.Fprintf(w, `{"issuer":"https://%s"}`, r.Host)
		}, time.Second, Advice, "takes 1s"},
		"the connection is dropped": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, Fault, "does not answer"},
		"a proxy takes a header away": {func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"issuer":"https://%s"}`, r.Host)
		}, 0, Advice, strict},
	} {
		t.Run(name, func(t *testing.T) {
			front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/.well-known/oauth-authorization-server" {
					t.Errorf("asked for %s", r.URL.Path)
				}
				tc.answer(w, r)
			}))
			defer front.Close()
			now := time.Now()
			d := &doctor{cfg: Config{PublicURL: front.URL}, wall: func() time.Time {
				now = now.Add(tc.took)
				return now
			}}
			client := front.Client()
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			d.outside(t.Context(), client)
			found := false
			for _, f := range d.findings {
				found = found || f.Grade == tc.grade && strings.Contains(f.Says, tc.says)
				if f.Grade == Fault && tc.grade != Fault {
					t.Errorf("a fault: %s", f.Says)
				}
			}
			if !found {
				t.Errorf("found %v, want %q", d.findings, tc.says)
			}
		})
	}
}

func TestTheDoctorTriesAddressesOfIPv6(t *testing.T) {
	find := func(host, port string) []Finding {
		d := &doctor{wall: time.Now}
		d.sixth(t.Context(), &url.URL{Scheme: "https", Host: host}, port)
		return d.findings
	}
	if found := find("127.0.0.1", "443"); len(found) != 0 {
		t.Errorf("of a name without any: %v", found)
	}
	open, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		if found := find("[::1]", "443"); len(found) != 1 || found[0].Grade != Advice {
			t.Errorf("where there is no way to try it: %v", found)
		}
		return
	}
	_, port, _ := net.SplitHostPort(open.Addr().String())
	if found := find("[::1]", port); len(found) != 1 || found[0].Grade != Fine {
		t.Errorf("of one that answers: %v", found)
	}
	open.Close()
	if found := find("[::1]", port); len(found) != 1 || found[0].Grade != Fault {
		t.Errorf("of one at which nobody answers: %v", found)
	}
}
