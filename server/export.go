package server

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"sotto/linking"
	"sotto/linking/disclosure"
)

// exported is a link in an export, without its record.
type exported struct {
	ID        string          `json:"id"`
	Assistant string          `json:"assistant"`
	Scopes    []linking.Scope `json:"scopes"`
	Since     time.Time       `json:"since"`
	Ended     *time.Time      `json:"ended,omitzero"`
	Cleared   *time.Time      `json:"cleared,omitzero"` // when the record was last erased
	Banks     []exportedBank  `json:"banks"`
}

type exportedBank struct {
	ID    string     `json:"id"`
	Name  string     `json:"name"`
	Since time.Time  `json:"since"`
	Until *time.Time `json:"until,omitzero"` // when the bank's permission ends
}

// exportPage is how many entries of the record are in memory at a time.
const exportPage = 500

// exportMy gives all that is kept of a customer, as JSON: his links, and the record of what was shared. What cannot be read to its end is broken off,
// so that nobody takes a part for the whole.
func (s *Server) exportMy(c echo.Context) error {
	ctx, st, done := s.beginStep(c, "my-export", pageBudget)
	defer done()
	who, err := s.customer(ctx, c)
	var own []linking.Own
	if err == nil {
		own, err = s.authority.Links(ctx, who)
	}
	if err != nil {
		return s.myFault(c, st, err)
	}
	h := c.Response().Header()
	h["Content-Type"] = jsonUTF8
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", `attachment; filename="`+"sotto-export.json"+`"`)
	c.Response().WriteHeader(http.StatusOK)
	if err := s.export(ctx, jsontext.NewEncoder(c.Response(), jsontext.WithIndent("  ")), who, own); err != nil {
		st.line.Outcome, st.line.Reason, st.line.Fault = "server_error", fault(err), true
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (s *Server) export(ctx context.Context, e *jsontext.Encoder, who linking.Customer, own []linking.Own) error {
	w := writer{e: e}
	w.token(jsontext.BeginObject)
	w.value(jsontext.String("customer"), who.ID)
	w.value(jsontext.String("bank"), who.Bank)
	w.value(jsontext.String("exported"), s.now().Truncate(time.Second))
	w.token(jsontext.String("links"), jsontext.BeginArray)
	for _, o := range own {
		w.token(jsontext.BeginObject)
		w.value(jsontext.String("link"), s.exported(ctx, o))
		w.token(jsontext.String("shared"), jsontext.BeginArray)
		for place, more := "", true; more && w.err == nil; more = place != "" {
			var entries []disclosure.Entry
			if entries, place, w.err = s.record.Page(ctx, disclosure.Holder{Link: o.ID, Key: o.Key()}, place, exportPage); w.err != nil {
				break
			}
			for _, entry := range entries {
				w.any(entry)
			}
		}
		w.token(jsontext.EndArray, jsontext.EndObject)
	}
	w.token(jsontext.EndArray, jsontext.EndObject)
	return w.err
}

func (s *Server) exported(ctx context.Context, o linking.Own) exported {
	x := exported{ID: o.ID, Assistant: s.clientName(ctx, o.Client), Scopes: o.Scopes, Since: o.Created, Banks: []exportedBank{}}
	if !o.Ended.IsZero() {
		x.Ended = &o.Ended
	}
	if !o.Cleared.IsZero() {
		x.Cleared = &o.Cleared
	}
	for _, b := range o.Banks {
		bank := exportedBank{ID: string(b.Bank), Name: b.Name, Since: b.Since}
		if !b.Until.IsZero() {
			bank.Until = &b.Until
		}
		x.Banks = append(x.Banks, bank)
	}
	return x
}

// writer writes JSON until the first error.
type writer struct {
	e   *jsontext.Encoder
	err error
}

func (w *writer) token(tokens ...jsontext.Token) {
	for _, t := range tokens {
		if w.err == nil {
			w.err = w.e.WriteToken(t)
		}
	}
}

func (w *writer) any(v any) {
	if w.err == nil {
		w.err = json.MarshalEncode(w.e, v)
	}
}

func (w *writer) value(name jsontext.Token, v any) {
	w.token(name)
	w.any(v)
}
