package tests

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sotto/banking/mockbank"
	"sotto/server"
	"sotto/server/dev"
	"sotto/skills/messenger"
	"sotto/skills/messenger/mockgraph"
	"sotto/tests/database"
	"sotto/tests/loopback"
)

// texter is a customer with Messenger on his phone, and Meta between him and a house.
type texter struct {
	tb    testing.TB
	file  dev.File
	phone *messenger.Phone
	graph *mockgraph.Server
	now   func() time.Time
	heard int // of all messages to him
}

func (h *openHouse) texter(tb testing.TB) *texter {
	tb.Helper()
	n, err := rand.Int(rand.Reader, big.NewInt(1e15))
	if err != nil {
		tb.Fatal(err)
	}
	return &texter{tb: tb, file: h.Dev(), graph: h.MockGraph(), now: h.Now, phone: &messenger.Phone{
		PageID: h.Dev().Messenger.PageID, Person: fmt.Sprintf("5%015d", n), Now: h.Now, Random: rand.Reader,
	}}
}

// post delivers as Meta does.
func (x *texter) post(body []byte) (int, string) {
	x.tb.Helper()
	return x.postAs(messenger.Sign(x.file.Messenger.AppSecret, body), body)
}

func (x *texter) postAs(header http.Header, body []byte) (int, string) {
	x.tb.Helper()
	request, err := http.NewRequestWithContext(x.tb.Context(), http.MethodPost, x.file.PublicURL+"/messenger", strings.NewReader(string(body)))
	if err != nil {
		x.tb.Fatal(err)
	}
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		x.tb.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		x.tb.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

// deliver delivers something and gives what he hears next.
func (x *texter) deliver(body []byte, err error) messenger.Heard {
	x.tb.Helper()
	if err != nil {
		x.tb.Fatal(err)
	}
	if status, answer := x.post(body); status != http.StatusOK || answer != "EVENT_RECEIVED" {
		x.tb.Fatalf("a delivery gets %d %s", status, answer)
	}
	return x.hear()
}

// deliverNothing delivers something and does not wait to hear anything.
func (x *texter) deliverNothing(body []byte, err error) {
	x.tb.Helper()
	if err != nil {
		x.tb.Fatal(err)
	}
	if status, answer := x.post(body); status != http.StatusOK {
		x.tb.Fatalf("a delivery gets %d %s", status, answer)
	}
}

func (x *texter) says(text string) messenger.Heard {
	x.tb.Helper()
	return x.deliver(x.phone.Type(text))
}

// sent is all that reached him, as it was written.
func (x *texter) sent() []json.RawMessage {
	var mine []json.RawMessage
	for _, m := range x.graph.Messages() {
		if m.Recipient == x.phone.Person {
			mine = append(mine, m.Message)
		}
	}
	return mine
}

// messages are all that reached him.
func (x *texter) messages() []messenger.Heard {
	x.tb.Helper()
	var mine []messenger.Heard
	for _, m := range x.sent() {
		h, err := messenger.Hear(m)
		if err != nil {
			x.tb.Fatal(err)
		}
		mine = append(mine, h)
	}
	return mine
}

// hear waits for the next message.
func (x *texter) hear() messenger.Heard {
	x.tb.Helper()
	patience := time.After(20 * time.Second)
	for {
		changed := x.graph.Changed()
		if mine := x.messages(); len(mine) > x.heard {
			x.heard++
			return mine[x.heard-1]
		}
		select {
		case <-changed:
		case <-patience:
			x.tb.Fatalf("nothing was heard; the graph refused %q", x.graph.Refused())
		}
	}
}

// givesAll waits until a house owes no answer any more.
func (h *openHouse) givesAll(tb testing.TB) {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(h.state, "sotto.db")+"?mode=ro")
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	awaitOutbox(tb, db, "stage < 4", func(owed int) bool { return owed == 0 })
}

// awaitOutbox waits until the number of those in the outbox of whom something is true is as wanted.
func awaitOutbox(tb testing.TB, db *sql.DB, are string, wanted func(n int) bool) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 60*time.Second)
	defer cancel()
	for {
		var n int
		if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM outbox WHERE "+are).Scan(&n); err != nil {
			tb.Fatal(err)
		}
		if wanted(n) {
			return
		}
		if pause(ctx, 5*time.Millisecond) != nil {
			tb.Fatalf("there are %d for too long of which %s", n, are)
		}
	}
}

