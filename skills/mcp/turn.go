package mcp

import (
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"sotto/linking"
	"sotto/skills"
)

// continueAfter is the argument by which a list goes on, and the member of a result that gives it. In a spoken conversation the dialogue
// holds that number; here there is none between two calls.
const continueAfter = "continue_after"

// maxAfter is more than any list is long.
const maxAfter = 1000

// maxLocale bounds what is looked at as a locale (RFC 5646 section 4.4.1).
const maxLocale = 35

// turn reads a call. The arguments fit the tool's schema.
func (p *Platform) turn(t tool, header http.Header, arguments map[string]any) (skills.Turn, error) {
	id := make([]byte, 16)
	if _, err := io.ReadFull(p.o.Random, id); err != nil {
		return skills.Turn{}, fmt.Errorf("name a turn: %w", err)
	}
	turn := skills.Turn{
		ID:       "mcp." + hex.EncodeToString(id), // a call's own id is unique only to its caller
		Platform: linking.MCP, Locale: locale(header.Get("Accept-Language")), Intent: t.entry.Intent,
		Token: linking.Bearer(header.Get("Authorization")), Slots: skills.Slots{},
	}
	for _, name := range t.entry.Slots {
		if value, filled := arguments[string(name)]; filled {
			turn.Slots[name] = p.slot(name, value)
		}
	}
	if after, more := arguments[continueAfter]; more {
		turn.Dialogue = skills.Dialogue{Intent: turn.Intent, Slots: turn.Slots, Asked: skills.AskedMore, Page: whole(after)}
		turn.Intent = skills.Yes
	}
	return turn, nil
}

// slot is an argument as the conversation hears it.
func (p *Platform) slot(name skills.SlotName, value any) skills.Slot {
	heard, isText := value.(string)
	if !isText {
		heard = strconv.Itoa(whole(value))
	}
	s := skills.Slot{Heard: heard}
	switch name {
	case skills.SlotCategory:
		s.Values = []string{heard} // the schema lists the ids
	case skills.SlotAccount, skills.SlotMerchant:
		s.Values = p.o.Language.Find(name, heard)
	default:
	}
	return s
}

// whole is a JSON number that the schema has found to be an integer within bounds.
func whole(value any) int {
	n, _ := value.(float64)
	return int(math.Round(n))
}

// locale is the language that is wanted most of all, RFC 9110 section 12.5.4; MCP itself has no word for it.
func locale(acceptLanguage string) string {
	first, _, _ := strings.Cut(acceptLanguage, ",")
	first, _, _ = strings.Cut(first, ";")
	if first = strings.TrimSpace(first); len(first) <= maxLocale && first != "*" {
		return first
	}
	return ""
}
