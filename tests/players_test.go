package tests

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"sotto/banking"
	"sotto/banking/spending"
	"sotto/linking"
	"sotto/server/dev"
	"sotto/skills"
	"sotto/skills/alexa"
	"sotto/skills/dialogflow"
	"sotto/skills/mcp"
	"sotto/skills/messenger"
	"sotto/skills/speech"
)

// player is a customer with an assistant, in a house of his own.
type player interface {
	link(username string, scopes []string)
	say(text string) heard
	open() heard
	leave()   // the conversation is over
	refresh() // the platform refreshes its tokens
}

// players are those of all platforms, platforms those that are held to what is heard on Alexa.
var (
	platforms = []string{"dialogflow es", "dialogflow cx", "messenger", "mcp"}
	players   = map[string]func(*testing.T, *openHouse) player{
		"alexa": func(t *testing.T, h *openHouse) player { return alexaPlayer{h.speaker(t)} },
		"dialogflow es": func(t *testing.T, h *openHouse) player {
			return agentPlayer{h.writer(t, false), h.linker(t, "google")}
		},
		"dialogflow cx": func(t *testing.T, h *openHouse) player {
			return agentPlayer{h.writer(t, true), h.linker(t, "google")}
		},
		"messenger": func(t *testing.T, h *openHouse) player { return messengerPlayer{h.texter(t), h} },
		"mcp": func(t *testing.T, h *openHouse) player {
			s := h.linker(t, "mcp")
			s.resource = h.PublicURL() + linking.MCPPath
			return &mcpPlayer{speaker: s, house: h}
		},
	}
)

// linker links as a client of dev.json does.
func (h *openHouse) linker(t *testing.T, client string) *speaker {
	t.Helper()
	s := h.speaker(t)
	s.client = h.Dev().Clients[client]
	return s
}

// heard is what a customer heard of one thing that he said.
type heard struct {
	words   string
	card    bool          // the app shows how to link
	listens bool          // for an answer; nobody can tell on a platform that always does
	refused skills.Key    // at the door, without words: the reply that the refusal stands for
	cannot  skills.Intent // which the platform has no way to ask for, so that nothing was asked
}

// write writes it as it stands in a transcript.
func (h heard) write(out *strings.Builder) {
	fmt.Fprintln(out, "< "+h.words)
	if h.card {
		fmt.Fprintln(out, "( the app shows how to link )")
	}
	if h.listens {
		fmt.Fprintln(out, "( listens )")
	}
}

// linkWith links by the pages, with these scopes or with all.
func (s *speaker) linkWith(username string, scopes []string) {
	s.tb.Helper()
	s.link(username, func(p *dev.Person) { p.Scopes = scopes })
}

// renew refreshes the tokens.
func (s *speaker) renew() {
	s.tb.Helper()
	s.trade(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {s.refresh}})
}

// alexaPlayer has a device at home.
type alexaPlayer struct{ s *speaker }

func (p alexaPlayer) link(username string, scopes []string) { p.s.linkWith(username, scopes) }
func (p alexaPlayer) refresh()                              { p.s.renew() }
func (p alexaPlayer) say(text string) heard                 { return p.hears(p.s.say(text)) }

func (p alexaPlayer) hears(h alexa.Heard) heard {
	return heard{words: words(p.s.tb, h.SSML), card: h.LinkCard, listens: !h.Ended}
}

func (p alexaPlayer) open() heard {
	body, err := p.s.device.Launch()
	if err != nil {
		p.s.tb.Fatal(err)
	}
	return p.hears(p.s.hear(body))
}

func (p alexaPlayer) leave() {
	if _, err := p.s.device.End("USER_INITIATED"); err != nil {
		p.s.tb.Fatal(err)
	}
}

// agentPlayer types to an agent of Dialogflow in the bank's own app, which sends along the token of account linking.
type agentPlayer struct {
	w *writer
	s *speaker
}

func (p agentPlayer) link(username string, scopes []string) {
	p.s.linkWith(username, scopes)
	p.w.caller.Token = p.s.device.Token
}

func (p agentPlayer) refresh() {
	p.s.renew()
	p.w.caller.Token = p.s.device.Token
}

func (p agentPlayer) leave() { p.w.caller.Resume(dialogflow.Conversation{}) }

func (p agentPlayer) open() heard { return p.ask("hello", skills.Launch, nil) }

func (p agentPlayer) say(text string) heard {
	intent, slots := meant(p.s, text)
	if period, ok := slots[skills.SlotPeriod]; ok { // as sys.date-period
		days := periodOf(p.s, period)
		slots[skills.SlotPeriod] = skills.Slot{Heard: days.From.String() + "/" + days.Last().String()}
	}
	return p.ask(text, intent, slots)
}

func (p agentPlayer) ask(text string, intent skills.Intent, slots skills.Slots) heard {
	body, err := p.w.caller.Ask(text, intent, slots)
	if err != nil {
		p.s.tb.Fatal(err)
	}
	h := p.w.hear(body)
	said, _, _ := strings.Cut(h.Text, "\n") // after it comes the address at which linking begins
	return heard{words: said, card: h.Wants, listens: h.Asked}
}

// messengerPlayer has Messenger on his phone, and Meta between him and the house.
type messengerPlayer struct {
	x     *texter
	house *openHouse
}

