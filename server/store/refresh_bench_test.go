package store_test

import (
	"database/sql"
	"strconv"
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
	const links = 32 // as many as ask at once: the refresh tokens of one are replaced one after another
	families := make(chan linking.Refreshing, links)
	var n linking.NewLink
	var x linking.Exchange
	for link := range links {
		i, err := taken(b.Context(), db, strconv.Itoa(link))
		if err != nil {
			b.Fatal(err)
		}
		n = linkOf(i)
		if err := db.Conclude(b.Context(), i.ID, n); err != nil {
			b.Fatal(err)
		}
		x = exchangeOf(n)
		if _, err := db.Exchange(b.Context(), x); err != nil {
			b.Fatal(err)
		}
		families <- linking.Refreshing{Client: n.Client, Grant: n.Grant, Now: noon, Grace: time.Minute}
	}
	bare, err := sql.Open("pgx", url)
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	bare.SetMaxOpenConns(10)
	bare.SetMaxIdleConns(10)
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
			r := <-families
			r.Generation++
			_, _, err := db.Refresh(b.Context(), r)
			families <- r
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