const metaReturns = "https://www.facebook.com/messenger_platform/account_linking/?account_linking_token=TOKEN"

// walk opens the button that begins linking as Messenger does, links, and gives the last page.
func (x *texter) walk(button, username string, scopes ...string) dev.Code {
	x.tb.Helper()
	customer, err := x.file.Customer("albion", username)
	if err != nil {
		x.tb.Fatal(err)
	}
	return x.walkAs(button, dev.Person{Bank: "albion", Customer: customer, Scopes: scopes, Now: x.now})
}

// walkAs is walk for a person who may bank elsewhere.
func (x *texter) walkAs(button string, person dev.Person) dev.Code {
	x.tb.Helper()
	code, err := person.LinkChat(x.tb.Context(), button+"?"+url.Values{"account_linking_token": {"TOKEN"}, "redirect_uri": {metaReturns}}.Encode())
	if err != nil {
		x.tb.Fatal(err)
	}
	return code
}

func handover(tb testing.TB, back string) string {
	tb.Helper()
	rest, ok := strings.CutPrefix(back, metaReturns+"&authorization_code=")
	if !ok || rest == "" {
		tb.Fatalf("the way back is %s", back)
	}
	return rest
}

// link links the chat whole. Without scopes the customer allows everything.
func (x *texter) link(username string, scopes ...string) {
	x.tb.Helper()
	heard := x.deliver(x.phone.Press("Link my bank", messenger.LinkIt))
	if heard.LinkURL == "" {
		x.tb.Fatalf("no button to link: %+v", heard)
	}
	x.takeCode(x.walk(heard.LinkURL, username, scopes...))
}

// comeBack comes back to the chat, where the code is asked for.
func (x *texter) comeBack(code dev.Code) {
	x.tb.Helper()
	if heard := x.deliver(x.phone.Return(handover(x.tb, code.Back))); !strings.Contains(heard.Text, "six digits") {
		x.tb.Fatalf("back in the chat: %+v", heard)
	}
}

// takeCode comes back to the chat and types the code there.
func (x *texter) takeCode(code dev.Code) {
	x.tb.Helper()
	x.comeBack(code)
	if heard := x.says(code.Digits); !strings.Contains(heard.Text, "linked to your bank") {
		x.tb.Fatalf("the code: %+v", heard)
	}
}

func TestAConversationOnMessenger(t *testing.T) {
	t.Parallel()
	house := open(t)
	x := house.texter(t)
	heard := x.says("what's my balance")
	if !strings.HasPrefix(heard.Text, "I'm an automated assistant.") || heard.LinkURL != house.PublicURL()+"/messenger/link" {
		t.Fatalf("an unlinked chat: %+v", heard)
	}
	code := x.walk(heard.LinkURL, "ada")
	if heard := x.says(code.Digits); !strings.Contains(heard.Text, "not waiting for a code") {
		t.Errorf("a code before Meta said whose it is: %+v", heard)
	}
	if heard := x.deliver(x.phone.Return(handover(t, code.Back))); !strings.Contains(heard.Text, "six digits") || heard.LinkURL != "" {
		t.Errorf("back in the chat: %+v", heard)
	}
	if heard := x.says("what's my balance"); heard.LinkURL == "" {
		t.Errorf("before the code was typed: %+v", heard)
	}
	heard = x.says(code.Digits[:3] + " " + code.Digits[3:])
	if !strings.Contains(heard.Text, "linked to your bank") || len(heard.Replies) == 0 {
		t.Fatalf("the code: %+v", heard)
	}
	if heard := x.deliver(x.phone.Tap(heard.Replies[0].Title, heard.Replies[0].Payload)); !strings.Contains(heard.Text, "£1,396.09") {
		t.Errorf("the balance: %+v", heard)
	}
	if heard := x.says("how much did I spend on groceries last week"); !strings.Contains(heard.Text, "groceries") {
		t.Errorf("groceries: %+v", heard)
	}
	if heard := x.says("how much did I spend on groceries and transport last week"); !strings.Contains(heard.Text, "one kind of spending at a time") {
		t.Errorf("two kinds of spending: %+v", heard)
	}
	if heard := x.says("groceries"); !strings.Contains(heard.Text, "£66.28 on groceries") {
		t.Errorf("the first of them, in the week that was asked about: %+v", heard)
	}
	if heard := x.says("forget me"); len(heard.Replies) != 2 || heard.Replies[0].Title != "Yes" {
		t.Errorf("forget me: %+v", heard)
	}
	if heard := x.says("no"); !strings.Contains(heard.Text, "leave everything") {
		t.Errorf("no: %+v", heard)
	}
	x.says("forget me")
	if heard := x.says("yes"); !strings.Contains(heard.Text, "Done") {
		t.Errorf("yes: %+v", heard)
	}
	house.givesAll(t)
	if unlinked := house.MockGraph().Unlinked(); !slices.Equal(unlinked, []string{x.phone.Person}) {
		t.Errorf("Meta still has it that %s is linked: %v", x.phone.Person, unlinked)
	}
	x.deliverNothing(x.phone.Unlink()) // which Meta may tell of it; nobody is to hear it twice
	if heard := x.says("what's my balance"); heard.LinkURL == "" || strings.Contains(heard.Text, "automated") {
		t.Errorf("after it: %+v", heard)
	}
	if refused := house.MockGraph().Refused(); len(refused) != 0 {
		t.Errorf("the graph refused %q", refused)
	}
}

