package store_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"sotto/linking"
	"sotto/linking/disclosure"
	"sotto/server/store"
)

// BenchmarkAppendDisclosure is the write of every turn that says a fact, 32 turns at a time, flushed to disk.
func BenchmarkAppendDisclosure(b *testing.B) {
	db, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "sotto.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	i := linking.Interaction{ID: "i", Browser: []byte("b"), Link: "link", Key: []byte("key"), Customer: []byte("c"), Expires: now.Add(time.Hour)}
	if err := db.AddInteraction(b.Context(), i); err != nil {
		b.Fatal(err)
	}
	if err := db.Await(b.Context(), i.ID, i.Tries, []byte("state")); err != nil {
		b.Fatal(err)
	}
	if _, err := db.Take(b.Context(), []byte("state"), i.Browser, now); err != nil {
		b.Fatal(err)
	}
	link := linking.NewLink{ID: i.Link, Customer: i.Customer, Key: i.Key, Created: now, Grant: "g", Code: []byte("code"), CodeExpires: now.Add(time.Minute)}
	if err := db.Conclude(b.Context(), i.ID, link); err != nil {
		b.Fatal(err)
	}
	var n atomic.Int64
	sealed := make([]byte, 250)
	b.SetParallelism(16)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := disclosure.Row{ID: fmt.Sprintf("%032x", n.Add(1)), Link: "link", At: now, Sealed: sealed}
			if err := db.AppendDisclosure(b.Context(), r); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
