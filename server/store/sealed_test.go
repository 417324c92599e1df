package store_test

import (
	"database/sql"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"sotto/banking"
	"sotto/server/store"
)

// notSealed are the columns of bytes that hold nothing sealed under the house's keys.
var notSealed = []string{
	"keys.wrapped", // under the wrapping key
	"interactions.browser", "interactions.state", "interactions.customer", "interactions.bank_state",
	"interactions.ticket", "chat_tickets.ticket", "chat_tickets.chat", "chat_codes.chat", "chat_codes.handover", "chat_codes.code", "chats.chat", "chat_links.chat", "households.household", "interactions.account", "grants.account", // hashes and HMACs
	"links.customer", "grants.code", "grants.refresh", "access_tokens.hash", "service_tokens.hash", "bank_authorizations.state", "client_assertions.id", "pushed_requests.id", "pushed_requests.state", "interactions.pushed", // hashes, and what a client said
	"sign_ins.state", "sign_ins.browser", "sessions.hash", "sessions.browser", "sessions.customer", // hashes
	"connections.directory_sealed", "disclosures.sealed", // under the link's own key
}

// TestEveryColumnOfBytesIsAccountedFor finds a new column that Reseal does not know: what it held would be lost with its key.
func TestEveryColumnOfBytesIsAccountedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sotto.db")
	open(t, "sqlite:"+path)
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.type IN ('BLOB', 'BYTEA')`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	seen := 0
	for rows.Next() {
		var column string
		if err := rows.Scan(&column); err != nil {
			t.Fatal(err)
		}
		seen++
		if slices.Contains(store.SealedColumns(), column) == slices.Contains(notSealed, column) {
			t.Errorf("%s: either places in sealed.go has it, or notSealed here", column)
		}
	}
	if err := rows.Err(); err != nil || seen < 20 {
		t.Fatalf("%d columns, %v", seen, err)
	}
}

func TestWhatBanksGaveIsSealedAnewWhereverItStands(t *testing.T) {
	onEach(t, func(t *testing.T, fresh func(testing.TB) string) { sealAnew(t, open(t, fresh(t))) })
}

func sealAnew(t *testing.T, db *store.DB) {
	t.Helper()
	old := func(what string) []byte { return []byte("\x01old1" + what) }
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	await := func(id string) {
		t.Helper()
		if err := db.SaveAwaiting(t.Context(), banking.Awaiting{
			ID: id, Link: "link", Bank: "albion", State: []byte(id), Consent: old("consent|albion|" + id), Secret: old("bank_authorizations|" + id + "|secret"), Expires: noon,
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"one", "two", "three"} {
		await(id)
	}
	for _, id := range []string{"two", "three"} {
		if _, err := db.TakeAwaiting(t.Context(), "link", []byte(id), noon.Add(-time.Minute), noon); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Connect(t.Context(), banking.Connection{
		ID: "three", Link: "link", Bank: "albion", Consent: old("consent|albion|three"), Access: old("connections|three|access"), Refresh: old("connections|three|refresh"),
		Generation: 1, Directory: old("the link's"),
	}); err != nil {
		t.Fatal(err)
	}
	found, err := db.Reseal(t.Context(), []byte("\x01old1"), func(sealed, bound []byte) ([]byte, error) {
		if string(sealed[5:]) != string(bound) {
			t.Errorf("%q was given as bound to %q", sealed, bound)
		}
		return append([]byte("\x01new1"), bound...), nil
	})
	if found != 6 || err != nil {
		t.Errorf("found %d, %v; want secret and consent of one, consent of two, three of three", found, err)
	}
	c, err := db.Connection(t.Context(), "three")
	if err != nil {
		t.Fatal(err)
	}
	for _, sealed := range [][]byte{c.Consent, c.Access, c.Refresh} {
		if string(sealed[:5]) != "\x01new1" {
			t.Errorf("%q was left", sealed)
		}
	}
	if string(c.Directory[:5]) != "\x01old1" {
		t.Error("what is sealed under the link's key was touched")
	}
}
