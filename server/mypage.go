package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"sotto/banking"
	"sotto/linking"
	"sotto/linking/disclosure"
)

// How many entries of the record are shown with each link, and on the page of one link.
const (
	fewEntries  = 5
	manyEntries = 25
)

// said are what the customer's page says first, on being sent there; true where it is a fault.
var said = map[string]bool{
	"signed-out": true, "goodbye": false, "narrowed": false, "nothing-left": true, "stopped": false, "cleared": false,
	"no-bank": true, "nameless": true, "denied": true, "unavailable": true, "not-signed-in": true,
}

// myPage is the customer's page, or the one on which he says at which bank he is known.
type myPage struct {
	frame
	Said  string // a key; may be empty
	Alarm bool
	Banks []bankChoice
	Bank  string // the name of the only bank there is, or of the one where he has signed in; may be empty
	Links []myLink
	One   bool // only one link is shown, with more of its record
	Until string
}

// myLink is one link.
type myLink struct {
	ID, Client string
	Since      string
	Ended      string // empty while it lives
	Used       string // empty where nothing was shared
	Cleared    string // when the record was last erased; empty where it never was
	Banks      []string
	Until      []myUntil
	Relink     string // the banks whose connection is over
	Scopes     []linking.Scope
	Entries    []myEntry
	Older      string // where older entries are; may be empty
}

// myUntil is when a bank's permission ends.
type myUntil struct{ Bank, Day string }

// myEntry is one reply that held facts.
type myEntry struct {
	At    string
	Facts []myFacts
}

// myFacts are the facts of one kind in one reply.
type myFacts struct {
	Kind, Of, Period string
	bank             string // of the account named last
}

func (s *Server) newMyPage(c echo.Context) (*words, myPage) {
	w := s.words(c)
	if locales := c.QueryParam("ui_locales"); locales != "" {
		w = s.keepWords(c, locales)
	}
	shown := myPage{frame: s.frame(w, "my.title")}
	if word := c.QueryParam("say"); word != "" {
		if alarm, known := said[word]; known {
			shown.Said, shown.Alarm = "my.said."+word, alarm
		}
	}
	return w, shown
}

func (s *Server) showSignIn(c echo.Context) error {
	w, shown := s.newMyPage(c)
	offers := s.connections.Banks()
	for _, b := range offers {
		shown.Banks = append(shown.Banks, bankChoice{ID: b.ID, Name: b.Name, Chosen: len(offers) == 1})
		if len(offers) == 1 {
			shown.Bank = b.Name
		}
	}
	return s.show(c, http.StatusOK, "signin", w, shown)
}

// showMy shows all links with the newest of their record, or one link with more of it.
func (s *Server) showMy(ctx context.Context, c echo.Context, who linking.Customer) error {
	w, shown := s.newMyPage(c)
	shown.Bank, shown.Until = s.bankName(who.Bank), w.clock(who.Until.In(s.zone(who.Bank)))
	n, place := fewEntries, ""
	var own []linking.Own
	var err error
	if id := c.QueryParam("link"); id != "" {
		shown.One, n, place = true, manyEntries, c.QueryParam("after")
		var one linking.Own
		one, err = s.authority.Own(ctx, who, id)
		own = []linking.Own{one}
	} else {
		own, err = s.authority.Links(ctx, who)
	}
	if err != nil {
		return err
	}
	for _, o := range own {
		link, err := s.myLink(ctx, w, who, o, place, n)
		if err != nil {
			return err
		}
		shown.Links = append(shown.Links, link)
	}
	return s.show(c, http.StatusOK, "my", w, shown)
}

