package server

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"sotto/linking"
	"sotto/skills"
)

// remember answers a request, and says whether it had to be answered.
func (r *repeats) remember(same sameness, answer []byte) bool {
	g, first := r.begin(same)
	if first {
		g.answer = answer
		r.finish(same, g, true)
	}
	return first
}

func TestWhatIsRememberedOfAnswersIsBounded(t *testing.T) {
	now := time.Unix(0, 0)
	for name, tc := range map[string]struct{ requests, size, kept int }{
		"in number": {3 * maxRepeats, 1, maxRepeats},
		"in bytes":  {100, maxRepeatBytes / 10, 10},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepeats(func() time.Time { return now })
			for i := range tc.requests {
				if !r.remember(sameness{byte(i), byte(i >> 8)}, bytes.Repeat([]byte("a"), tc.size)) {
					t.Fatalf("request %d is taken for an earlier one", i)
				}
			}
			if len(r.known) != tc.kept || len(r.line) != tc.kept || r.bytes != tc.kept*tc.size {
				t.Errorf("%d known, %d in line, %d bytes, want %d", len(r.known), len(r.line), r.bytes, tc.kept)
			}
			last := tc.requests - 1
			if r.remember(sameness{byte(last), byte(last >> 8)}, nil) {
				t.Error("the newest was forgotten")
			}
			if !r.remember(sameness{}, nil) {
				t.Error("the oldest is remembered")
			}
		})
	}
}

func TestAnAnswerIsForgottenAfterASignaturesTime(t *testing.T) {
	now := time.Unix(0, 0)
	r := newRepeats(func() time.Time { return now })
	r.remember(sameness{1}, []byte("your balance"))
	now = now.Add(repeatWithin - 1)
	if r.remember(sameness{1}, nil) {
		t.Error("it was forgotten too early")
	}
	r.mu.Lock()
	whole := r.line[:1]
	r.forget(now.Add(1))
	r.mu.Unlock()
	if len(r.known) != 0 || r.bytes != 0 || whole[0].given != nil {
		t.Errorf("something is left: %d known, %d bytes, %v", len(r.known), r.bytes, whole[0])
	}
}

func TestWhatWasDroppedIsAnsweredAnewAndCountedOnce(t *testing.T) {
	now := time.Unix(0, 0)
	r := newRepeats(func() time.Time { return now })
	r.remember(sameness{1}, []byte("four"))
	r.drop(sameness{1}, r.line[0].given)
	if !r.remember(sameness{1}, []byte("seven..")) || r.bytes != 11 {
		t.Errorf("%d bytes", r.bytes)
	}
	r.drop(sameness{1}, r.line[0].given) // by somebody who still holds the older one
	if r.remember(sameness{1}, nil) {
		t.Error("the newer one is gone")
	}
	r.forget(now.Add(repeatWithin))
	if len(r.known) != 0 || r.bytes != 0 {
		t.Errorf("%d known, %d bytes", len(r.known), r.bytes)
	}
}

func TestWhatMakesTwoRequestsTheSame(t *testing.T) {
	turn := skills.Turn{Platform: linking.Alexa, ID: "id", Token: "token"}
	seen := map[sameness]string{}
	for name, tc := range map[string]struct {
		change func(*skills.Turn)
		body   string
	}{
		"itself":                          {func(*skills.Turn) {}, "body"},
		"another platform":                {func(t *skills.Turn) { t.Platform = linking.Google }, "body"},
		"another id":                      {func(t *skills.Turn) { t.ID = "it" }, "body"},
		"another customer":                {func(t *skills.Turn) { t.Token = "taken" }, "body"},
		"another body under the same id":  {func(*skills.Turn) {}, "bodi"},
		"an id that takes from the token": {func(t *skills.Turn) { t.ID, t.Token = "idto", "ken" }, "body"},
		"a token that takes from a body":  {func(t *skills.Turn) { t.Token = "tokenb" }, "ody"},
	} {
		changed := turn
		tc.change(&changed)
		same := samenessOf(changed, []byte(tc.body))
		if other, taken := seen[same]; taken {
			t.Errorf("%s is the same request as %s", name, other)
		}
		seen[same] = name
		if again := samenessOf(changed, fmt.Append(nil, tc.body)); again != same {
			t.Errorf("%s is not the same as itself", name)
		}
	}
}