// TestWhatStrangersGetAtMessengersDoors knocks in every wrong way there is. Nothing of it is answered in a chat.
func TestWhatStrangersGetAtMessengersDoors(t *testing.T) {
	t.Parallel()
	house := open(t)
	x := house.texter(t)
	body, err := x.phone.Type("what's my balance")
	if err != nil {
		t.Fatal(err)
	}
	good := messenger.Sign(x.file.Messenger.AppSecret, body)
	huge := []byte(`{"object":"page","x":"` + strings.Repeat("x", 256<<10) + `"}`)
	instagram := []byte(`{"object":"instagram","entry":[]}`)
	for name, tc := range map[string]struct {
		header http.Header
		body   []byte
		status int
	}{
		"a delivery that nobody signed":             {http.Header{"Content-Type": {"application/json"}}, body, 403},
		"a delivery that somebody else signed":      {messenger.Sign("guess", body), body, 403},
		"a delivery changed on the way":             {good, []byte(strings.Replace(string(body), "balance", "Balance", 1)), 403},
		"half a delivery under the whole signature": {good, body[:len(body)/2], 403},
		"half a delivery, signed":                   {messenger.Sign(x.file.Messenger.AppSecret, body[:len(body)/2]), body[:len(body)/2], 400},
		"a delivery of more than 256 KiB":           {messenger.Sign(x.file.Messenger.AppSecret, huge), huge, 413},
		"a delivery of Instagram's":                 {messenger.Sign(x.file.Messenger.AppSecret, instagram), instagram, 404},
		"nothing, signed":                           {messenger.Sign(x.file.Messenger.AppSecret, nil), nil, 400},
	} {
		t.Run(name, func(t *testing.T) {
			if status, answer := x.postAs(tc.header, tc.body); status != tc.status || strings.Contains(answer, "balance") {
				t.Errorf("got %d %s, want %d", status, answer, tc.status)
			}
		})
	}
	get := func(t *testing.T, path string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, house.PublicURL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		status, answer := send(t, r)
		return status, string(answer)
	}
	for name, tc := range map[string]struct {
		path   string
		status int
		says   string
	}{
		"Meta asks whether it is this endpoint":          {"/messenger?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=" + x.file.Messenger.VerifyToken, 200, "1158201444"},
		"a stranger asks":                                {"/messenger?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=guess", 403, ""},
		"somebody asks nothing":                          {"/messenger", 403, ""},
		"a linking that would lead to a stranger":        {"/messenger/link?account_linking_token=T&redirect_uri=https%3A%2F%2Fevil.example%2Fmessenger_platform%2Faccount_linking", 400, ""},
		"a linking that would lead to Meta's redirector": {"/messenger/link?account_linking_token=T&redirect_uri=https%3A%2F%2Fwww.facebook.com%2Fl.php%3Fu%3Devil", 400, ""},
		"a linking that leads nowhere":                   {"/messenger/link", 400, ""},
		"a deletion that was never asked for":            {"/forgotten/0123456789abcdef0123456789abcdef", 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := get(t, tc.path)
			if status != tc.status || tc.says != "" && answer != tc.says || strings.Contains(answer, "evil") {
				t.Errorf("got %d %s, want %d", status, answer, tc.status)
			}
		})
	}
	for name, form := range map[string]string{"no request": "", "a forged request": "signed_request=" + strings.Repeat("A", 43) + ".eyJ1c2VyX2lkIjoiMSJ9"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, house.PublicURL()+"/messenger/deletion", strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", formType)
		if status, _ := send(t, r); status != http.StatusForbidden {
			t.Errorf("a deletion with %s gets %d", name, status)
		}
	}
	if n := len(house.MockGraph().Messages()); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
}

