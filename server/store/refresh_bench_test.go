package store_test

import (
	"database/sql"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"sotto/linking"
	"sotto/tests/database"
)

// BenchmarkRefreshOnPostgreSQL measures what a refresh costs in the store, beside the bare statement that finds the grant by its token, sent through the
// same driver from as many goroutines over as many connections. "refresh" is of a stable token, and "rotating" of one that is replaced, each time another
// generation: that is written, and flushed to disk.
func BenchmarkRefreshOnPostgreSQL(b *testing.B) {
	url := database.PostgreSQL(b)
	db := open(b, url)
	i, err := taken(b.Context(), db, "1")
	if err != nil {
		b.Fatal(err)
	}
	n := linkOf(i)
	if err := db.Conclude(b.Context(), i.ID, n); err != nil {
		b.Fatal(err)
	}
	x := exchangeOf(n)
	if _, err := db.Exchange(b.Context(), x); err != nil {
		b.Fatal(err)
	}
	bare, err := sql.Open("pgx", url)
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	bare.SetMaxOpenConns(10)
	bare.SetMaxIdleConns(10)
	var generation atomic.Int64
	for _, side := range []struct {
		name string
		run  func() error
	}{
		{"bare", func() error {
			var grant string
			return bare.QueryRowContext(b.Context(), `SELECT g.id FROM grants g JOIN links l ON l.id = g.link_id
				WHERE g.refresh = $1 AND g.client = $2 AND g.ended = 0`, x.Refresh, n.Client).Scan(&grant)
		}},
		{"refresh", func() error {
			_, _, err := db.Refresh(b.Context(), linking.Refreshing{Client: n.Client, Hash: x.Refresh, Now: noon, Grace: time.Minute})
			return err
		}},
		{"rotating", func() error {
			_, _, err := db.Refresh(b.Context(), linking.Refreshing{
				Client: n.Client, Grant: n.Grant, Generation: generation.Add(1), Now: noon, Grace: time.Minute,
			})
			return err
		}},
	} {
		b.Run(side.name, func(b *testing.B) {
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := side.run(); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
