package server

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"
	"github.com/tink-crypto/tink-go/v2/tink"
	"go.uber.org/zap"

	"sotto/linking"
	"sotto/skills/messenger"
	"sotto/skills/messenger/outbox"
)

const (
	messengerPath = "/messenger"
	deletionPath  = "/messenger/deletion"
	forgottenPath = "/forgotten/"
	// window is how long after a customer has said something Meta lets a Page answer.
	window = 24 * time.Hour
	// recognised is how long a delivery is known again. Meta repeats one for hours.
	recognised = 7 * 24 * time.Hour
	// told is how long the page of a deletion says what became of it.
	told = 400 * 24 * time.Hour
	// deletionCode is what the code of that page is made of, in bytes.
	deletionCode = 16
)

// openMessenger opens Messenger where the settings say of which Page. A chat is linked in the name of the first client of Messenger's.
func (s *Server) openMessenger(clients []linking.Client, pairwise []byte) error {
	c := s.cfg.messenger()
	if c.PageID == "" {
		return nil
	}
	i := slices.IndexFunc(clients, func(c linking.Client) bool { return c.Platform == linking.Messenger })
	if i < 0 {
		return fmt.Errorf("%w: SOTTO_CLIENTS has no client of the platform messenger; say its id, name, platform and scopes", ErrSettings)
	}
	p, err := messenger.New(c)
	if err != nil {
		return fmt.Errorf("%w: SOTTO_MESSENGER_…: %w", ErrSettings, err)
	}
	m := &facebookPage{Server: s, platform: p, outbox: s.db, house: s.keys.House(), client: clients[i].ID, locale: s.firstLocale()}
	if m.names, err = hkdf.Key(sha256.New, pairwise, nil, "sotto messenger", sha256.Size); err != nil {
		return fmt.Errorf("make the key of chats' names: %w", err)
	}
	if _, err = s.typed(); err != nil {
		return err
	}
	m.worker = outbox.NewWorker(m.outbox, s.now, m.answerOwed, func(err error) {
		if !errors.Is(err, outbox.ErrLost) {
			s.log.Warn("not answered yet", zap.String("platform", string(linking.Messenger)), zap.String("fault", fault(err)))
		}
	})
	s.messenger = m
	s.loops = append(s.loops, m.worker.Run)
	return nil
}

// facebookPage is the Page on Facebook whose Messenger this house answers.
type facebookPage struct {
	*Server
	platform *messenger.Platform
	outbox   outbox.Store
	house    tink.AEAD // seals what is in the outbox
	worker   *outbox.Worker
	client   string // id
	locale   string
	names    []byte // key of the names under which chats and deletions are kept
}

func (m *facebookPage) mount(e *echo.Echo) {
	e.GET(messengerPath, m.subscribe)
	e.POST(messengerPath, m.receive)
	e.GET(messenger.LinkPath, m.link)
	e.POST(deletionPath, m.deletion)
}

// name makes what a chat or a deletion is called at rest.
func (m *facebookPage) name(parts ...string) []byte {
	mac := hmac.New(sha256.New, m.names)
	for _, p := range parts {
		fmt.Fprintf(mac, "%d:%s", len(p), p)
	}
	return mac.Sum(nil)
}

func (m *facebookPage) chatName(person string) string {
	return base64.RawURLEncoding.EncodeToString(m.name("chat", person))
}

func (m *facebookPage) door() door {
	return door{path: messengerPath, name: linking.Messenger, limit: messenger.MaxBody}
}

// subscribe answers Meta's question whether this is the endpoint.
func (m *facebookPage) subscribe(c echo.Context) error {
	begun := m.wall()
	challenge, err := m.platform.Subscribe(c.QueryParams())
	if err != nil {
		return m.refuseTurn(c, m.door(), err, begun)
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.String(http.StatusOK, challenge)
}

// receive takes a delivery: proven, read, and on disk when Meta is told that it was received. Only then is anybody asked anything.
func (m *facebookPage) receive(c echo.Context) error {
	begun := m.wall()
	r := c.Request()
	body, err := readBody(r, messenger.MaxBody)
	if err != nil {
		return m.refuseTurn(c, m.door(), err, begun)
	}
	if err := m.platform.Verify(r.Header, body); err != nil {
		return m.refuseTurn(c, m.door(), err, begun)
	}
	events, unread, err := m.platform.Decode(body)
	if err != nil {
		return m.refuseTurn(c, m.door(), err, begun)
	}
	if err := m.owe(r.Context(), events); err != nil {
		return err // Meta delivers it again
	}
	if unread > 0 {
		m.eventsUnread(linking.Messenger, unread)
	}
	if err := m.acknowledge(c); err != nil {
		return err
	}
	if len(events) > 0 {
		m.worker.Wake()
	}
	return nil
}

// acknowledge sends the 200 now, and not when the handler is done.
func (m *facebookPage) acknowledge(c echo.Context) error {
	const received = "EVENT_RECEIVED"
	c.Response().Header().Set("Content-Length", strconv.Itoa(len(received)))
	if err := c.String(http.StatusOK, received); err != nil {
		return err
	}
	c.Response().Flush()
	return nil
}

// owe keeps what happened until it was answered. Whoever is to answer it has to be woken.
func (m *facebookPage) owe(ctx context.Context, events []messenger.Event) error {
	if len(events) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, m.budget)
	defer cancel()
	now := m.now()
	list := make([]outbox.Owed, len(events))
	for i, e := range events {
		sealed, err := m.seal(e, outboxAD(e.ID))
		if err != nil {
			return err
		}
		list[i] = outbox.Owed{ID: e.ID, Chat: m.chatName(e.Person), Order: e.Order, Sealed: sealed, Until: now.Add(window), Expires: now.Add(recognised)}
		if e.Kind == messenger.Deletion {
			list[i].Chat, list[i].Until, list[i].Expires = m.chatName("deletion "+e.AppUser), now.Add(told), now.Add(told)
		}
	}
	return m.outbox.Owe(ctx, list)
}