// TestADeliveryIsAcknowledgedBeforeTheBankHasAnswered has a bank that tells no balance before the delivery was acknowledged: whoever waited for it to
// acknowledge would have nothing to say but an apology.
func TestADeliveryIsAcknowledgedBeforeTheBankHasAnswered(t *testing.T) {
	t.Parallel()
	acknowledged, addr := make(chan struct{}), loopback.Free(t)
	now := func() time.Time { return morning }
	far := newFarBank(t, "ada")
	far.open(t, "http://"+addr, mockbank.Options{Clock: now}, func(bank http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/balances") {
				select {
				case <-acknowledged:
				case <-r.Context().Done():
					return
				}
			}
			bank.ServeHTTP(w, r)
		})
	})
	house := openWith(t, addr, far.banks)
	x := house.texter(t)
	x.takeCode(x.walkAs(x.deliver(x.phone.Press("Link my bank", messenger.LinkIt)).LinkURL, far.person(now)))
	x.deliverNothing(x.phone.Type("what's my balance"))
	if len(x.messages()) != x.heard {
		t.Error("something was said before the bank was asked")
	}
	close(acknowledged)
	if heard := x.hear(); !strings.Contains(heard.Text, "£1,396.09") {
		t.Errorf("what the bank then tells: %+v", heard)
	}
}

func TestWhatMetaDeliversTwiceIsAnsweredOnceEvenAfterARestart(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	house := openAt(t, state, morning)
	x := house.texter(t)
	body, err := x.phone.Type("help")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if status, _ := x.post(body); status != http.StatusOK {
			t.Fatalf("got %d", status)
		}
	}
	x.hear()
	house.stop()
	house = openAt(t, state, morning)
	again := house.texter(t)
	again.phone = x.phone
	if status, _ := again.post(body); status != http.StatusOK {
		t.Fatalf("got %d", status)
	}
	if heard := again.says("stop"); !strings.Contains(heard.Text, "Goodbye") || strings.Contains(heard.Text, "automated") {
		t.Errorf("what was answered before the restart is answered again, or the chat is not remembered: %+v", heard)
	}
	if n := len(again.messages()); n != 1 {
		t.Errorf("%d messages after the restart, want 1", n)
	}
}

func TestABatchIsAnsweredInItsOrder(t *testing.T) {
	t.Parallel()
	house := open(t)
	x := house.texter(t)
	var events []string
	for i, text := range []string{"help", "stop", "help", "stop"} {
		events = append(events, fmt.Sprintf(`{"sender":{"id":%q},"recipient":{"id":%q},"timestamp":%d,"message":{"mid":"m_%d","text":%q}}`,
			x.phone.Person, x.phone.PageID, house.Now().UnixMilli(), i, text))
	}
	heard := []messenger.Heard{x.deliver([]byte(fmt.Sprintf(`{"object":"page","entry":[{"id":%q,"time":1,"messaging":[%s]},{"id":%q,"time":1,"messaging":[%s]}]}`,
		x.phone.PageID, strings.Join(events[:3], ","), x.phone.PageID, events[3])), nil)}
	for range 3 {
		heard = append(heard, x.hear())
	}
	for i, h := range heard {
		if strings.Contains(h.Text, "Goodbye") != (i%2 == 1) {
			t.Errorf("message %d: %s", i, h.Text)
		}
	}
}

func TestAnAnswerIsNeverSentTwiceWhateverTheGraphDoes(t *testing.T) {
	t.Parallel()
	house := open(t)
	x := house.texter(t)
	x.says("help")
	t.Run("what Meta refused for now is sent later", func(t *testing.T) {
		house.MockGraph().Fail(mockgraph.Fault{Status: 500, Code: 2})
		body, err := x.phone.Type("stop")
		if err != nil {
			t.Fatal(err)
		}
		x.post(body)
		x.passUntilHeard(house)
		if heard := x.hear(); !strings.Contains(heard.Text, "Goodbye") {
			t.Errorf("heard %+v", heard)
		}
	})
	t.Run("what may have arrived is not, and the customer is told", func(t *testing.T) {
		house.MockGraph().Fail(mockgraph.Fault{Taken: true})
		body, err := x.phone.Type("stop")
		if err != nil {
			t.Fatal(err)
		}
		x.post(body)
		if heard := x.hear(); !strings.Contains(heard.Text, "Goodbye") {
			t.Errorf("heard %+v", heard)
		}
		x.passUntilHeard(house)
		if heard := x.hear(); !strings.Contains(heard.Text, "interrupted") {
			t.Errorf("heard %+v", heard)
		}
		if heard := x.says("help"); !strings.Contains(heard.Text, "You can ask") {
			t.Errorf("then: %+v", heard)
		}
	})
}

