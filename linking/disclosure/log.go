package disclosure

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"
)

// maxListed bounds how many entries are opened at once.
const maxListed = 1000

// sweepStep is how many rows a sweep deletes in one go, so that no turn waits long for it.
const sweepStep = 500

// idSize is how many bytes an id has, before it is written in hexadecimal digits.
const idSize = 16

// ErrNoKey means a holder without a link or a key: nothing could be read later.
var ErrNoKey = errors.New("no key to record under")

// Row is an entry as it is kept: sealed under the link's key, with link and id as associated data.
type Row struct {
	ID     string // 32 hexadecimal digits that begin with the time
	Link   string
	At     time.Time // milliseconds are kept
	Sealed []byte
}

// Store keeps rows. Whatever has returned nil survives a crash.
type Store interface {
	// AppendDisclosure keeps r. A link that is not there, or an id that is, is an error, and nothing is kept.
	AppendDisclosure(ctx context.Context, r Row) error
	// Disclosures gives the newest rows of a link first (by At, then by ID), at most n, and how many it has in all.
	Disclosures(ctx context.Context, link string, n int) ([]Row, int, error)
	// DisclosuresBefore gives the newest rows of a link among those that come after a row of this At and ID in the order of Disclosures, at
	// most n; an empty id is before all. What comes before them costs nothing.
	DisclosuresBefore(ctx context.Context, link string, at time.Time, id string, n int) ([]Row, error)
	// DropDisclosures deletes at most n rows that were made before t, and says how many.
	DropDisclosures(ctx context.Context, before time.Time, n int) (int, error)
}

// Log is the Record, kept in a Store. It is safe for concurrent use.
type Log struct {
	store  Store
	now    func() time.Time
	random io.Reader
}

var _ Record = (*Log)(nil)

// NewLog makes a log. The clock stamps entries, random (cryptographic) makes their ids.
func NewLog(store Store, now func() time.Time, random io.Reader) *Log {
	return &Log{store: store, now: now, random: random}
}

// Append seals e under the holder's key and returns when it is on disk. The time recorded is the log's own.
func (l *Log) Append(ctx context.Context, h Holder, e Entry) error {
	if h.Key == nil || h.Link == "" {
		return ErrNoKey
	}
	e.At = l.now().UTC().Truncate(time.Millisecond)
	id, err := l.id(e.At)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("write entry: %w", err)
	}
	sealed, err := h.Key.Encrypt(plain, bound(h.Link, id))
	if err != nil {
		return fmt.Errorf("seal entry: %w", err)
	}
	if err := l.store.AppendDisclosure(ctx, Row{ID: id, Link: h.Link, At: e.At, Sealed: sealed}); err != nil {
		return fmt.Errorf("append entry: %w", err)
	}
	return nil
}

// List gives the newest entries first, at most n, and how many there are in all. An entry that the holder's key does not open is an
// error: none is passed over in silence.
func (l *Log) List(ctx context.Context, h Holder, n int) ([]Entry, int, error) {
	if h.Key == nil || h.Link == "" {
		return nil, 0, ErrNoKey
	}
	rows, total, err := l.store.Disclosures(ctx, h.Link, min(max(n, 0), maxListed))
	if err != nil {
		return nil, 0, fmt.Errorf("list entries: %w", err)
	}
	entries, err := opened(h, rows)
	return entries, total, err
}

// Page gives at most n entries, the newest first, that come after the place that an earlier page ended at; an empty place is before all. It
// also gives the place at which it ends, empty where there is nothing after it.
func (l *Log) Page(ctx context.Context, h Holder, place string, n int) ([]Entry, string, error) {
	if h.Key == nil || h.Link == "" {
		return nil, "", ErrNoKey
	}
	var at time.Time
	if place != "" {
		var ok bool
		if at, ok = madeAt(place); !ok {
			return nil, "", nil
		}
	}
	n = min(max(n, 1), maxListed)
	rows, err := l.store.DisclosuresBefore(ctx, h.Link, at, place, n+1)
	if err != nil {
		return nil, "", fmt.Errorf("list entries: %w", err)
	}
	end := ""
	if len(rows) > n {
		rows = rows[:n]
		end = rows[n-1].ID
	}
	entries, err := opened(h, rows)
	return entries, end, err
}

func opened(h Holder, rows []Row) ([]Entry, error) {
	entries := make([]Entry, len(rows))
	for i, r := range rows {
		plain, err := h.Key.Decrypt(r.Sealed, bound(h.Link, r.ID))
		if err != nil {
			return nil, fmt.Errorf("open entry: %w", err)
		}
		if err := json.Unmarshal(plain, &entries[i]); err != nil {
			return nil, errors.New("read entry: not as it was written")
		}
	}
	return entries, nil
}

// Sweep deletes the entries that are older than the retention, a few at a time, and says how many.
func (l *Log) Sweep(ctx context.Context, retention time.Duration) (int, error) {
	before := l.now().Add(-retention)
	for swept := 0; ; {
		n, err := l.store.DropDisclosures(ctx, before, sweepStep)
		swept += n
		if err != nil {
			return swept, fmt.Errorf("sweep entries: %w", err)
		}
		if n < sweepStep {
			return swept, nil
		}
	}
}

// id makes an id that sorts by time, to the millisecond.
func (l *Log) id(at time.Time) (string, error) {
	var b [idSize]byte
	if _, err := io.ReadFull(l.random, b[6:]); err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	ms := at.UnixMilli()
	for i := 5; i >= 0; i-- {
		b[i] = byte(ms)
		ms >>= 8
	}
	return hex.EncodeToString(b[:]), nil
}

// madeAt is the time with which an id begins; false where it is none.
func madeAt(id string) (time.Time, bool) {
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) != idSize {
		return time.Time{}, false
	}
	ms := int64(0)
	for _, b := range raw[:6] {
		ms = ms<<8 | int64(b)
	}
	return time.UnixMilli(ms).UTC(), true
}

// bound is the associated data: a row moved to another link, or exchanged for another, does not open.
func bound(link, id string) []byte { return []byte("disclosure|" + link + "|" + id) }