func outboxAD(id string) []byte   { return []byte("outbox|" + id + "|sealed") }
func memoryAD(chat string) []byte { return []byte("chat_memories|" + chat + "|sealed") }

func (m *facebookPage) seal(v any, ad []byte) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("seal what was said: %w", err)
	}
	sealed, err := m.house.Encrypt(plain, ad)
	if err != nil {
		return nil, fmt.Errorf("seal what was said: %w", err)
	}
	return sealed, nil
}

func (m *facebookPage) unseal(sealed, ad []byte, into any) error {
	plain, err := m.house.Decrypt(sealed, ad)
	if err == nil {
		err = json.Unmarshal(plain, into)
	}
	if err != nil {
		return errors.New("what was said cannot be opened") // an error would quote it
	}
	return nil
}

// link begins linking from Meta's button.
func (m *facebookPage) link(c echo.Context) error {
	ctx, st, done := m.beginStep(c, "messenger", tokenBudget)
	defer done()
	if err := m.admit(c, st); err != nil {
		return err
	}
	back, err := messenger.Back(c.QueryParams())
	if err != nil {
		var known refusal
		e := &linking.OAuthError{Code: "invalid_request", Status: http.StatusBadRequest, Reason: "redirect_unknown", Client: m.client}
		if errors.As(err, &known) {
			e.Status = known.Status()
		}
		return m.refusePage(c, st.refused(e), "")
	}
	p, err := m.authority.OpenFrom(ctx, m.client, back, m.browser(c), c.QueryParam("ui_locales"))
	if err != nil {
		return m.refusePage(c, st.refused(err), "")
	}
	st.line.Client = p.ClientID
	return m.showConsent(c, p)
}

// deletion takes Meta's word that a person wants to be forgotten, and says where he can see what became of it.
func (m *facebookPage) deletion(c echo.Context) error {
	begun := m.wall()
	d := door{path: deletionPath, name: linking.Messenger}
	form, err := bodyForm(c.Request())
	if err != nil {
		return m.refuseTurn(c, d, err, begun)
	}
	e, err := m.platform.Forget(form.Get("signed_request"))
	if err != nil {
		return m.refuseTurn(c, d, err, begun)
	}
	e.ID = hex.EncodeToString(m.name("deletion", e.ID)[:deletionCode]) // letters and digits, which nobody can guess
	if err := m.owe(c.Request().Context(), []messenger.Event{e}); err != nil {
		return err
	}
	defer m.worker.Wake()
	return writeJSON(c, http.StatusOK, struct {
		URL  string `json:"url"`
		Code string `json:"confirmation_code"`
	}{m.cfg.PublicURL + forgottenPath + e.ID, e.ID})
}

// forgotten shows what became of a deletion.
func (m *facebookPage) forgotten(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), tokenBudget)
	defer cancel()
	code, err := hex.DecodeString(c.Param("code"))
	if err != nil || len(code) != deletionCode {
		return echo.NewHTTPError(http.StatusNotFound) // PostgreSQL would call some bytes no text, and that our fault
	}
	owed, err := m.db.Owes(ctx, hex.EncodeToString(code))
	if errors.Is(err, outbox.ErrNone) {
		return echo.NewHTTPError(http.StatusNotFound)
	}
	if err != nil {
		return err
	}
	kind := "forgotten.done"
	if owed {
		kind = "forgotten.begun"
	}
	w := m.words(c)
	return m.show(c, http.StatusOK, "status", w, problemPage{frame: m.frame(w, kind+".heading"), Kind: kind})
}

// firstLocale is the language that a Page speaks: that of the first bank, because Meta says nothing of the customer's.
func (s *Server) firstLocale() string {
	configs, err := bankConfigs(s.cfg, s.dev)
	if err != nil || len(configs) == 0 || configs[0].Locale == "" {
		return "en-US"
	}
	return configs[0].Locale
}
