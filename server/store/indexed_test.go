package store_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"sotto/server/store"
)

// What is asked at every turn and every refresh finds its rows by an index, so that it costs the same however many links there are. The engine
// itself is asked how it would go about it.
func TestWhatIsAskedAtEveryRequestIsFoundByAnIndex(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sotto.db")
	open(t, "sqlite:"+path)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for name, query := range store.EveryRequest {
		searches := 0
		for _, step := range plan(t, db, query) {
			if strings.HasPrefix(step, "SCAN ") || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s: %s", name, step)
			}
			if strings.HasPrefix(step, "SEARCH ") {
				searches++
			}
		}
		if searches == 0 {
			t.Errorf("%s: nothing is searched", name)
		}
	}
}

// A record of years is read page by page. Each page begins in the index where the last one ended, and not at the first row again.
func TestAPageOfARecordBeginsWhereTheLastOneEnded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sotto.db")
	open(t, "sqlite:"+path)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	steps := plan(t, db, store.NextPage)
	if len(steps) != 1 || !strings.HasPrefix(steps[0], "SEARCH ") || !strings.Contains(steps[0], "(at,id)<(?,?)") {
		t.Errorf("the engine would go about it so: %q", steps)
	}
}

// plan is how the engine would go about a query.
func plan(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "$"))...)
	if err != nil {
		t.Fatalf("%v: %s", err, query)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}