// passUntilHeard lets the house's time go by until there is something to be heard.
func (x *texter) passUntilHeard(house *openHouse) {
	x.tb.Helper()
	for range 400 {
		if len(x.messages()) > x.heard {
			return
		}
		house.pass(time.Second)
		<-time.After(50 * time.Millisecond)
	}
	x.tb.Fatal("nothing was heard")
}

func TestAChatEndsItsLinkByMetasOwnButton(t *testing.T) {
	t.Parallel()
	house := open(t)
	x := house.texter(t)
	if heard := x.deliver(x.phone.Press("End the link", messenger.UnlinkIt)); heard.Unlink || heard.LinkURL == "" {
		t.Errorf("there is nothing to end: %+v", heard)
	}
	x.link("ada")
	if heard := x.deliver(x.phone.Press("End the link", messenger.UnlinkIt)); !heard.Unlink {
		t.Errorf("no button to end it: %+v", heard)
	}
	if heard := x.deliver(x.phone.Unlink()); !strings.Contains(heard.Text, "no longer linked") {
		t.Errorf("ended: %+v", heard)
	}
	if heard := x.says("what's my balance"); heard.LinkURL == "" {
		t.Errorf("an ended link answers: %+v", heard)
	}
}

// TestWhoSendsHisOwnLinkingAddressToAVictimGainsNothing plays the whole attack: the victim signs in and consents at the attacker's address.
func TestWhoSendsHisOwnLinkingAddressToAVictimGainsNothing(t *testing.T) {
	t.Parallel()
	house := open(t)
	mallory, ada := house.texter(t), house.texter(t)
	button := mallory.says("what's my balance").LinkURL
	code := mallory.walk(button, "ada") // in ada's browser: it is she who sees the code
	if heard := mallory.deliver(mallory.phone.Return(handover(t, code.Back))); heard.LinkURL != "" {
		t.Fatalf("back: %+v", heard)
	}
	if heard := mallory.says("what's my balance"); heard.LinkURL == "" {
		t.Errorf("the attacker's chat is linked: %+v", heard)
	}
	if heard := ada.says(code.Digits); !strings.Contains(heard.Text, "not waiting for a code") {
		t.Errorf("the code in the victim's own chat: %+v", heard)
	}
	for range 5 {
		guess := "000000"
		if code.Digits == guess {
			guess = "000001"
		}
		mallory.says(guess)
	}
	if heard := mallory.says(code.Digits); !strings.Contains(heard.Text, "no longer good") {
		t.Errorf("the right code after five guesses: %+v", heard)
	}
	if heard := mallory.says("what's my balance"); heard.LinkURL == "" {
		t.Errorf("the attacker's chat is linked: %+v", heard)
	}
}

// deletion has Meta say that a person of this app-scoped id wants to be forgotten, and gives the address where the status is.
func (x *texter) deletion(appUser string) string {
	x.tb.Helper()
	content := base64.RawURLEncoding.EncodeToString([]byte(`{"algorithm":"HMAC-SHA256","expires":1,"issued_at":1,"user_id":"` + appUser + `"}`))
	mac := hmac.New(sha256.New, []byte(x.file.Messenger.AppSecret))
	mac.Write([]byte(content))
	form := url.Values{"signed_request": {base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) + "." + content}}
	r, err := http.NewRequestWithContext(x.tb.Context(), http.MethodPost, x.file.PublicURL+"/messenger/deletion", strings.NewReader(form.Encode()))
	if err != nil {
		x.tb.Fatal(err)
	}
	r.Header.Set("Content-Type", formType)
	var answer struct {
		URL  string `json:"url"`
		Code string `json:"confirmation_code"`
	}
	status, body := send(x.tb, r)
	if status != http.StatusOK || json.Unmarshal(body, &answer) != nil || answer.URL != x.file.PublicURL+"/forgotten/"+answer.Code || len(answer.Code) != 32 {
		x.tb.Fatalf("got %d %s", status, body)
	}
	return answer.URL
}

