package mockbank_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sotto/banking/mockbank"
)

type errorAnswer struct {
	ID            string `json:"Id"`
	Code, Message string
	Errors        []struct{ ErrorCode, Message, Path string }
}

func TestConsentsAreAskedForByTheRules(t *testing.T) {
	b := openBank(t, nil)
	own := b.own()
	later := func(d time.Duration) string { return b.clock.Now().Add(d).Format(time.RFC3339) }
	body := func(p ...string) string { return consentBody(t, p, nil) }
	dated := func(name, value string) string {
		return consentBody(t, []string{"ReadAccountsBasic"}, map[string]string{name: value})
	}
	for name, c := range map[string]struct{ body, code string }{
		"accounts alone":                      {body("ReadAccountsBasic"), ""},
		"basic and detail together":           {body("ReadAccountsBasic", "ReadAccountsDetail", "ReadTransactionsBasic", "ReadTransactionsDetail", "ReadTransactionsCredits"), ""},
		"all of the standard's":               {body(every()...), ""},
		"an open end and a window":            {dated("TransactionFromDateTime", "2025-01-01T00:00:00+00:00"), ""},
		"an end tomorrow":                     {dated("ExpirationDateTime", later(24*time.Hour)), ""},
		"no permission":                       {body(), "UK.OBIE.Field.Missing"},
		"a permission that is not there":      {body("ReadAccountsBasic", "ReadMinds"), "UK.OBIE.Field.Invalid"},
		"no accounts":                         {body("ReadBalances"), "UK.OBIE.Field.Invalid"},
		"transactions of neither side":        {body("ReadAccountsBasic", "ReadTransactionsDetail"), "UK.OBIE.Field.Invalid"},
		"debits of no transactions":           {body("ReadAccountsBasic", "ReadTransactionsDebits"), "UK.OBIE.Field.Invalid"},
		"credits of no transactions":          {body("ReadAccountsBasic", "ReadTransactionsCredits"), "UK.OBIE.Field.Invalid"},
		"an end in the past":                  {dated("ExpirationDateTime", later(-time.Second)), "UK.OBIE.Field.InvalidDate"},
		"a date without a time":               {dated("ExpirationDateTime", "2030-01-01"), "UK.OBIE.Field.InvalidDate"},
		"a time without an offset":            {dated("TransactionToDateTime", "2025-01-01T00:00:00"), "UK.OBIE.Field.InvalidDate"},
		"a window that ends before it begins": {consentBody(t, []string{"ReadAccountsBasic"}, map[string]string{"TransactionFromDateTime": later(0), "TransactionToDateTime": later(-time.Hour)}), "UK.OBIE.Field.InvalidDate"},
		"no Risk":                             {`{"Data":{"Permissions":["ReadAccountsBasic"]}}`, "UK.OBIE.Field.Missing"},
		"no Data":                             {`{"Risk":{}}`, "UK.OBIE.Field.Missing"},
		"a Risk that is a number":             {`{"Data":{"Permissions":["ReadAccountsBasic"]},"Risk":1}`, "UK.OBIE.Field.Invalid"},
		"a Risk with something in it":         {`{"Data":{"Permissions":["ReadAccountsBasic"]},"Risk":{"a":1}}`, "UK.OBIE.Field.Unexpected"},
		"a field nobody knows":                {`{"Data":{"Permissions":["ReadAccountsBasic"],"Accounts":["1"]},"Risk":{}}`, "UK.OBIE.Field.Unexpected"},
		"a field that stands twice":           {`{"Data":{"Permissions":["ReadAccountsBasic"],"Permissions":["ReadBalances"]},"Risk":{}}`, "UK.OBIE.Resource.InvalidFormat"},
		"no JSON":                             {`permissions, please`, "UK.OBIE.Resource.InvalidFormat"},
		"nothing":                             {``, "UK.OBIE.Resource.InvalidFormat"},
		"more than anyone asks for":           {`{"Data":{"Permissions":["` + strings.Repeat("x", 20_000) + `"]},"Risk":{}}`, "UK.OBIE.Resource.InvalidFormat"},
		"a nest of brackets":                  {strings.Repeat("[", 9_000), "UK.OBIE.Resource.InvalidFormat"},
	} {
		t.Run(name, func(t *testing.T) {
			a := b.postConsent(own, c.body)
			if c.code == "" {
				if got := decode[consentAnswer](t, a.body); a.status != http.StatusCreated || got.Data.Status != "AwaitingAuthorisation" || got.Data.ConsentID == "" {
					t.Errorf("got %d %s", a.status, a.body)
				}
				return
			}
			if got := decode[errorAnswer](t, a.body); a.status != http.StatusBadRequest || got.Errors[0].ErrorCode != c.code {
				t.Errorf("got %d %s, want %s", a.status, a.body, c.code)
			}
		})
	}
}

