package server_test

import (
	"database/sql"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sotto/linking"
	"sotto/skills"
)

// restoreSQL is the statement of docs/operations.md that ends every link of an older copy.
func restoreSQL(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "\n```sql\n")
	statement, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("docs/operations.md has no SQL for a restore")
	}
	return statement
}

// TestAnOlderCopyOfTheDatabaseBringsBackNoLinkWhereTheProcedureIsFollowed: first that the danger is real, then that what
// docs/operations.md says to do about it is enough.
func TestAnOlderCopyOfTheDatabaseBringsBackNoLinkWhereTheProcedureIsFollowed(t *testing.T) {
	state := t.TempDir()
	h := openHouse(t, state)
	path, backup := filepath.Join(state, "sotto.db"), filepath.Join(t.TempDir(), "copy.db")
	c := h.Dev().Clients["alexa"]
	secret := url.Values{"client_id": {c.ID}, "client_secret": {c.Secret}}.Encode()
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	g := h.linkClient(t, c, c.RedirectURIs[0], "ada")
	refresh := func(h *house) int {
		status, _, _ := h.ask(t, http.MethodPost, "/oauth/token", secret+"&grant_type=refresh_token&refresh_token="+g.Refresh, form)
		return status
	}
	run := func(file, statement string) {
		t.Helper()
		db, err := sql.Open("sqlite", file)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	environ := []string{"SOTTO_ADDR=" + strings.TrimPrefix(h.PublicURL(), "http://"), "SOTTO_BANK_ADDR=" + strings.TrimPrefix(h.Dev().BankURL, "http://")}
	shut := func(h *house) {
		t.Helper()
		if err := h.close(); err != nil {
			t.Fatal(err)
		}
	}

	run(path, "VACUUM INTO '"+backup+"'")
	if status, _, _ := h.ask(t, http.MethodPost, "/oauth/revoke", secret+"&token="+g.Refresh, form); status != http.StatusOK || refresh(h) != http.StatusBadRequest {
		t.Fatalf("not even revoked: %d", status)
	}
	shut(h)
	for _, more := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + more); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	if err := os.Rename(backup, path); err != nil {
		t.Fatal(err)
	}
	h = openHouse(t, state, environ...)
	if status := refresh(h); status != http.StatusOK {
		t.Fatalf("the older copy refuses what was revoked after it (%d): then the page can be shorter", status)
	}
	shut(h)

	run(path, strings.ReplaceAll(restoreSQL(t), ":now", strconv.FormatInt(time.Now().UnixMilli(), 10)))
	h = openHouse(t, state, environ...)
	if status := refresh(h); status != http.StatusBadRequest {
		t.Errorf("a refresh token of before gets %d", status)
	}
	if _, heard := h.say(t, linking.Token(g.Access), skills.Balance); strings.Contains(heard, "pounds") {
		t.Errorf("an access token of before hears %q", heard)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for left := 1; left > 0; <-tick.C { // the worker ends what is left at the bank; the test's own deadline bounds this
		if err := db.QueryRowContext(t.Context(), "SELECT (SELECT COUNT(*) FROM endings) + (SELECT COUNT(*) FROM connections)").Scan(&left); err != nil {
			t.Fatal(err)
		}
	}
}