func (s *Server) myLink(ctx context.Context, w *words, who linking.Customer, o linking.Own, place string, n int) (myLink, error) {
	zone := s.zone(who.Bank)
	shown := myLink{ID: o.ID, Client: s.clientName(ctx, o.Client), Since: w.day(o.Created.In(zone)), Scopes: o.Scopes}
	if !o.Ended.IsZero() {
		shown.Ended = w.day(o.Ended.In(zone))
	}
	if !o.Cleared.IsZero() {
		shown.Cleared = w.moment(o.Cleared.In(zone))
	}
	var over []string
	for _, b := range o.Banks {
		if !b.Until.IsZero() {
			shown.Until = append(shown.Until, myUntil{b.Name, w.day(b.Until.In(s.zone(b.Bank)))})
		}
		if !slices.Contains(shown.Banks, b.Name) {
			shown.Banks = append(shown.Banks, b.Name)
		}
		if b.Relink {
			over = append(over, b.Name)
		}
	}
	shown.Relink = strings.Join(over, ", ")
	entries, end, err := s.record.Page(ctx, disclosure.Holder{Link: o.ID, Key: o.Key()}, place, n)
	if err != nil {
		return shown, err
	}
	for _, e := range entries {
		shown.Entries = append(shown.Entries, myEntry{At: w.moment(e.At.In(zone)), Facts: w.facts(e.Facts)})
	}
	if len(entries) > 0 && place == "" {
		shown.Used = w.moment(entries[0].At.In(zone))
	}
	if end != "" {
		shown.Older = myPath + "?" + url.Values{"link": {o.ID}, "after": {end}}.Encode()
	}
	return shown, nil
}

// surePage asks once more before something is erased.
type surePage struct {
	frame
	Link     string
	Decision string // what to do: "erase" the link, or "wipe" its record
	Living   bool
}

func (s *Server) showSure(ctx context.Context, c echo.Context, o linking.Own, decision string) error {
	w, name := s.words(c), s.clientName(ctx, o.Client)
	shown := surePage{frame: s.frame(w, "my."+decision+".heading", "client", name), Link: o.ID, Decision: decision, Living: o.Ended.IsZero()}
	shown.Client = name
	return s.show(c, http.StatusOK, "sure", w, shown)
}

// receiptPage is what is left of a link.
type receiptPage struct {
	frame
	Made    string
	Banks   string // how many consents were to be ended
	Left    string // how many still are
	Pending bool
	Address string // at which it can be read by whoever knows it; empty on that page itself
}

func (s *Server) showReceipt(c echo.Context, r linking.Receipt, zone *time.Location, address string) error {
	w := s.words(c)
	return s.show(c, http.StatusOK, "receipt", w, receiptPage{
		frame: s.frame(w, "my.receipt.heading"), Made: w.moment(r.Made.In(zone)), Banks: strconv.Itoa(r.Banks), Left: strconv.Itoa(r.Left),
		Pending: r.Left > 0, Address: address,
	})
}

// receiptMy shows the receipt of a link that its customer has just erased.
func (s *Server) receiptMy(c echo.Context) error {
	ctx, st, done := s.beginStep(c, "my-receipt", tokenBudget)
	defer done()
	who, err := s.customer(ctx, c)
	if err != nil {
		return s.myFault(c, st, err)
	}
	r, err := s.authority.ReceiptOf(ctx, c.Param("link"))
	if err == nil {
		err = s.showReceipt(c, r, s.zone(who.Bank), s.cfg.PublicURL+forgottenPath+r.Code)
	}
	return s.myFault(c, st, err)
}

// forgotten says how far an erasure has come: of a link, or of a chat that Meta was asked to delete. Its code says nothing of who asked for it.
func (s *Server) forgotten(c echo.Context) error {
	ctx, st, done := s.beginStep(c, "forgotten", tokenBudget)
	defer done()
	r, err := s.authority.Receipt(ctx, c.Param("code"))
	if errors.Is(err, linking.ErrNotLinked) && s.messenger != nil {
		return s.messenger.forgotten(c)
	}
	if err == nil {
		err = s.showReceipt(c, r, time.UTC, "")
	}
	return s.myFault(c, st, err)
}

// bankName is a bank's name as it is shown; the id where the settings have it no more.
func (s *Server) bankName(id banking.BankID) string {
	for _, b := range s.connections.Banks() {
		if b.ID == id {
			return b.Name
		}
	}
	return string(id)
}

// clientName is an assistant as it is shown; its id where it is not known any more.
func (s *Server) clientName(ctx context.Context, id string) string {
	if name := s.authority.ClientName(ctx, id); name != "" {
		return name
	}
	return id
}

// zone is where a bank's days begin and end.
func (s *Server) zone(id banking.BankID) *time.Location {
	if z := s.zones[id]; z != nil {
		return z
	}
	return time.UTC
}
