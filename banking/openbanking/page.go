package openbanking

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/banking"
)

// maxValue bounds one value of an answer: a row, a link, anything skipped. It is what bounds memory and, with it, depth.
const maxValue = 512 << 10

// errBroken means that a body ended before its sender had said it all.
var errBroken = fmt.Errorf("%w: the answer broke off", banking.ErrUnavailable)

// tail is what an answer says about itself.
type tail struct {
	Next        string
	First, Last string
}

// meter bounds what a decoder reads, and keeps apart what went wrong on the way from what is wrong with the bytes.
type meter struct {
	body    io.Reader
	decoder *jsontext.Decoder
	read    int64
	left    *int64 // shared by all pages of a reading
	err     error
}

func (m *meter) Read(p []byte) (int, error) {
	if m.read-m.decoder.InputOffset() > maxValue || *m.left <= 0 {
		m.err = fmt.Errorf("%w: answer", banking.ErrTooMuch)
		return 0, m.err
	}
	if int64(len(p)) > *m.left {
		p = p[:*m.left]
	}
	n, err := m.body.Read(p)
	m.read += int64(n)
	*m.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		m.err = errBroken
		return n, m.err
	}
	return n, err
}

// errShape is everything a decoder can find wrong. What it found would quote the bank.
var errShape = fmt.Errorf("%w: not what its standard says", banking.ErrGarbled)

// pageReader decodes answers one value at a time, so that memory does not grow with their length. Its buffer serves one page after the
// other. It refuses duplicate names, invalid UTF-8 and anything after the end.
type pageReader struct {
	decoder jsontext.Decoder
	meter   meter
}

// read decodes {"Data": {list: [...]}, "Links": ..., "Meta": ...}, and calls each where an element of the list begins; each must decode exactly
// that. Its error is returned as it is.
func (p *pageReader) read(body io.Reader, left *int64, list string, each func(*jsontext.Decoder) error) (tail, error) {
	p.meter = meter{body: body, decoder: &p.decoder, left: left}
	p.decoder.Reset(&p.meter)
	w := walk{d: &p.decoder}
	data := false
	var out tail
	w.object(func(name string) {
		switch name {
		case "Data":
			data = true
			w.object(func(name string) {
				if name != list {
					w.skip()
					return
				}
				w.array(func() {
					if err := each(w.d); err != nil {
						w.own = err
					}
				})
			})
		case "Links":
			var links struct {
				Next string `json:"Next"`
			}
			w.value(&links)
			out.Next = links.Next
		case "Meta":
			var meta struct {
				First string `json:"FirstAvailableDateTime"`
				Last  string `json:"LastAvailableDateTime"`
			}
			w.value(&meta)
			out.First, out.Last = meta.First, meta.Last
		default:
			w.skip()
		}
	})
	if w.own == nil && w.err == nil {
		if _, err := p.decoder.ReadToken(); !errors.Is(err, io.EOF) {
			w.err = errShape
		}
	}
	switch {
	case p.meter.err != nil:
		return tail{}, p.meter.err
	case w.own != nil:
		return tail{}, w.own
	case w.err != nil, !data:
		return tail{}, errShape
	}
	return out, nil // an absent list is an empty one: the schema demands it of balances alone, and there absence is met later
}

// walk goes through a document and stops at the first thing that is wrong: err with the bytes, own with what is made of them.
type walk struct {
	d        *jsontext.Decoder
	err, own error
}

func (w *walk) bad() bool { return w.err != nil || w.own != nil }

func (w *walk) token(kind jsontext.Kind) bool {
	if w.bad() {
		return false
	}
	t, err := w.d.ReadToken()
	if err != nil || t.Kind() != kind {
		w.err = errShape
		return false
	}
	return true
}

func (w *walk) object(member func(name string)) {
	if !w.token('{') {
		return
	}
	for !w.bad() && w.d.PeekKind() != '}' {
		name, err := w.d.ReadToken()
		if err != nil || name.Kind() != '"' {
			w.err = errShape
			return
		}
		member(name.String())
	}
	w.token('}')
}

func (w *walk) array(element func()) {
	if !w.token('[') {
		return
	}
	for !w.bad() && w.d.PeekKind() != ']' {
		if w.d.PeekKind() == 0 { // nothing can be read any more
			w.err = errShape
			return
		}
		element()
	}
	w.token(']')
}

func (w *walk) skip() {
	if !w.bad() && w.d.SkipValue() != nil {
		w.err = errShape
	}
}

func (w *walk) value(into any) {
	if !w.bad() && json.UnmarshalDecode(w.d, into) != nil {
		w.err = errShape
	}
}