func (p messengerPlayer) link(username string, scopes []string) {
	p.x.link(username, scopes...)
	p.leave()
}

func (p messengerPlayer) refresh()              {} // a chat holds no token
func (p messengerPlayer) leave()                { p.hears(p.x.says("stop")) }
func (p messengerPlayer) say(text string) heard { return p.hears(p.x.says(text)) }

func (p messengerPlayer) open() heard {
	return p.hears(p.x.deliver(p.x.phone.Press("Get Started", messenger.GetStarted)))
}

// hears waits until it is written down that the answer was sent, or time that went by would bring it into doubt. It leaves out what the platform says
// of itself: Meta wants to have it said, and nobody else does.
func (p messengerPlayer) hears(h messenger.Heard) heard {
	p.house.givesAll(p.x.tb)
	notice := speechWords(p.x.tb).Label("en-GB", "chat.automated") + " "
	return heard{words: strings.TrimPrefix(h.Text, notice), card: h.LinkURL != ""}
}

// mcpPlayer asks an assistant that is built on a language model, which calls the tool that fits.
type mcpPlayer struct {
	*speaker
	house   *openHouse
	granted []string
	intent  skills.Intent // of the last call
	slots   skills.Slots
	after   *int // where its list goes on
	ending  bool // the customer wants to be forgotten
}

func (p *mcpPlayer) link(username string, scopes []string) {
	p.linkWith(username, scopes)
	p.granted = scopes
}

func (p *mcpPlayer) refresh()    { p.renew() }
func (p *mcpPlayer) leave()      { p.intent, p.after = "", nil }
func (p *mcpPlayer) open() heard { return heard{cannot: skills.Launch} }

func (p *mcpPlayer) say(text string) heard {
	p.tb.Helper()
	intent, slots := meant(p.speaker, text)
	if period, ok := slots[skills.SlotPeriod]; ok {
		slots[skills.SlotPeriod] = skills.Slot{Heard: periodOf(p.speaker, period).ISO()}
	}
	switch {
	case intent == skills.Yes && p.after != nil: // the model goes on with the list
	case intent == skills.Repeat && p.intent != "":
		p.after = nil // the model asks again
	case intent == skills.Yes && p.ending:
		p.disconnect()
		fallthrough
	default:
		p.ending = intent == skills.Forget
		p.intent, p.slots, p.after = intent, slots, nil
	}
	return p.call()
}

// disconnect is how a customer ends the link where there are no words for it: in the settings of the host, which revokes its tokens.
func (p *mcpPlayer) disconnect() {
	p.tb.Helper()
	if status, answer, err := p.post("/oauth/revoke", url.Values{"token": {p.speaker.refresh}}); err != nil || status != http.StatusOK {
		p.tb.Fatalf("%d %s, %v", status, answer, err)
	}
}

func (p *mcpPlayer) call() heard {
	p.tb.Helper()
	model := mcp.Assistant{Locale: "en-US", Token: p.device.Token}
	header, body, err := model.Ask(p.intent, p.slots, p.after)
	if errors.Is(err, mcp.ErrNoTool) {
		defer p.leave()
		return heard{cannot: p.intent}
	}
	if err != nil {
		p.tb.Fatal(err)
	}
	r, err := http.NewRequestWithContext(p.tb.Context(), http.MethodPost, p.resource, bytes.NewReader(body))
	if err != nil {
		p.tb.Fatal(err)
	}
	r.Header = header
	status, answered, answer := ask(p.tb, r)
	switch status {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return heard{refused: skills.Unlinked}
	case http.StatusForbidden:
		return heard{refused: p.missing(answered.Get("WWW-Authenticate"))}
	default:
		p.tb.Fatalf("a call gets %d %s", status, answer)
	}
	h, err := model.Hear(answer)
	if err != nil {
		p.tb.Fatalf("%v: %s", err, answer)
	}
	p.after = h.After
	return heard{words: h.Text}
}

// missing is the reply that a challenge stands for: the first of the scopes in it that the customer has not given.
func (p *mcpPlayer) missing(challenge string) skills.Key {
	_, asked, _ := strings.Cut(challenge, `scope="`)
	asked, _, _ = strings.Cut(asked, `"`)
	for scope := range strings.FieldsSeq(asked) {
		if !slices.Contains(p.granted, scope) {
			return skills.Key("scope." + scope)
		}
	}
	return skills.ScopeOther
}

// meant is what a platform understands of a sentence of the catalogue.
func meant(s *speaker, text string) (skills.Intent, skills.Slots) {
	s.tb.Helper()
	intent, slots, ok := s.words.Match("en-US", text)
	if !ok {
		s.tb.Fatalf("%q is no sentence of the catalogue", text)
	}
	return intent, slots
}

// periodOf are the days of a period, which the catalogue has as Alexa's.
func periodOf(s *speaker, slot skills.Slot) spending.Period {
	s.tb.Helper()
	p, err := spending.ParseAmazon(slot.Heard, banking.DateOf(s.now(), s.now().Location()))
	if err != nil {
		s.tb.Fatal(err)
	}
	return p
}

func speechWords(tb testing.TB) *speech.Phrases {
	tb.Helper()
	p, err := speech.New()
	if err != nil {
		tb.Fatal(err)
	}
	return p
}
