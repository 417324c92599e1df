package banking

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// PanicError is a panic that a reading of a bank ended in: a fault of ours, which counts as a bank that does not answer, so that the other banks are
// heard. It holds the kind of what was panicked with and not its value, which may be something that a bank said.
type PanicError struct {
	Kind  string // a type of Go's
	Stack []byte // of the goroutine

	told sync.Once
}

// Error names the kind.
func (e *PanicError) Error() string { return "a panic of the kind " + e.Kind }

// Unwrap gives ErrUnavailable.
func (e *PanicError) Unwrap() error { return ErrUnavailable }

// Guard calls f, and gives a panic of it as a *PanicError. Whoever starts a goroutine on behalf of a turn calls it there: a panic in it would end the
// process, and with it every turn.
func Guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{Kind: fmt.Sprintf("%T", r), Stack: debug.Stack()}
		}
	}()
	return f()
}

// OnPanic has report told of every panic, once, whoever guarded against it and however many turns shared the reading. It is called before anything is
// asked.
func (c *Connections) OnPanic(report func(*PanicError)) { c.broke = report }

// guard is Guard, and reports.
func (c *Connections) guard(f func() error) error {
	err := Guard(f)
	var broken *PanicError
	if errors.As(err, &broken) && c.broke != nil {
		broken.told.Do(func() { c.broke(broken) })
	}
	return err
}
