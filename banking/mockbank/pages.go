package mockbank

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

var (
	//go:embed pages/style.css
	styleSheet []byte
	//go:embed pages/pages.html
	pageSource string
	pageSet    = template.Must(template.New("pages").Parse(pageSource))
)

// page is what every page is given.
type page struct {
	Bank, Title, Action, Client, Error, Username string
	Lines                                        []string // what is asked for, in plain words
	Limits                                       []string // from when, until when
	Accounts                                     []choice
	Fields                                       url.Values // of the form back to the client
	Nonce                                        string
}

// choice is one account on the consent page.
type choice struct {
	ID, Name, Kind, Number string
	Checked                bool
}

// showStep shows the page of the step a sign-in is at. say is the sentence about
// what was wrong with the last try.
func (a *albion) showStep(w http.ResponseWriter, status int, ticket string, in signIn, say, username string) {
	p := page{
		Action: "/" + bankID + "/sign-in/" + ticket, Client: in.asked.client.Name, Error: say, Username: username,
	}
	name := "password"
	switch in.step {
	case stepPassword:
		p.Title = "Sign in"
	case stepCode:
		name, p.Title = "code", "Enter your code"
	case stepConsent:
		name, p.Title = "consent", "Choose what to share"
		a.describe(&p, in)
	}
	a.writePage(w, status, name, p, "form-action 'self' "+origin(in.asked.redirect))
}

// describe fills in what the client asks for and the accounts to choose from.
func (a *albion) describe(p *page, in signIn) {
	a.state.mu.Lock()
	c := a.state.consents[in.asked.consent]
	a.state.mu.Unlock()
	p.Lines = plainWords(c)
	p.Limits = a.plainLimits(c)
	accounts := a.ledgers.accounts(in.customer)
	for _, acc := range accounts {
		p.Accounts = append(p.Accounts, choice{
			ID: acc.ID, Name: acc.displayName(), Kind: acc.kindWords(), Number: acc.maskedNumber(),
			Checked: len(accounts) == 1 || slices.Contains(c.Accounts, acc.ID),
		})
	}
}

// plainWords says what permissions mean.
func plainWords(c consent) []string {
	var out []string
	add := func(words string, permissions ...string) {
		for _, p := range permissions {
			if c.may(p) {
				out = append(out, words)
				return
			}
		}
	}
	if c.may("ReadAccountsDetail") {
		out = append(out, "Your accounts’ names, currencies, sort codes and account numbers")
	} else {
		add("Your accounts’ names and currencies", "ReadAccountsBasic")
	}
	add("Your full card numbers", "ReadPAN")
	add("Your balances and limits", "ReadBalances")
	sides := "money in and out"
	switch {
	case !c.may("ReadTransactionsDebits"):
		sides = "money in only"
	case !c.may("ReadTransactionsCredits"):
		sides = "money out only"
	}
	if c.may("ReadTransactionsDetail") {
		out = append(out, "Your transactions: "+sides+", with who you paid and what for")
	} else {
		add("Your transactions: "+sides+", without who you paid", "ReadTransactionsBasic")
	}
	add("Your regular payments", "ReadStandingOrdersBasic", "ReadStandingOrdersDetail", "ReadDirectDebits",
		"ReadScheduledPaymentsBasic", "ReadScheduledPaymentsDetail")
	add("Who you pay", "ReadBeneficiariesBasic", "ReadBeneficiariesDetail")
	add("Your statements", "ReadStatementsBasic", "ReadStatementsDetail")
	add("Your name and contact details", "ReadParty", "ReadPartyPSU")
	add("Which products and offers you have", "ReadProducts", "ReadOffers")
	return out
}

func (a *albion) plainLimits(c consent) []string {
	day := func(raw string) string {
		t, err := time.Parse(time.RFC3339, raw)
		if err != nil {
			return ""
		}
		return t.In(a.zone).Format("2 January 2006")
	}
	var out []string
	from, to := day(c.From), day(c.To)
	switch {
	case from != "" && to != "":
		out = append(out, "Transactions from "+from+" to "+to)
	case from != "":
		out = append(out, "Transactions since "+from)
	case to != "":
		out = append(out, "Transactions up to "+to)
	}
	if end := day(c.Expires); end != "" {
		return append(out, "Until "+end+", or until you stop it")
	}
	return append(out, "Until you stop it, here or with them")
}

// refusePage tells a customer why we go no further. It leads nowhere, because
// nobody has proven where it may lead.
func (a *albion) refusePage(w http.ResponseWriter, status int, say string) {
	a.writePage(w, status, "refusal", page{Title: "We can’t go on", Error: say}, "form-action 'none'")
}

// formPostPage carries the answer to the client in a form that submits itself,
// or by its button where scripts do not run.
func (a *albion) formPostPage(w http.ResponseWriter, to asked, answer url.Values) {
	nonce, err := a.secretString()
	if err != nil {
		a.refusePage(w, http.StatusInternalServerError, "Something went wrong on our side. Please try again.")
		return
	}
	p := page{Title: "Going back", Action: to.redirect, Client: to.client.Name, Fields: answer, Nonce: nonce}
	a.writePage(w, http.StatusOK, "back", p, "script-src 'nonce-"+nonce+"'; form-action "+origin(to.redirect))
}

func (a *albion) writePage(w http.ResponseWriter, status int, name string, p page, policy string) {
	p.Bank = bankName
	var buf bytes.Buffer
	if err := pageSet.ExecuteTemplate(&buf, name, p); err != nil {
		http.Error(w, "page", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "+policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes())
}

// origin is the source expression of a registered redirect URI for a policy.
func origin(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || strings.ContainsAny(u.Host, "; ,'") {
		return "'none'"
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		return u.Scheme + "://" + u.Host
	}
	return u.Scheme + ":"
}

func (a *albion) style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=300")
	_, _ = w.Write(styleSheet)
}