func every() []string {
	return []string{
		"ReadAccountsBasic", "ReadAccountsDetail", "ReadBalances", "ReadBeneficiariesBasic", "ReadBeneficiariesDetail",
		"ReadDirectDebits", "ReadOffers", "ReadPAN", "ReadParty", "ReadPartyPSU", "ReadProducts", "ReadScheduledPaymentsBasic",
		"ReadScheduledPaymentsDetail", "ReadStandingOrdersBasic", "ReadStandingOrdersDetail", "ReadStatementsBasic",
		"ReadStatementsDetail", "ReadTransactionsBasic", "ReadTransactionsCredits", "ReadTransactionsDebits", "ReadTransactionsDetail",
	}
}

func TestAConsentIsEchoedAsItWasAskedFor(t *testing.T) {
	b := openBank(t, nil)
	extra := map[string]string{
		"ExpirationDateTime": "2027-05-02T00:00:00.5+05:30", "TransactionFromDateTime": "2025-05-03T00:00:00Z",
		"TransactionToDateTime": "2026-12-03T00:00:00-00:00",
	}
	id := b.consent([]string{"ReadBalances", "ReadAccountsBasic"}, extra)
	got := decode[consentAnswer](t, b.get(b.own(), "/account-access-consents/"+id).body)
	if got.Data.ExpirationDateTime != extra["ExpirationDateTime"] || got.Data.TransactionFromDateTime != extra["TransactionFromDateTime"] ||
		got.Data.TransactionToDateTime != extra["TransactionToDateTime"] || !slices.Equal(got.Data.Permissions, []string{"ReadBalances", "ReadAccountsBasic"}) {
		t.Errorf("got %+v", got)
	}
	if a := b.get(b.own(), got.Links.Self); a.status != http.StatusOK {
		t.Errorf("Self leads to %d", a.status)
	}
}

func TestAConsentIsItsClientsAlone(t *testing.T) {
	b := openBank(t, nil)
	id := b.consent(allPermissions(), nil)
	tok := b.exchange(b.approve("ada", id))
	foreign := decode[tokens](t, b.tokenFor("post").body).Access
	if a := b.get(foreign, "/account-access-consents/"+id); a.status != http.StatusBadRequest {
		t.Errorf("another client reads it: %d", a.status)
	}
	req := b.request(http.MethodDelete, resource+"/account-access-consents/"+id, "")
	req.Header.Set("Authorization", "Bearer "+foreign)
	if a := b.do(req); a.status != http.StatusBadRequest {
		t.Errorf("another client deletes it: %d", a.status)
	}
	if a := b.get(tok.Access, "/account-access-consents/"+id); a.status != http.StatusForbidden {
		t.Errorf("a customer's token reads it: %d", a.status)
	}
	if a := b.postConsent(tok.Access, consentBody(t, allPermissions(), nil)); a.status != http.StatusForbidden {
		t.Errorf("a customer's token makes one: %d", a.status)
	}
	if a := b.get(tok.Access, "/accounts"); a.status != http.StatusOK {
		t.Errorf("before the deletion: %d", a.status)
	}
	if a := b.deleteConsent(id); a.status != http.StatusNoContent || len(a.body) > 0 {
		t.Errorf("deletion: %d %q", a.status, a.body)
	}
	for what, status := range map[string]int{
		"reading it afterwards": b.get(b.own(), "/account-access-consents/"+id).status,
		"deleting it again":     b.deleteConsent(id).status,
		"a consent of the moon": b.get(b.own(), "/account-access-consents/moon").status,
		"refreshing on it":      b.refresh(tok.Refresh).status,
	} {
		if status != http.StatusBadRequest {
			t.Errorf("%s: %d", what, status)
		}
	}
	if a := b.get(tok.Access, "/accounts"); a.status != http.StatusUnauthorized {
		t.Errorf("its token still opens: %d", a.status)
	}
}