func TestWhoAsksMetaToBeForgottenIsForgotten(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(x *texter){
		"while he is linked":          func(*texter) {},
		"after he had ended the link": func(x *texter) { x.deliver(x.phone.Unlink()) },
		"after he had linked anew":    func(x *texter) { x.link("ada"); x.link("grace") },
		"while he links anew":         func(x *texter) { x.comeBack(x.walk(x.file.PublicURL+messenger.LinkPath, "ada")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			house := open(t)
			x := house.texter(t)
			x.link("ada")
			before(x)
			house.MockGraph().Know("218471", x.phone.Person)
			status := x.deletion("218471")
			if again := x.deletion("218471"); again != status { // Meta may ask twice
				t.Errorf("the second time the status is at %s, and was at %s", again, status)
			}
			browser := dev.NewBrowser(func(*url.URL) bool { return false })
			for range 100 {
				page, err := browser.Open(t.Context(), status)
				if err != nil || page.Status != http.StatusOK {
					t.Fatalf("the status page: %v %+v", err, page)
				}
				if strings.Contains(page.Text, "You are forgotten") {
					break
				}
				<-time.After(50 * time.Millisecond)
			}
			if left := house.links(t); left != 0 {
				t.Errorf("%d links are left, with their record", left)
			}
			if heard := x.says("what's my balance"); heard.LinkURL == "" || !strings.Contains(heard.Text, "automated") {
				t.Errorf("something is left: %+v", heard)
			}
		})
	}
}

// links counts the links that the house keeps, ended or not.
func (h *openHouse) links(tb testing.TB) (n int) {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(h.state, "sotto.db")+"?mode=ro")
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(tb.Context(), `SELECT COUNT(*) FROM links`).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}

// The codes that are none would be no text to PostgreSQL.
func TestACodeThatIsNoneIsNobodysErasureOnEitherEngine(t *testing.T) {
	t.Parallel()
	for engine, fresh := range map[string]func(testing.TB) string{"SQLite": database.SQLite, "PostgreSQL": database.PostgreSQL} {
		t.Run(engine, func(t *testing.T) {
			house := openAs(t, morning, server.Config{State: t.TempDir(), Addr: "127.0.0.1:0", Database: fresh(t)})
			for _, code := range []string{"%00", "%ff", "%00" + strings.Repeat("a", 31), strings.Repeat("0", 32), strings.Repeat("g", 32), strings.Repeat("a", 3000)} {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, house.PublicURL()+"/forgotten/"+code, nil)
				if err != nil {
					t.Fatal(err)
				}
				if status, _ := send(t, r); status != http.StatusNotFound {
					t.Errorf("%.40s: got %d", code, status)
				}
			}
		})
	}
}

func TestALanguageThatIsNoTextStopsNoLinkingOnEitherEngine(t *testing.T) {
	t.Parallel()
	for engine, fresh := range map[string]func(testing.TB) string{"SQLite": database.SQLite, "PostgreSQL": database.PostgreSQL} {
		t.Run(engine, func(t *testing.T) {
			house := openAs(t, morning, server.Config{State: t.TempDir(), Addr: "127.0.0.1:0", Database: fresh(t)})
			client := house.texter(t).file.Clients["alexa"]
			authorize := "/oauth/authorize?" + url.Values{
				"client_id": {client.ID}, "response_type": {"code"}, "redirect_uri": {client.RedirectURIs[0]}, "state": {"s"},
				"code_challenge": {strings.Repeat("A", 43)}, "code_challenge_method": {"S256"},
			}.Encode()
			link := "/messenger/link?" + url.Values{"account_linking_token": {"t"}, "redirect_uri": {"https://www.facebook.com/messenger_platform/account_linking"}}.Encode()
			for _, address := range []string{authorize, link} {
				for _, locales := range []string{"%00", "%ff", "en-GB%00"} {
					r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, house.PublicURL()+address+"&ui_locales="+locales, nil)
					if err != nil {
						t.Fatal(err)
					}
					if status, _ := send(t, r); status != http.StatusOK {
						t.Errorf("%.20s with %s: got %d", address, locales, status)
					}
				}
			}
		})
	}
}
