package mockbank

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ErrState is the error of New for a state file that cannot be understood, and
// of requests when the state can no longer be written.
var ErrState = errors.New("mock bank state")

// record is one line of the journal: the whole of one thing as it now is.
type record struct {
	Kind  string         `json:"kind"`
	ID    string         `json:"id"`
	Value jsontext.Value `json:"value"`
}

// journal is an append-only file of records. A line counts once it is synced; a
// torn last line, left by a kill in the middle of a write, is dropped when the
// file is read again.
type journal struct {
	path  string
	file  *os.File
	lines int
}

// maxJournal bounds what is read at the start.
const maxJournal = 256 << 20

// readJournal gives every whole record of the file at path, oldest first. A
// file that does not exist is an empty journal.
func readJournal(path string, each func(record) error) error {
	f, err := os.Open(path) //nolint:gosec // G304: the path is the operator's own setting
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: open: %w", ErrState, err)
	}
	defer func() { _ = f.Close() }()
	all, err := io.ReadAll(io.LimitReader(f, maxJournal+1))
	if err != nil {
		return fmt.Errorf("%w: read: %w", ErrState, err)
	}
	if len(all) > maxJournal {
		return fmt.Errorf("%w: larger than %d bytes", ErrState, maxJournal)
	}
	for n := 1; ; n++ {
		line, rest, whole := bytes.Cut(all, []byte("\n"))
		if !whole {
			return nil // nothing, or a torn line that nobody was answered for
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrState, n, err)
		}
		if err := each(r); err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrState, n, err)
		}
		all = rest
	}
}

// rewriteJournal replaces the file at path by records, atomically, and opens it
// for appending.
func rewriteJournal(path string, records []record) (*journal, error) {
	var buf bytes.Buffer
	if err := encodeRecords(&buf, records); err != nil {
		return nil, err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".mockbank-*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(buf.Bytes())
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: rewrite: %w", ErrState, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0o600) //nolint:gosec // G304: the path is the operator's own setting
	if err != nil {
		return nil, fmt.Errorf("%w: open: %w", ErrState, err)
	}
	return &journal{path: path, file: f, lines: len(records)}, nil
}

// append writes records as one write and returns once they are on disk.
func (j *journal) append(records []record) error {
	var buf bytes.Buffer
	if err := encodeRecords(&buf, records); err != nil {
		return err
	}
	if _, err := j.file.Write(buf.Bytes()); err != nil {
		return fmt.Errorf("%w: write: %w", ErrState, err)
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("%w: sync: %w", ErrState, err)
	}
	j.lines += len(records)
	return nil
}

func (j *journal) close() error { return j.file.Close() }

func encodeRecords(buf *bytes.Buffer, records []record) error {
	for _, r := range records {
		line, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("%w: encode: %w", ErrState, err)
		}
		buf.Write(line)
		buf.WriteByte('\n')
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // G304: the directory of the operator's own setting
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
