package judge_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sotto/tests/judge"
)

const (
	goodError = `{"Code":"400 Bad Request","Message":"no","Errors":[{"ErrorCode":"UK.OBIE.Field.Missing","Message":"no"}]}`
	goodRow   = `{"AccountId":"1","CreditDebitIndicator":"Debit","Status":"Booked","BookingDateTime":"2026-03-29T00:00:00+00:00","Amount":{"Amount":"3.40","Currency":"GBP"}}`
)

func rows(row string) string {
	return `{"Data":{"Transaction":[` + row + `]},"Links":{"Self":"https://bank.example/x"},"Meta":{}}`
}

// witness keeps what a judge says instead of failing the test that tests it.
type witness struct {
	testing.TB
	said []string
}

func (w *witness) Helper() {}
func (w *witness) Errorf(format string, args ...any) {
	w.said = append(w.said, fmt.Sprintf(format, args...))
}

func TestTheJudgeFindsPlantedFaults(t *testing.T) {
	good := rows(goodRow)
	for name, c := range map[string]struct {
		method, path string
		status       int
		body         string
		noHeader     bool
		guilty       bool
	}{
		"a good page passes":                         {path: "/accounts/1/transactions", status: 200, body: good},
		"an empty page passes":                       {path: "/transactions", status: 200, body: rows("")},
		"a good error passes":                        {path: "/accounts", status: 400, body: goodError},
		"a 401 without a body passes":                {path: "/accounts", status: 401},
		"a path of another API is not judged":        {path: "/../other", status: 299, body: "?"},
		"a 404 of an unknown path passes":            {path: "/gift-cards", status: 404},
		"a 405 of an unknown method passes":          {method: "PATCH", path: "/accounts", status: 405},
		"an unknown path answered is found":          {path: "/gift-cards", status: 200, body: "{}", guilty: true},
		"a 401 with a body is found":                 {path: "/accounts", status: 401, body: goodError, guilty: true},
		"a negative amount is found":                 {path: "/transactions", status: 200, body: strings.Replace(good, `"3.40"`, `"-3.40"`, 1), guilty: true},
		"a number for a string is found":             {path: "/transactions", status: 200, body: strings.Replace(good, `"3.40"`, `3.40`, 1), guilty: true},
		"six decimals are found":                     {path: "/transactions", status: 200, body: strings.Replace(good, `3.40`, `3.400000`, 1), guilty: true},
		"a zone-less time is found":                  {path: "/transactions", status: 200, body: strings.Replace(good, `+00:00`, ``, 1), guilty: true},
		"a word that is not in the list is found":    {path: "/transactions", status: 200, body: strings.Replace(good, `"Booked"`, `"BOOK"`, 1), guilty: true},
		"a member too many is found":                 {path: "/transactions", status: 200, body: strings.Replace(good, `"Meta":{}`, `"Meta":{},"Extra":1`, 1), guilty: true},
		"a member too few is found":                  {path: "/transactions", status: 200, body: strings.Replace(good, `"Status":"Booked",`, ``, 1), guilty: true},
		"an error without details is found":          {path: "/accounts", status: 400, body: `{"Code":"4","Message":"no","Errors":[]}`, guilty: true},
		"a status the document has not is found":     {path: "/accounts", status: 418, body: goodError, guilty: true},
		"a 404 where the document has none is found": {path: "/accounts", status: 404, guilty: true},
		"a missing interaction id is found":          {path: "/accounts", status: 401, noHeader: true, guilty: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := &witness{TB: t}
			bank := httptest.NewServer(judge.UKOpenBanking(w).Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if !c.noHeader {
					w.Header().Set("x-fapi-interaction-id", "93bac548-d2de-4546-b106-880a5018460d")
				}
				if c.body != "" {
					w.Header().Set("Content-Type", "application/json; charset=utf-8")
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})))
			defer bank.Close()
			if c.method == "" {
				c.method = http.MethodGet
			}
			base := "/bank/open-banking/v3.1/aisp"
			if rest, ok := strings.CutPrefix(c.path, "/.."); ok {
				base, c.path = "/bank", rest
			}
			req, err := http.NewRequestWithContext(t.Context(), c.method, bank.URL+base+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			direct := &witness{TB: t}
			resp, err := judge.UKOpenBanking(direct).Transport(http.DefaultTransport).RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if got := len(w.said) > 0; got != c.guilty {
				t.Errorf("as middleware: guilty %v, want %v: %v", got, c.guilty, w.said)
			}
			if got := len(direct.said) > 0; got != c.guilty {
				t.Errorf("as transport: guilty %v, want %v: %v", got, c.guilty, direct.said)
			}
		})
	}
}

func TestDocumentsAreReadByName(t *testing.T) {
	if raw := judge.File(t, "mcc/mcc_codes.csv"); len(raw) == 0 {
		t.Error("an empty document")
	}
	for _, name := range judge.Files(t, "alexa/*/*.json") {
		if len(judge.File(t, name)) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
}

func TestWithoutDocumentsTestsAreSkipped(t *testing.T) {
	t.Setenv("FIXTURES", t.TempDir()+"/none")
	skipped := t.Run("asks for a document", func(t *testing.T) {
		judge.Fixtures(t)
		t.Error("went on without documents")
	})
	if !skipped {
		t.Error("a missing folder failed the test")
	}
}