func TestRefusals(t *testing.T) {
	b := openBank(t, nil)
	full := b.link("grace", allPermissions(), nil)
	poor := b.link("grace", []string{"ReadAccountsBasic"}, nil)
	own := b.own()
	ids := b.accountIDs("grace")
	id := b.consent(allPermissions(), nil)
	p := b.browser()
	p.open(b.authorizeURL(plain(id)))
	p.signIn("grace")
	p.submit(url1(ids[0]))
	narrow := b.exchange(p.at.Query().Get("code"))
	for name, c := range map[string]struct {
		token, path string
		want        int
		code        string
	}{
		"without a token nothing opens":                  {"", "/accounts", 401, ""},
		"a made-up token opens nothing":                  {"nonsense", "/accounts", 401, ""},
		"a refresh token opens nothing":                  {full.Refresh, "/accounts", 401, ""},
		"an id_token opens nothing":                      {full.ID, "/accounts", 401, ""},
		"the client alone sees no accounts":              {own, "/accounts", 403, "Albion.Permission.NotGranted"},
		"the client alone sees no transactions":          {own, "/transactions", 403, "Albion.Permission.NotGranted"},
		"balances want their permission":                 {poor.Access, "/balances", 403, "Albion.Permission.NotGranted"},
		"an account's balances do, too":                  {poor.Access, "/accounts/" + ids[0] + "/balances", 403, "Albion.Permission.NotGranted"},
		"transactions want theirs":                       {poor.Access, "/transactions", 403, "Albion.Permission.NotGranted"},
		"an account the customer kept back stays closed": {narrow.Access, "/accounts/" + ids[1], 403, "Albion.Permission.NotGranted"},
		"its balances stay closed":                       {narrow.Access, "/accounts/" + ids[1] + "/balances", 403, "Albion.Permission.NotGranted"},
		"its transactions stay closed":                   {narrow.Access, "/accounts/" + ids[1] + "/transactions", 403, "Albion.Permission.NotGranted"},
		"an account that is not there is 400, not 404":   {full.Access, "/accounts/12345", 400, "UK.OBIE.Resource.NotFound"},
		"another customer's account is not there":        {full.Access, "/accounts/" + b.accountIDs("ada")[0] + "/balances", 400, "UK.OBIE.Resource.NotFound"},
		"an endpoint this bank lacks is 404":             {full.Access, "/accounts/" + ids[0] + "/offers", 404, ""},
		"a filter that is no date":                       {full.Access, "/transactions?fromBookingDateTime=yesterday", 400, "UK.OBIE.Field.InvalidDate"},
		"a filter on the 31st of February":               {full.Access, "/transactions?toBookingDateTime=2026-02-31", 400, "UK.OBIE.Field.InvalidDate"},
		"a page that was made up":                        {full.Access, "/transactions?pos=abc", 400, "UK.OBIE.Field.Invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			a := b.get(c.token, c.path)
			if a.status != c.want {
				t.Fatalf("got %d %s", a.status, a.body)
			}
			if c.code == "" {
				if len(a.body) > 0 {
					t.Errorf("a body: %s", a.body)
				}
				return
			}
			if got := decode[errorAnswer](t, a.body); got.Errors[0].ErrorCode != c.code || got.ID != a.header.Get("X-Fapi-Interaction-Id") {
				t.Errorf("got %s", a.body)
			}
		})
	}
	if list := decode[accountsAnswer](t, b.get(narrow.Access, "/accounts").body); len(list.Data.Account) != 1 {
		t.Errorf("the list has what was kept back: %v", list)
	}
}

func url1(account string) map[string][]string {
	return map[string][]string{"decision": {"approve"}, "account": {account}}
}

