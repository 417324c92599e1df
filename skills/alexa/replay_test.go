package alexa_test

import (
	"encoding/json"
	"strings"
	"testing"

	"sotto/tests/judge"
)

// wrapped makes a whole request of what others keep as examples: a fragment gets its envelope, and every example our skill's id and
// the present.
func wrapped(t *testing.T, content []byte) []byte {
	t.Helper()
	var example map[string]any
	if err := json.Unmarshal(content, &example); err != nil {
		t.Fatal(err)
	}
	application := map[string]any{"applicationId": skillID}
	session := map[string]any{"new": true, "application": application, "user": map[string]any{"userId": "u"}}
	switch {
	case example["request"] != nil:
	case example["type"] != nil: // a request alone
		example = map[string]any{"version": "1.0", "session": session, "request": example}
	default: // slots alone
		for name, slot := range example {
			delete(example, name)
			example["account"] = slot
		}
		example = map[string]any{"version": "1.0", "session": session, "request": map[string]any{
			"type": "IntentRequest", "intent": map[string]any{"name": "BalanceIntent", "slots": example},
		}}
	}
	stamp := func(holder any) {
		if h, ok := holder.(map[string]any); ok && h["application"] != nil {
			h["application"] = application
		}
	}
	stamp(example["session"])
	if context, ok := example["context"].(map[string]any); ok {
		stamp(context["System"])
	}
	inner := example["request"].(map[string]any)
	if _, number := inner["timestamp"].(float64); number {
		inner["timestamp"] = present.UnixMilli()
	} else {
		inner["timestamp"] = present
	}
	if inner["requestId"] == nil {
		inner["requestId"] = "amzn1.echo-api.request.wrapped"
	}
	out, err := json.Marshal(example)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWhatOthersSentIsAnswered(t *testing.T) {
	for _, file := range judge.Files(t, "alexa/*/*.json") {
		t.Run(strings.TrimSuffix(file, ".json"), func(t *testing.T) {
			content := judge.File(t, file)
			if _, _, err := platform(t).Decode(nil, content); err == nil {
				t.Error("as it stands, of years ago and for another skill, it is read")
			} else {
				reason(t, err)
			}
			turn, aside, err := platform(t).Decode(nil, wrapped(t, content))
			if err != nil {
				t.Fatal(err)
			}
			if (aside == nil) == (turn.Intent == "") {
				t.Errorf("got intent %q and answer %s, want exactly one", turn.Intent, answerTo(aside))
			}
		})
	}
}
