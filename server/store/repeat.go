package store

import (
	"context"
	"crypto/rand"
	"time"
)

// attempts is how often something is tried that the engine could not serialize with others.
const attempts = 10

// step is the first pause between two attempts; each is twice the one before, up to longest.
const (
	step    = 2 * time.Millisecond
	longest = 250 * time.Millisecond
)

// repeat runs f, and runs it anew while again says that this may help: a few times, after growing pauses of random length, so that those
// who hindered each other do not meet again, and not beyond the end of ctx.
func repeat(ctx context.Context, again func(error) bool, f func() error) error {
	pause := step
	for try := 1; ; try++ {
		err := f()
		if err == nil || try == attempts || !again(err) {
			return err
		}
		var chance [1]byte
		_, _ = rand.Read(chance[:]) // never fails
		wait := time.NewTimer(pause/2 + pause*time.Duration(chance[0])/256)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		}
		pause = min(2*pause, longest)
	}
}
