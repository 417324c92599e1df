package mockbank

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// Bounds of a sign-in. They are in memory only: after a restart of the bank the
// customer starts again from the service that sent him.
const (
	signInTTL       = 10 * time.Minute
	maxSignIns      = 2000
	maxTries        = 5                // wrong passwords or codes in one sign-in
	maxCustomerMiss = 20               // wrong ones for one customer within missWindow
	missWindow      = 15 * time.Minute // after which they are forgotten
	browserCookie   = bankID + "_browser"
)

// The steps of a sign-in, in order. A step is reached only by the one before it.
type step int

const (
	stepPassword step = iota
	stepCode
	stepConsent
)

// signIn is one customer on the way through the pages.
type signIn struct {
	asked    asked
	browser  string // hash of the cookie of the browser that began it
	step     step
	customer string
	authTime time.Time
	tries    int
	expires  time.Time
}

type signIns struct {
	mu     sync.Mutex
	open   map[string]signIn      // by ticket
	misses map[string][]time.Time // by username
}

func newSignIns() *signIns {
	return &signIns{open: make(map[string]signIn), misses: make(map[string][]time.Time)}
}

func (s *signIns) put(ticket string, in signIn, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) >= maxSignIns {
		for t, old := range s.open {
			if now.After(old.expires) {
				delete(s.open, t)
			}
		}
		if len(s.open) >= maxSignIns {
			return false
		}
	}
	s.open[ticket] = in
	return true
}

// update replaces a sign-in that is still open at the step it was read at, and
// says whether it was: of two requests racing through one step, one wins.
func (s *signIns) update(ticket string, from, to signIn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, ok := s.open[ticket]
	if !ok || now.step != from.step || now.tries != from.tries {
		return false
	}
	s.open[ticket] = to
	return true
}

// end takes a sign-in away and says whether it was there.
func (s *signIns) end(ticket string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.open[ticket]
	delete(s.open, ticket)
	return ok
}

// missed counts a wrong password or code against a known customer.
func (s *signIns) missed(username string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.misses[username] = append(s.misses[username], now)
}

// locked says whether a customer has had too many wrong tries lately.
func (s *signIns) locked(username string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.misses[username] = slices.DeleteFunc(s.misses[username], func(t time.Time) bool {
		return now.Sub(t) >= missWindow
	})
	return len(s.misses[username]) >= maxCustomerMiss
}

func (a *albion) beginSignIn(w http.ResponseWriter, r *http.Request, req asked) {
	ticket, err := a.secretString()
	if err != nil {
		a.refusePage(w, http.StatusInternalServerError, "Something went wrong on our side. Please try again.")
		return
	}
	browser := ""
	if c, err := r.Cookie(browserCookie); err == nil && len(c.Value) == 43 {
		browser = c.Value
	} else if browser, err = a.secretString(); err != nil {
		a.refusePage(w, http.StatusInternalServerError, "Something went wrong on our side. Please try again.")
		return
	}
	now := a.now()
	if !a.signIns.put(ticket, signIn{asked: req, browser: hashed(browser), expires: now.Add(signInTTL)}, now) {
		w.Header().Set("Retry-After", "60")
		a.refusePage(w, http.StatusServiceUnavailable, "Many people are signing in just now. Please try again in a minute.")
		return
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: Secure follows the scheme the bank is served under; tests use http on loopback
		Name: browserCookie, Value: browser, Path: "/" + bankID, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: a.secure(),
	})
	a.seeSignIn(w, r, ticket)
}

func (a *albion) seeSignIn(w http.ResponseWriter, r *http.Request, ticket string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/"+bankID+"/sign-in/"+ticket, http.StatusSeeOther)
}

