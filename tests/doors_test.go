package tests

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const formType = "application/x-www-form-urlencoded"

// TestWhatStrangersGetAtTheDoorsOfOAuth knocks at every route of the authorization server in every wrong way there is: the answer is
// always the contract's, and none of them says anything of the house.
func TestWhatStrangersGetAtTheDoorsOfOAuth(t *testing.T) {
	t.Parallel()
	h := open(t)
	alexa := h.Dev().Clients["alexa"]
	mine := url.Values{"client_id": {alexa.ID}, "client_secret": {alexa.Secret}}.Encode()
	for name, tc := range map[string]struct {
		method, path, kind, body string
		basic                    bool
		status                   int
		code                     string // of RFC 6749; empty where the answer is a problem or a page
	}{
		"a token asked for with HEAD":                    {method: "HEAD", path: "/oauth/token", status: 405},
		"a token asked for with OPTIONS":                 {method: "OPTIONS", path: "/oauth/token", status: 204},
		"a token asked for with DELETE":                  {method: "DELETE", path: "/oauth/token", status: 405, code: "invalid_request"},
		"a token asked for in JSON":                      {path: "/oauth/token", kind: "application/json", body: `{"grant_type":"refresh_token"}`, status: 415, code: "invalid_request"},
		"a token asked for in multipart":                 {path: "/oauth/token", kind: "multipart/form-data; boundary=x", body: "--x--", status: 415, code: "invalid_request"},
		"a token asked for without saying in what":       {path: "/oauth/token", body: mine, status: 415, code: "invalid_request"},
		"a form that is no form":                         {path: "/oauth/token", kind: formType, body: "grant_type=%zz", status: 400, code: "invalid_request"},
		"a form of 65 KiB":                               {path: "/oauth/token", kind: formType, body: "code=" + strings.Repeat("x", 65<<10), status: 413, code: "invalid_request"},
		"a revocation of 65 KiB":                         {path: "/oauth/revoke", kind: formType, body: "token=" + strings.Repeat("x", 65<<10), status: 413, code: "invalid_request"},
		"an introspection of 65 KiB":                     {path: "/oauth/introspect", kind: formType, body: "token=" + strings.Repeat("x", 65<<10), status: 413, code: "invalid_request"},
		"ten thousand parameters":                        {path: "/oauth/token", kind: formType, body: strings.Repeat("a&", 10_000) + mine, status: 400, code: "invalid_request"},
		"an authorization request with HEAD":             {method: "HEAD", path: "/oauth/authorize?client_id=" + alexa.ID, status: 405},
		"a route that is none":                           {path: "/oauth/register", kind: formType, body: "x=y", status: 404},
		"a pushed request read with GET":                 {method: "GET", path: "/oauth/par?request_uri=x", status: 405, code: "invalid_request"},
		"a pushed request of 65 KiB":                     {path: "/oauth/par", kind: formType, body: "state=" + strings.Repeat("x", 65<<10), status: 413, code: "invalid_request"},
		"a request pushed by nobody":                     {path: "/oauth/par", kind: formType, body: "response_type=code", status: 401, code: "invalid_client"},
		"userinfo without a token":                       {method: "GET", path: "/oauth/userinfo", status: 401, code: "invalid_token"},
		"userinfo with a token in the URL":               {method: "GET", path: "/oauth/userinfo?access_token=x", status: 401, code: "invalid_token"},
		"userinfo with a secret and no token":            {method: "GET", path: "/oauth/userinfo", basic: true, status: 401, code: "invalid_token"},
		"userinfo with POST, token in the body":          {path: "/oauth/userinfo", kind: formType, body: "access_token=x", status: 405, code: "invalid_request"},
		"metadata at a place made from a resource's":     {method: "GET", path: "/.well-known/oauth-authorization-server/mcp", status: 404},
		"metadata of a resource that is none":            {method: "GET", path: "/.well-known/oauth-protected-resource/alexa", status: 404},
		"an OpenID document, which is none of ours":      {method: "GET", path: "/.well-known/openid-configuration", status: 404},
		"a path that climbs":                             {method: "GET", path: "/oauth/../../etc/passwd", status: 404},
		"a path with a zero in it":                       {method: "GET", path: "/%00", status: 404},
		"an answer of a bank that is too large":          {path: "/link/callback", kind: formType, body: "state=" + strings.Repeat("x", 257<<10), status: 413},
		"an answer of a bank that is no form":            {path: "/link/callback", kind: "text/plain", body: "state=x", status: 415},
		"an answer of a bank without a state, no cookie": {path: "/link/callback", kind: formType, body: "code=x", status: 400},
		"the Alexa endpoint with GET":                    {method: "GET", path: "/alexa", status: 405},
		"the Alexa endpoint with OPTIONS":                {method: "OPTIONS", path: "/alexa", status: 204},
	} {
		t.Run(name, func(t *testing.T) {
			method := tc.method
			if method == "" {
				method = http.MethodPost
			}
			r, err := http.NewRequestWithContext(t.Context(), method, h.PublicURL()+tc.path, strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			if tc.kind != "" {
				r.Header.Set("Content-Type", tc.kind)
			}
			if tc.basic {
				r.SetBasicAuth(alexa.ID, alexa.Secret)
			}
			status, header, body := ask(t, r)
			var e struct {
				Error  string `json:"error"`
				Status int    `json:"status"`
			}
			if status != tc.status || len(body) > 0 && strings.Contains(header.Get("Content-Type"), "json") && json.Unmarshal(body, &e) != nil || e.Error != tc.code {
				t.Errorf("got %d %s, want %d %s", status, body, tc.status, tc.code)
			}
			if e.Error == "" && e.Status != 0 && e.Status != status {
				t.Errorf("a problem says %d in a %d", e.Status, status)
			}
			if (tc.code != "" || status >= 400) && method != http.MethodHead && header.Get("Cache-Control") != "no-store" {
				t.Errorf("a refusal may be stored: %v", header)
			}
			for _, secret := range []string{alexa.Secret, "goroutine", ".go:", h.state} {
				if strings.Contains(string(body), secret) {
					t.Errorf("the answer shows %q: %s", secret, body)
				}
			}
		})
	}
	if lines := strings.Count(h.log.String(), `"msg":"panic"`); lines > 0 {
		t.Errorf("%d panics", lines)
	}
}

// TestABodyThatNeverEndsIsCutOff sends half of what it announces, or a header without end, and waits for the house to hang up.
func TestABodyThatNeverEndsIsCutOff(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for time-outs")
	}
	t.Parallel()
	h := open(t)
	host := strings.TrimPrefix(h.PublicURL(), "http://")
	for name, begun := range map[string]string{
		"half a body to Alexa":     "POST /alexa HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 100\r\n\r\n{",
		"half a token request":     "POST /oauth/token HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: " + formType + "\r\nContent-Length: 100\r\n\r\na=b",
		"a header without an end":  "GET / HTTP/1.1\r\nHost: " + host + "\r\n",
		"a header of 64 KiB":       "GET / HTTP/1.1\r\nHost: " + host + "\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n",
		"chunks without an end":    "POST /alexa HTTP/1.1\r\nHost: " + host + "\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
		"chunks of more than said": "POST /alexa HTTP/1.1\r\nHost: " + host + "\r\nTransfer-Encoding: chunked\r\n\r\n11000\r\n" + strings.Repeat("x", 0x11000) + "\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := new(net.Dialer).DialContext(t.Context(), "tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := c.SetDeadline(time.Now().Add(15 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(c, begun); err != nil {
				t.Logf("cut off while sending: %v", err)
			}
			answer, err := io.ReadAll(c)
			var late net.Error
			if errors.As(err, &late) && late.Timeout() {
				t.Fatalf("nobody hung up within 15 s; so far: %s", answer)
			}
			if len(answer) > 0 && !strings.HasPrefix(string(answer), "HTTP/1.1 4") {
				t.Errorf("answered %s", answer)
			}
		})
	}
}
