package mockbank

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// codeTTL is the life of an authorization code.
const codeTTL = 60 * time.Second

// readPageForm reads the form of a page, in which account may stand many times.
func readPageForm(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	form, ok := formOf(w, r)
	return form, ok && len(form["account"]) <= 50
}

func (a *albion) takeConsent(w http.ResponseWriter, r *http.Request, ticket string, in signIn, form url.Values) {
	if form.Get("decision") != "approve" {
		a.showStep(w, http.StatusUnprocessableEntity, ticket, in, "Please choose Share or Don’t share.", "")
		return
	}
	var chosen []string
	for _, acc := range a.ledgers.accounts(in.customer) {
		if slices.Contains(form["account"], acc.ID) {
			chosen = append(chosen, acc.ID)
		}
	}
	if len(chosen) == 0 || len(chosen) != len(form["account"]) {
		a.showStep(w, http.StatusUnprocessableEntity, ticket, in, "Please choose at least one account, or don’t share.", "")
		return
	}
	if !a.signIns.end(ticket) {
		a.refusePage(w, http.StatusGone, "This sign-in has ended. Please start again from the service that sent you here.")
		return
	}
	answer, err := a.approve(in, chosen)
	if err != nil {
		answer = url.Values{"error": {"server_error"}}
	}
	a.sendBack(w, r, in.asked, answer)
}

// approve authorises the consent for the chosen accounts and makes the code, in
// one commit.
func (a *albion) approve(in signIn, chosen []string) (url.Values, error) {
	secret, err1 := a.secretString()
	grantID, err2 := a.secretString()
	if err1 != nil || err2 != nil {
		return nil, fmt.Errorf("%w: no randomness", ErrState)
	}
	now := a.now()
	s := a.state
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.consents[in.asked.consent]
	again := c.Status == authorised && c.Customer == in.customer
	if !ok || c.Deleted || c.expired(now) || (c.Status != awaitingAuthorisation && !again) {
		return url.Values{"error": {"access_denied"}, "error_description": {"the consent cannot be authorised any more"}}, nil
	}
	c.Status, c.Customer, c.Accounts, c.Updated = authorised, in.customer, chosen, now
	g := grant{
		ID: grantID[:22], Client: in.asked.client.ID, Consent: c.ID, Customer: in.customer,
		AuthTime: in.authTime, Expires: now.Add(a.opts.RefreshTTL),
	}
	if end, err := time.Parse(time.RFC3339, c.Expires); err == nil && end.Before(g.Expires) {
		g.Expires = end
	}
	answer := url.Values{"code": {secret}}
	if in.asked.hybrid {
		extra := map[string]string{"c_hash": leftHash(secret)}
		if in.asked.state != "" {
			extra["s_hash"] = leftHash(in.asked.state)
		}
		signed, err := a.idToken(g, in.asked.nonce, extra)
		if err != nil {
			return nil, err
		}
		answer.Set("id_token", signed)
	}
	return answer, s.commit(now, c, g, authCode{
		Hash: hashed(secret), Grant: g.ID, Redirect: in.asked.redirect, Challenge: in.asked.challenge,
		Nonce: in.asked.nonce, Expires: now.Add(codeTTL),
	})
}

// deny ends the sign-in. A consent that nobody has authorised is rejected with
// it; one that stands from before stays as it is.
func (a *albion) deny(w http.ResponseWriter, r *http.Request, ticket string, in signIn) {
	if !a.signIns.end(ticket) {
		a.refusePage(w, http.StatusGone, "This sign-in has ended. Please start again from the service that sent you here.")
		return
	}
	answer := url.Values{"error": {"access_denied"}, "error_description": {"the customer did not agree"}}
	now := a.now()
	s := a.state
	s.mu.Lock()
	if c, ok := s.consents[in.asked.consent]; ok && c.Status == awaitingAuthorisation && !c.Deleted {
		c.Status, c.Updated = rejected, now
		if s.commit(now, c) != nil {
			answer = url.Values{"error": {"server_error"}}
		}
	}
	s.mu.Unlock()
	a.sendBack(w, r, in.asked, answer)
}

// sendBack answers the client through the browser, with state and iss (RFC 9207)
// added, in the mode it asked for.
func (a *albion) sendBack(w http.ResponseWriter, r *http.Request, to asked, answer url.Values) {
	if to.state != "" {
		answer.Set("state", to.state)
	}
	answer.Set("iss", a.issuer)
	w.Header().Set("Cache-Control", "no-store")
	switch to.mode {
	case "form_post":
		a.formPostPage(w, to, answer)
	case "fragment":
		http.Redirect(w, r, to.redirect+"#"+answer.Encode(), http.StatusSeeOther)
	default:
		join := "?"
		if strings.Contains(to.redirect, "?") {
			join = "&"
		}
		http.Redirect(w, r, to.redirect+join+answer.Encode(), http.StatusSeeOther)
	}
}