// openSignIn finds the sign-in of the request's ticket, if the browser that
// began it is the one that asks.
func (a *albion) openSignIn(w http.ResponseWriter, r *http.Request) (string, signIn, bool) {
	ticket := r.PathValue("ticket")
	a.signIns.mu.Lock()
	in, ok := a.signIns.open[ticket]
	a.signIns.mu.Unlock()
	c, err := r.Cookie(browserCookie)
	if !ok || err != nil || !same(hashed(c.Value), in.browser) || a.now().After(in.expires) {
		a.refusePage(w, http.StatusGone, "This sign-in has ended. Please start again from the service that sent you here.")
		return "", signIn{}, false
	}
	return ticket, in, true
}

func (a *albion) showSignIn(w http.ResponseWriter, r *http.Request) {
	ticket, in, ok := a.openSignIn(w, r)
	if !ok {
		return
	}
	a.showStep(w, http.StatusOK, ticket, in, "", "")
}

// takeSignIn takes the form of the step the sign-in is at. decision=deny ends it
// at any step.
func (a *albion) takeSignIn(w http.ResponseWriter, r *http.Request) {
	ticket, in, ok := a.openSignIn(w, r)
	if !ok {
		return
	}
	form, ok := readPageForm(w, r)
	if !ok {
		a.refusePage(w, http.StatusBadRequest, "The form could not be read.")
		return
	}
	if form.Get("decision") == "deny" {
		a.deny(w, r, ticket, in)
		return
	}
	switch in.step {
	case stepPassword:
		a.takePassword(w, r, ticket, in, form)
	case stepCode:
		a.takeCode(w, r, ticket, in, form)
	case stepConsent:
		a.takeConsent(w, r, ticket, in, form)
	}
}

func (a *albion) takePassword(w http.ResponseWriter, r *http.Request, ticket string, in signIn, form url.Values) {
	username := form.Get("username")
	known, ok := a.opts.Customers[username]
	// The comparison is made for unknown names too, and the answer is the same.
	right := same(form.Get("password"), known.Password) && ok && known.Password != ""
	if !right || a.signIns.locked(username, a.now()) {
		a.miss(w, r, ticket, in, username, "That username and password don’t match. Please check both.")
		return
	}
	next := in
	next.step, next.customer, next.tries = stepCode, username, 0
	a.signIns.update(ticket, in, next)
	a.seeSignIn(w, r, ticket)
}

func (a *albion) takeCode(w http.ResponseWriter, r *http.Request, ticket string, in signIn, form url.Values) {
	now := a.now()
	right, err := totp.ValidateCustom(form.Get("code"), a.opts.Customers[in.customer].TOTPSecret, now,
		totp.ValidateOpts{Period: 30, Skew: 1, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil || !right || a.signIns.locked(in.customer, now) {
		a.miss(w, r, ticket, in, in.customer, "That code isn’t right. Please enter the code your app shows now.")
		return
	}
	next := in
	next.step, next.authTime, next.tries = stepConsent, now, 0
	a.signIns.update(ticket, in, next)
	a.seeSignIn(w, r, ticket)
}

// miss counts a wrong try. The last one ends the sign-in and sends the customer
// back; the consent stays as it is, because nobody has said who he is.
func (a *albion) miss(w http.ResponseWriter, r *http.Request, ticket string, in signIn, username, say string) {
	if _, known := a.opts.Customers[username]; known {
		a.signIns.missed(username, a.now())
	}
	next := in
	next.tries++
	if next.tries >= maxTries {
		if a.signIns.end(ticket) {
			a.sendBack(w, r, in.asked, url.Values{
				"error": {"access_denied"}, "error_description": {"too many wrong tries"},
			})
			return
		}
	} else if a.signIns.update(ticket, in, next) {
		a.showStep(w, http.StatusUnprocessableEntity, ticket, next, say, username)
		return
	}
	a.seeSignIn(w, r, ticket)
}

// secure says whether cookies may be marked Secure.
func (a *albion) secure() bool {
	u, err := url.Parse(a.issuer)
	return err == nil && u.Scheme == "https"
}
