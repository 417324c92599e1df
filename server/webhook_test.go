package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"sotto/banking"
	"sotto/linking"
	"sotto/linking/disclosure"
	"sotto/skills"
	"sotto/skills/speech"
)

// slowKeys is a platform whose requests take long to prove, as while the keys of who signed them are fetched.
type slowKeys struct{ proof time.Duration }

func (p slowKeys) Verify(ctx context.Context, _ http.Header, _ []byte) error {
	select {
	case <-time.After(p.proof):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (slowKeys) Decode(_ http.Header, body []byte) (skills.Turn, *skills.Aside, error) {
	return skills.Turn{ID: string(body), Platform: linking.Google, Intent: skills.Balance, Token: "t"}, nil, nil
}

func (slowKeys) Encode(_ skills.Turn, reply skills.Reply, _ speech.Spoken) ([]byte, error) {
	return []byte(reply.Key), nil
}

// slowLinks never finds a link, and says so when nobody waits any more.
type slowLinks struct{ skills.Links }

func (slowLinks) Resolve(ctx context.Context, _ linking.Platform, _ linking.Token) (linking.Link, error) {
	<-ctx.Done()
	return linking.Link{}, ctx.Err()
}

// Dialogflow gives up after 5 s, of which a slow proof and a slow turn must not each take their own.
func TestProofAndTurnShareOneBudget(t *testing.T) {
	for name, proof := range map[string]time.Duration{
		"a proof that is quick": 0, "a proof that takes most of it": turnBudget - time.Millisecond, "a proof that never ends": time.Hour,
	} {
		for kind, id := range map[string]string{"with an id": "id", "without one": ""} {
			t.Run(name+", "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := bareServer(t)
					recorder := httptest.NewRecorder()
					c := echo.New().NewContext(httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(id)), recorder)
					begun := time.Now()
					if err := s.webhook(door{name: linking.Google, limit: smallBody, platform: slowKeys{proof}})(c); err != nil {
						t.Fatal(err)
					}
					if took := time.Since(begun); took != turnBudget {
						t.Errorf("it took %v, and the budget is %v", took, turnBudget)
					}
					if answered := recorder.Code == http.StatusOK; answered != (proof < turnBudget) || answered && recorder.Body.String() != string(skills.Late) {
						t.Errorf("got %d %s", recorder.Code, recorder.Body)
					}
				})
			})
		}
	}
}

// bareServer has what a turn needs that finds no link.
func bareServer(t *testing.T) *Server {
	t.Helper()
	s := &Server{log: zap.NewNop(), wall: time.Now, now: time.Now, budget: turnBudget, metrics: newMetrics(nil, nil, nil)}
	s.repeats = newRepeats(s.now)
	var err error
	if s.phrases, err = speech.New(); err != nil {
		t.Fatal(err)
	}
	s.skill, err = skills.New(skills.Options{
		Links: slowLinks{}, Teller: struct{ skills.Teller }{}, Record: struct{ disclosure.Record }{}, BankName: func(banking.BankID) string { return "" },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
