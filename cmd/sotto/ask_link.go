package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"

	"sotto/server/dev"
)

// tokens sees to it that there is an access token that lives, by refreshing or by linking as this client of dev.json, and says whether it
// linked just now. how is said of such a linking.
func (a *asker) tokens(ctx context.Context, client, how string) (linked bool, err error) {
	c, ok := a.file.Clients[client]
	if !ok || len(c.RedirectURIs) == 0 {
		return false, fmt.Errorf("dev.json has no client %q: start `sotto serve --dev` again", client)
	}
	if a.page.Client != c.ID {
		a.page.forget()
	}
	if a.page.Access != "" && a.now().Add(30*time.Second).Before(a.page.Expires) {
		return false, nil
	}
	if a.page.Refresh != "" {
		err := a.trade(ctx, c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.page.Refresh}})
		if !errors.Is(err, errGrant) {
			return false, err
		}
		a.page.forget()
	}
	return true, a.walk(ctx, c, how)
}

// walk walks through the pages as the customer would, with all that is offered, and trades the code.
func (a *asker) walk(ctx context.Context, c dev.Client, how string) error {
	customer, err := a.file.Customer(a.Bank, a.Customer)
	if err != nil {
		return err
	}
	state, err := dev.Random(a.s.random, 16)
	if err != nil {
		return err
	}
	verifier, err := dev.Random(a.s.random, 32)
	if err != nil {
		return err
	}
	challenge := sha256.Sum256([]byte(verifier))
	redirect := c.RedirectURIs[0]
	back, err := dev.Person{Bank: a.Bank, Customer: customer, Now: a.now}.Link(ctx, a.file.PublicURL+"/oauth/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {c.ID}, "redirect_uri": {redirect}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode(), redirect)
	if err != nil {
		return fmt.Errorf("link %s at %s: %w", a.Customer, a.Bank, err)
	}
	switch {
	case back.Get("error") != "":
		return fmt.Errorf("link %s at %s: the house answers %s", a.Customer, a.Bank, back.Get("error"))
	case back.Get("state") != state || back.Get("iss") != a.file.PublicURL:
		return fmt.Errorf("link %s at %s: state or iss came back changed", a.Customer, a.Bank)
	}
	fmt.Fprintf(a.s.err, "(linked %s at %s, %s)\n", a.Customer, a.Bank, how)
	return a.trade(ctx, c, url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {redirect}, "code_verifier": {verifier},
	})
}

// errGrant means that the house no longer knows a code or refresh token.
var errGrant = errors.New("invalid_grant")

// trade asks the token endpoint, and keeps what it gives.
func (a *asker) trade(ctx context.Context, c dev.Client, form url.Values) error {
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if c.Secret == "" {
		form.Set("client_id", c.ID)
	} else {
		basic := url.QueryEscape(c.ID) + ":" + url.QueryEscape(c.Secret)
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(basic)))
	}
	answer, status, err := a.post(ctx, a.file.PublicURL+"/oauth/token", header, form.Encode())
	if err != nil {
		return err
	}
	var got struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Seconds int    `json:"expires_in"`
		Error   string `json:"error"`
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return fmt.Errorf("the token endpoint answers %d with something else than JSON", status)
	}
	switch {
	case got.Error == "invalid_grant":
		return errGrant
	case status != http.StatusOK || got.Access == "":
		return fmt.Errorf("the token endpoint answers %d: %s", status, got.Error)
	}
	a.page.Client, a.page.Access, a.page.Expires = c.ID, got.Access, a.now().Add(time.Duration(got.Seconds)*time.Second)
	if got.Refresh != "" {
		a.page.Refresh = got.Refresh
	}
	return a.kept.write()
}
