package store_test

import (
	"database/sql"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"sotto/linking"
)

// TestTheStatementOfARestoreEndsEveryLink runs, on each engine, what docs/operations.md says to run on an older copy.
func TestTheStatementOfARestoreEndsEveryLink(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "\n```sql\n")
	statement, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("docs/operations.md has no SQL for a restore")
	}
	onEach(t, func(t *testing.T, fresh func(testing.TB) string) {
		url := fresh(t)
		db := open(t, url)
		i, err := taken(t.Context(), db, "1")
		if err != nil {
			t.Fatal(err)
		}
		kept := joined(t, db, i.Link)
		n := linkOf(i)
		n.Account = []byte("account")
		if err := db.Conclude(t.Context(), i.ID, n); err != nil {
			t.Fatal(err)
		}
		x := exchangeOf(n)
		x.Access = &linking.AccessToken{Hash: []byte("access"), Issued: noon, Expires: noon.Add(time.Hour)}
		if _, err := db.Exchange(t.Context(), x); err != nil {
			t.Fatal(err)
		}
		driver, source := "sqlite", strings.Replace(url, "sqlite:", "file:", 1)
		if strings.HasPrefix(url, "postgres:") {
			driver, source = "pgx", url+"&default_query_exec_mode=simple_protocol" // as psql sends a file
		}
		raw, err := sql.Open(driver, source)
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		if _, err := raw.ExecContext(t.Context(), strings.ReplaceAll(statement, ":now", strconv.FormatInt(noon.UnixMilli(), 10))); err != nil {
			t.Fatal(err)
		}
		if g, _, err := db.ByGrant(t.Context(), n.Grant, []byte("x")); err != nil || !g.Ended.Equal(noon) {
			t.Errorf("the grant ended at %v, %v", g.Ended, err)
		}
		if _, _, err := db.ByAccess(t.Context(), []byte("access")); !errors.Is(err, linking.ErrNone) {
			t.Errorf("its access token: %v", err)
		}
		if _, err := db.ByAccount(t.Context(), n.Client, n.Account); !errors.Is(err, linking.ErrNone) {
			t.Errorf("its account is given a link again: %v", err)
		}
		if links, err := db.LinksOf(t.Context(), n.Customer, 9); err != nil || len(links) != 1 || !links[0].Ended.Equal(noon) {
			t.Errorf("the customer sees %+v, %v", links, err)
		}
		if left, err := db.Connections(t.Context(), n.ID); err != nil || len(left) != 0 {
			t.Errorf("%d connections are left, %v", len(left), err)
		}
		if endings, err := db.ClaimEndings(t.Context(), noon, noon.Add(time.Hour), 9); err != nil || len(endings) != 1 || endings[0].ID != kept.ID {
			t.Errorf("to be ended at banks: %+v, %v", endings, err)
		}
	})
}
