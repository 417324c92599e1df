package tests

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sotto/server/dev"
	"sotto/tests/database"
	"sotto/tests/postgres"
)

// BenchmarkAmongAMillion measures what a request with an access token costs where a million are live, beside a house with a thousand. Each token has a
// grant and a link of its own, is opaque, so that there is a row for it too, and 4,096 of them, spread evenly, are sent in turn to /oauth/userinfo. On
// PostgreSQL the CPU of its processes is counted too.
func BenchmarkAmongAMillion(b *testing.B) {
	b.Run("SQLite", func(b *testing.B) {
		amongAMillion(b, func() (string, *sql.DB) {
			path := filepath.Join(b.TempDir(), "sotto.db")
			return "sqlite:" + path, opened(b, "sqlite", "file:"+path+"?_pragma=busy_timeout(60000)&_pragma=synchronous(OFF)&_pragma=cache_size(-200000)")
		})
	})
	b.Run("PostgreSQL", func(b *testing.B) {
		amongAMillion(b, func() (string, *sql.DB) {
			url := database.PostgreSQL(b)
			return url, opened(b, "pgx", url)
		}, postgres.Processes)
	})
}

// amongAMillion measures on one engine, of which fresh makes a database and opens it to be filled.
func amongAMillion(b *testing.B, fresh func() (database string, fill *sql.DB), beside ...func(testing.TB) []int) {
	const rounds, n = 31, 4096
	for b.Loop() {
		few, many := crowd(b, fresh, 1_000), crowd(b, fresh, 1_000_000)
		medians := costs(b, rounds, n, map[string]measured{"few": few, "many": many}, beside...)
		b.ReportMetric(float64(medians["few"])/1e3, "thousand-µs")
		b.ReportMetric(float64(medians["many"])/1e3, "million-µs")
		b.ReportMetric(float64(medians["many"])/float64(medians["few"]), "ratio")
		few.child.stop()
		many.child.stop()
	}
}

func opened(tb testing.TB, driver, url string) *sql.DB {
	tb.Helper()
	db, err := sql.Open(driver, url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

// crowd is a house with n live links, and some of their tokens being shown to it.
func crowd(tb testing.TB, fresh func() (string, *sql.DB), n int) measured {
	tb.Helper()
	database, db := fresh()
	house := newHouseChild(tb, "counter", "SOTTO_TEST_DATABASE="+database)
	file, err := dev.ReadFile(house.said["state"])
	if err != nil {
		tb.Fatal(err)
	}
	chance, after := "randomblob(32)", []string{"PRAGMA wal_checkpoint(TRUNCATE)"} // what is still to be written is not what is measured
	if strings.HasPrefix(database, "postgres:") {
		chance, after = "sha256(convert_to(CAST(i AS TEXT), 'UTF8'))", []string{"VACUUM ANALYZE", "CHECKPOINT"}
	}
	now := time.Now().UnixMilli()

	count := fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)`, n-1)
	for _, fill := range []string{
		`INSERT INTO links (id, client, customer, subject, scopes, key, created, ended) ` + count +
			` SELECT 'link-' || i, '%[1]s', ` + chance + `, 'subject-' || i, 1, ` + chance + `, %[2]d, 0 FROM n`,
		`INSERT INTO grants (id, link_id, client, resource, code, code_expires, redirect_uri, challenge, exchanged, floor, ended) ` + count +
			` SELECT 'grant-' || i, 'link-' || i, '%[1]s', '', ` + chance + `, 0, '', '', %[2]d, 0, 0 FROM n`,
		`INSERT INTO access_tokens (hash, grant_id, scopes, issued, expires, revoked) ` + count +
			` SELECT ` + chance + `, 'grant-' || i, 1, %[2]d, %[2]d + 3600000, 0 FROM n`,
	} {
		fill = strings.NewReplacer("%[1]s", file.Clients["google"].ID, "%[2]d", fmt.Sprint(now)).Replace(fill)
		if _, err := db.ExecContext(tb.Context(), fill); err != nil {
			tb.Fatalf("%v: %s", err, fill)
		}
	}
	requests := make([]*http.Request, min(n, 4096))
	for i := range requests {
		token := "sa_" + (rand.Text() + rand.Text())[:43]
		sum := sha256.Sum256([]byte(token))
		if _, err := db.ExecContext(tb.Context(), `UPDATE access_tokens SET hash = $1 WHERE grant_id = $2`, sum[:], fmt.Sprintf("grant-%d", i*n/len(requests))); err != nil {
			tb.Fatal(err)
		}
		if requests[i], err = http.NewRequestWithContext(tb.Context(), http.MethodGet, house.said["url"]+"/oauth/userinfo", nil); err != nil {
			tb.Fatal(err)
		}
		requests[i].Header.Set("Authorization", "Bearer "+token)
	}
	for _, settle := range after {
		if _, err := db.ExecContext(tb.Context(), settle); err != nil {
			tb.Fatalf("%v: %s", err, settle)
		}
	}
	talks := make([]talk, connections)
	wire := onTheWire(tb, requests)
	for i := range talks { // each begins elsewhere
		at := i * len(wire) / len(talks)
		talks[i] = repeating(slices.Concat(wire[at:], wire[:at]))
	}
	return measured{house, host(house), always(talks)}
}
