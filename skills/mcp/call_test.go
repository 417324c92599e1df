package mcp_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"sotto/linking"
	"sotto/skills"
	"sotto/skills/mcp"
)

func TestWhatACallNeedsIsReadFromItsBody(t *testing.T) {
	p := open(t, skills.Reply{}).p
	call := func(params string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":` + params + `}`
	}
	for name, tc := range map[string]struct {
		body string
		tool bool
		want []linking.Scope
		err  error
	}{
		"a balance":                           {call(`{"name":"get_balance"}`), true, []linking.Scope{linking.Balances}, nil},
		"spending":                            {call(`{"name":"get_spending","arguments":{"category":"cash"}}`), true, []linking.Scope{linking.Spending}, nil},
		"spending at a merchant":              {call(`{"name":"get_spending","arguments":{"merchant":"Tesco"}}`), true, []linking.Scope{linking.Spending, linking.Transactions}, nil},
		"what was shared":                     {call(`{"name":"list_shared","arguments":{}}`), true, nil, nil},
		"a tool that there is not":            {call(`{"name":"pay"}`), true, nil, nil},
		"a list":                              {`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, false, nil, nil},
		"a notification with a name":          {`{"jsonrpc":"2.0","method":"notifications/initialized","params":{"name":7}}`, false, nil, nil},
		"a call that hides its name":          {call(`{"name":"list_shared","name":"get_balance"}`), false, nil, mcp.ErrUnreadable},
		"a call whose name is no text":        {call(`{"name":["get_balance"]}`), false, nil, mcp.ErrUnreadable},
		"a method that is said twice":         {`{"method":"tools/list","method":"tools/call","params":{"name":"get_balance"}}`, false, nil, mcp.ErrUnreadable},
		"a member in other letters":           {`{"method":"tools/list","Method":"tools/call","params":{"name":"get_balance"}}`, false, nil, nil},
		"a call of a name like a book":        {call(`{"name":"` + strings.Repeat("pay", 50) + `"}`), false, nil, mcp.ErrUnreadable},
		"several calls in one body":           {`[` + call(`{"name":"get_balance"}`) + `]`, false, nil, mcp.ErrUnreadable},
		"no JSON":                             {`get_balance`, false, nil, mcp.ErrUnreadable},
		"nothing":                             {``, false, nil, mcp.ErrUnreadable},
		"more than one message, one by one":   {call(`{"name":"list_shared"}`) + call(`{"name":"get_balance"}`), false, nil, mcp.ErrUnreadable},
		"a call nested deeper than is needed": {call(strings.Repeat(`{"a":`, 20000) + `1` + strings.Repeat(`}`, 20000)), false, nil, mcp.ErrUnreadable},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := p.Read([]byte(tc.body))
			if !errors.Is(err, tc.err) || got.Tool != tc.tool || !slices.Equal(got.Needs, tc.want) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{`{"method":"tools/call","params":{"name":"get_balance","arguments":{"account":"x"}}}`, `[]`, `{"method":1}`, "\xff"} {
		f.Add([]byte(seed))
	}
	p := open(f, skills.Reply{}).p
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := p.Read(body)
		if err != nil && (c.Tool || c.Needs != nil) {
			t.Errorf("%v, and yet %+v", err, c)
		}
		if c.Needs != nil && !c.Tool {
			t.Errorf("needs without a call: %+v", c)
		}
	})
}