func TestRequestsHaveTheRightForm(t *testing.T) {
	b := openBank(t, nil)
	tok := b.link("ada", allPermissions(), nil).Access
	for name, c := range map[string]struct {
		method, path, accept, contentType string
		want                              int
	}{
		"JSON is accepted":                    {"GET", "/accounts", "application/json", "", 200},
		"JSON with a charset is accepted":     {"GET", "/accounts", "text/html, application/json; charset=utf-8;q=0.5", "", 200},
		"anything is accepted":                {"GET", "/accounts", "*/*", "", 200},
		"a picture is not":                    {"GET", "/accounts", "image/png", "", 406},
		"anything but JSON is not":            {"GET", "/accounts", "application/json;q=0", "", 406},
		"accounts are not posted":             {"POST", "/accounts", "", "", 405},
		"consents are not listed":             {"GET", "/account-access-consents", "", "", 405},
		"a consent is not put":                {"PUT", "/account-access-consents/1", "", "", 405},
		"a consent in a form is refused":      {"POST", "/account-access-consents", "", "application/x-www-form-urlencoded", 415},
		"a consent without a type is refused": {"POST", "/account-access-consents", "", "", 415},
		"a path nobody knows is 404":          {"GET", "/gift-cards", "", "", 404},
	} {
		t.Run(name, func(t *testing.T) {
			req := b.request(c.method, resource+c.path, "")
			req.Header.Set("Authorization", "Bearer "+tok)
			for h, v := range map[string]string{"Accept": c.accept, "Content-Type": c.contentType} {
				if v != "" {
					req.Header.Set(h, v)
				}
			}
			if a := b.do(req); a.status != c.want {
				t.Errorf("got %d", a.status)
			}
		})
	}
}

func TestTheInteractionIDIsPlayedBack(t *testing.T) {
	b := openBank(t, nil)
	const id = "93bac548-d2de-4546-b106-880a5018460d"
	for sent, same := range map[string]bool{id: true, "": false, "not a uuid": false, id + "\t" + id: false} {
		req := b.request(http.MethodGet, resource+"/accounts", "")
		if sent != "" {
			req.Header["X-Fapi-Interaction-Id"] = []string{sent}
		}
		got := b.do(req).header.Get("X-Fapi-Interaction-Id")
		if (got == sent) != same || len(got) != 36 {
			t.Errorf("sent %q, got %q", sent, got)
		}
	}
}

func TestABankWithoutBulkEndpointsSays404(t *testing.T) {
	b := openBank(t, func(o *mockbank.Options) { o.NoBulk = true })
	tok := b.link("ada", allPermissions(), nil).Access
	for _, path := range []string{"/balances", "/transactions"} {
		if a := b.get(tok, path); a.status != http.StatusNotFound || len(a.body) > 0 {
			t.Errorf("%s: %d", path, a.status)
		}
		if a := b.get(tok, "/accounts/"+b.accountIDs("ada")[0]+path); a.status != http.StatusOK {
			t.Errorf("%s of the account: %d", path, a.status)
		}
	}
}

func TestRevocationAtTheBankKillsTokensAndLeavesTheConsent(t *testing.T) {
	b := openBank(t, nil)
	id := b.consent(allPermissions(), nil)
	tok := b.exchange(b.approve("ada", id))
	other := b.link("zoe", allPermissions(), nil)
	a := b.do(b.request(http.MethodPost, "/albion/mock/revoke", `{"username":"ada"}`))
	if a.status != http.StatusNoContent {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	if a := b.get(tok.Access, "/accounts"); a.status != http.StatusUnauthorized || len(a.body) > 0 {
		t.Errorf("the access token: %d %q", a.status, a.body)
	}
	if a := b.refresh(tok.Refresh); decode[tokens](t, a.body).Error != "invalid_grant" {
		t.Errorf("the refresh token: %d %s", a.status, a.body)
	}
	if status := b.consentStatus(id); status != "Authorised" {
		t.Errorf("the consent is %s", status)
	}
	if a := b.get(other.Access, "/accounts"); a.status != http.StatusOK {
		t.Errorf("another customer's token: %d", a.status)
	}
	again := b.exchange(b.approve("ada", id))
	if a := b.get(again.Access, "/accounts"); a.status != http.StatusOK {
		t.Errorf("after signing in again on the same consent: %d", a.status)
	}
	if a := b.do(b.request(http.MethodPost, "/albion/mock/revoke", `{"username":"mallory"}`)); a.status != http.StatusNotFound {
		t.Errorf("nobody: %d", a.status)
	}
}
