package tests

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sotto/server/dev"
)

// verifier is the code_verifier of every authorization request that walker makes.
const verifier = "one-verifier-for-all-of-these-tests-is-quite-enough"

// walker is somebody in a browser who knows the contract and nothing else, and can stop on any page.
type walker struct {
	tb       testing.TB
	house    *openHouse
	browser  *dev.Browser
	client   dev.Client
	customer dev.Customer
	// halt stops the browser before it takes the bank's answer to the house.
	halt bool
}

func (h *openHouse) walker(tb testing.TB, client string) *walker {
	tb.Helper()
	customer, err := h.Dev().Customer("albion", "ada")
	if err != nil {
		tb.Fatal(err)
	}
	w := &walker{tb: tb, house: h, client: h.Dev().Clients[client], customer: customer}
	w.browser = w.newBrowser()
	return w
}

// newBrowser is a browser without cookies.
func (w *walker) newBrowser() *dev.Browser {
	target, err := url.Parse(w.client.RedirectURIs[0])
	if err != nil {
		w.tb.Fatal(err)
	}
	return dev.NewBrowser(func(u *url.URL) bool {
		return u.Host == target.Host && u.Path == target.Path || w.halt && u.Path == "/link/callback"
	})
}

// request is the URL of an authorization request. more replaces parameters; one without a value is left out.
func (w *walker) request(more url.Values) string {
	challenge := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {w.client.ID}, "redirect_uri": {w.client.RedirectURIs[0]}, "state": {"s"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	for name, values := range more {
		q[name] = values
	}
	return w.house.PublicURL() + "/oauth/authorize?" + q.Encode()
}

// visit goes to a URL.
func (w *walker) visit(raw string) *dev.Page {
	w.tb.Helper()
	page, err := w.browser.Open(w.tb.Context(), raw)
	if err != nil {
		w.tb.Fatal(err)
	}
	return page
}

// answered walks until the bank has answered, and gives the URL that takes its answer to the house.
func (w *walker) answered() string {
	w.tb.Helper()
	w.halt = true
	page := w.decide(w.signIn(w.approve(w.open(nil))), "approve")
	w.halt = false
	if !page.Arrived || page.URL.Path != "/link/callback" {
		w.tb.Fatalf("the bank did not answer: %d %s", page.Status, page.Text)
	}
	return page.URL.String()
}

// open begins linking: the consent page.
func (w *walker) open(more url.Values) *dev.Page {
	w.tb.Helper()
	return w.visit(w.request(more))
}

// submit sends a page's form.
func (w *walker) submit(page *dev.Page, values url.Values) *dev.Page {
	w.tb.Helper()
	if len(page.Forms) == 0 {
		w.tb.Fatalf("%s has no form: %d %s", page.URL.Path, page.Status, page.Text)
	}
	next, err := w.browser.Submit(w.tb.Context(), page.Forms[0], values)
	if err != nil {
		w.tb.Fatal(err)
	}
	return next
}

// approve submits the consent page; what comes is the bank's sign-in.
func (w *walker) approve(page *dev.Page) *dev.Page {
	w.tb.Helper()
	return w.submit(page, url.Values{"bank": {"albion"}, "scope": {"balances", "spending"}, "decision": {"approve"}})
}

// signIn fills in the bank's pages up to the choice of accounts.
func (w *walker) signIn(page *dev.Page) *dev.Page {
	w.tb.Helper()
	page = w.submit(page, url.Values{"username": {w.customer.Username}, "password": {w.customer.Password}})
	code, err := dev.OneTimeCode(w.customer.TOTPSecret, w.house.Now())
	if err != nil {
		w.tb.Fatal(err)
	}
	return w.submit(page, url.Values{"code": {code}})
}

// decide says yes or no on the bank's last page, with all accounts.
func (w *walker) decide(page *dev.Page, decision string) *dev.Page {
	w.tb.Helper()
	return w.submit(page, url.Values{"account": page.Forms[0].Values("account"), "decision": {decision}})
}

// back is what the redirect to the assistant carries.
func (w *walker) back(page *dev.Page) url.Values {
	w.tb.Helper()
	if !page.Arrived {
		w.tb.Fatalf("not back at the assistant, but on %s: %d %s", page.URL.Path, page.Status, page.Text)
	}
	return page.URL.Query()
}

// byBasic and inBody are the two ways of client authentication.
func byBasic(c dev.Client) func(*http.Request, url.Values) {
	return func(r *http.Request, _ url.Values) { r.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret)) }
}

func inBody(c dev.Client) func(*http.Request, url.Values) {
	return func(_ *http.Request, form url.Values) {
		form.Set("client_id", c.ID)
		form.Set("client_secret", c.Secret)
	}
}

// call posts a form to one of the OAuth endpoints.
func (w *walker) call(path string, form url.Values, authenticate func(*http.Request, url.Values)) (int, http.Header, []byte) {
	w.tb.Helper()
	r, err := http.NewRequestWithContext(w.tb.Context(), http.MethodPost, w.house.PublicURL()+path, nil)
	if err != nil {
		w.tb.Fatal(err)
	}
	sent := url.Values{}
	for name, values := range form {
		sent[name] = values
	}
	authenticate(r, sent)
	r.Body = io.NopCloser(strings.NewReader(sent.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return ask(w.tb, r)
}

// ask sends a request, follows nothing, and gives the whole answer.
func ask(tb testing.TB, r *http.Request) (int, http.Header, []byte) {
	tb.Helper()
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		tb.Fatal(err)
	}
	return answer.StatusCode, answer.Header, body
}
