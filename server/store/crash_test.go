package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sotto/linking"
	"sotto/server/store"
)

// crashing is set in the process that is to be killed; it names the database.
const crashing = "SOTTO_TEST_CRASHING"

func TestMain(m *testing.M) {
	if url := os.Getenv(crashing); url != "" {
		if err := linkUntilKilled(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1) // only reached when nobody killed it
	}
	os.Exit(m.Run())
}

// linkUntilKilled links, trades codes and rotates, and says each step only when the store has said it is done.
func linkUntilKilled(url string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, url)
	if err != nil {
		return err
	}
	for k := 0; ; k++ {
		id := fmt.Sprintf("%d-%d", os.Getpid(), k)
		i, err := taken(ctx, db, id)
		if err != nil {
			return err
		}
		n := linkOf(i)
		if err := db.Conclude(ctx, i.ID, n); err != nil {
			return err
		}
		fmt.Println("linked", id)
		if k%2 == 1 { // every other code stays
			continue
		}
		x := exchangeOf(n)
		x.Refresh = nil
		if _, err := db.Exchange(ctx, x); err != nil {
			return err
		}
		fmt.Println("exchanged", id)
		if _, _, err := db.Refresh(ctx, rotation(n)); err != nil {
			return err
		}
		fmt.Println("rotated", id)
	}
}

func rotation(n linking.NewLink) linking.Refreshing {
	return linking.Refreshing{Client: n.Client, Grant: n.Grant, Generation: 1, Now: noon, Grace: time.Minute}
}

// TestAKilledProcessLosesNoLinkAndLeavesNothingUsableTwice kills a process (-9) between any two steps. What it said was done is done; no
// code it traded can be traded again. It shows that transactions are whole, not that the disk keeps them through a loss of
// power: for that there is synchronous=FULL.
func TestAKilledProcessLosesNoLinkAndLeavesNothingUsableTwice(t *testing.T) {
	onEach(t, func(t *testing.T, fresh func(testing.TB) string) {
		url := fresh(t)
		openAt(t, url).Close()
		for _, after := range []int{1, 2, 3, 7, 20, 41} {
			done := killAfter(t, url, after)
			db := openAt(t, url)
			for id, steps := range done {
				n := linkOf(waiting(id))
				if _, _, err := db.ByGrant(t.Context(), n.Grant, nil); err != nil {
					t.Errorf("a finished link is lost: %v", err)
				}
				if strings.Contains(steps, "rotated") {
					late := rotation(n)
					late.Now = noon.Add(2 * time.Minute)
					if _, _, err := db.Refresh(t.Context(), late); !errors.Is(err, linking.ErrNone) {
						t.Errorf("a used refresh token is fresh again: %v", err)
					}
				}
				// Of the process that was killed and this one, exactly one traded the code; a step it did not live to tell may be done.
				_, first := db.Exchange(t.Context(), exchangeOf(n))
				_, second := db.Exchange(t.Context(), exchangeOf(n))
				if strings.Contains(steps, "exchanged") && !errors.Is(first, linking.ErrNone) || !errors.Is(second, linking.ErrNone) {
					t.Errorf("a code could be traded twice: %v, %v", first, second)
				}
				if facts, err := db.CodeFacts(t.Context(), n.Code); err != nil || facts.Exchanged.IsZero() {
					t.Errorf("a code was traded by nobody: %+v, %v", facts, err)
				}
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// killAfter starts a process, kills it after it has told this many steps, and gives what it told, by link.
func killAfter(t *testing.T, url string, steps int) map[string]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), crashing+"="+url)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := map[string]string{}
	lines := bufio.NewScanner(out)
	told := 0
	for lines.Scan() {
		step, id, _ := strings.Cut(lines.Text(), " ")
		done[id] += " " + step
		if told++; told == steps {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || told < steps {
		t.Fatalf("the process ended by itself after %d steps: %v", told, err)
	}
	return done
}
