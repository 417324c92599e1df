package store_test

import (
	"slices"
	"testing"

	"sotto/server/store"
)

// TestWhoIsForgottenIsForgottenOfEarlierVersionsToo: of a chat that an earlier version linked, or links while this one is put in its place, every link
// that is known is given to whoever forgets them.
func TestWhoIsForgottenIsForgottenOfEarlierVersionsToo(t *testing.T) {
	onEachEmpty(t, func(t *testing.T, url string) {
		db, err := store.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		exec := func(query string, args ...any) {
			t.Helper()
			if err := store.Write(db, t.Context(), statement(query, args...)); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.MigrateTo(t.Context(), 12); err != nil { // 13 keeps every link of a chat
			t.Fatal(err)
		}
		for _, link := range []string{"replaced", "of now", "of another", "later"} {
			exec(`INSERT INTO links (id, client, customer, subject, scopes, key, created, ended) VALUES ($1, 'chat', $2, '', 1, $2, 1, 0)`, link, []byte(link))
		}
		exec(`INSERT INTO chats (chat, link_id, previous) VALUES ($1, 'of now', 'replaced')`, []byte("mine"))
		exec(`INSERT INTO chats (chat, link_id, previous) VALUES ($1, 'of another', '')`, []byte("theirs"))
		if err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		exec(`UPDATE chats SET link_id = 'later', previous = 'of now' WHERE chat = $1`, []byte("mine"))
		for chat, want := range map[string][]string{"mine": {"later", "of now", "replaced"}, "theirs": {"of another"}} {
			got, err := db.LinksOfChat(t.Context(), []byte(chat))
			slices.Sort(got)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("the links of %s are %v, %v; want %v", chat, got, err, want)
			}
		}
	})
}
