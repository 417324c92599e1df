package messenger_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sotto/skills/messenger"
)

func TestWhoCannotSignIsRefused(t *testing.T) {
	p := open(t)
	const body = `{"object":"page","entry":[{"messaging":[{"message":{"text":"\u00e4"}}]}]}`
	header := func(values ...string) http.Header { return http.Header{"X-Hub-Signature-256": values} }
	good := "sha256=" + hexMAC(secret, body)
	for name, tc := range map[string]struct {
		header http.Header
		body   string
		why    messenger.Reason
		status int
	}{
		"a delivery without a signature":                           {http.Header{}, body, messenger.NoSignature, forbidden},
		"two signatures, of which one is good":                     {header(good, good), body, messenger.NoSignature, forbidden},
		"the old signature with SHA-1 alone":                       {http.Header{"X-Hub-Signature": {"sha1=" + strings.Repeat("a", 40)}}, body, messenger.NoSignature, forbidden},
		"a signature that is no hex":                               {header("sha256=" + strings.Repeat("z", 64)), body, messenger.NoSignature, forbidden},
		"half a signature":                                         {header(good[:40]), body, messenger.NoSignature, forbidden},
		"a signature without its algorithm":                        {header(hexMAC(secret, body)), body, messenger.NoSignature, forbidden},
		"a signature by another secret":                            {header("sha256=" + hexMAC("another", body)), body, messenger.Signature, forbidden},
		"a signature of another delivery":                          {header("sha256=" + hexMAC(secret, body+" ")), body, messenger.Signature, forbidden},
		"a delivery of which one byte was changed":                 {header(good), strings.Replace(body, "page", "Page", 1), messenger.Signature, forbidden},
		"a delivery that was written anew, with the letter itself": {header(good), strings.Replace(body, `\u00e4`, "ä", 1), messenger.Signature, forbidden},
		"a delivery larger than any":                               {header(good), strings.Repeat(" ", messenger.MaxBody+1), messenger.TooLarge, http.StatusRequestEntityTooLarge},
	} {
		t.Run(name+" is refused", func(t *testing.T) { refused(t, p.Verify(tc.header, []byte(tc.body)), tc.why, tc.status) })
	}
	if err := p.Verify(header(good), []byte(body)); err != nil {
		t.Errorf("what Meta sent is refused: %v", err)
	}
}

func TestOnlyWhoKnowsTheVerifyTokenGetsTheChallenge(t *testing.T) {
	p := open(t)
	q := func(mode, token, challenge string) url.Values {
		return url.Values{"hub.mode": {mode}, "hub.verify_token": {token}, "hub.challenge": {challenge}}
	}
	if got, err := p.Subscribe(q("subscribe", "verify me", "1158201444")); err != nil || got != "1158201444" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, token := range []string{"", "verify", "verify me ", "VERIFY ME"} {
		_, err := p.Subscribe(q("subscribe", token, "1"))
		refused(t, err, messenger.VerifyToken, forbidden)
	}
	for _, tc := range []url.Values{q("unsubscribe", "verify me", "1"), q("subscribe", "verify me", ""), q("subscribe", "verify me", strings.Repeat("1", 1001))} {
		_, err := p.Subscribe(tc)
		refused(t, err, messenger.Malformed, bad)
	}
}

func TestAPageWithoutItsSecretsIsNotOpened(t *testing.T) {
	for name, change := range map[string]func(*messenger.Config){
		"app secret": func(c *messenger.Config) { c.AppSecret = "" }, "verify token": func(c *messenger.Config) { c.VerifyToken = "" },
		"page token": func(c *messenger.Config) { c.PageToken = "" }, "page id": func(c *messenger.Config) { c.PageID = "" },
		"not a number": func(c *messenger.Config) { c.PageID = "me" }, "Graph URL": func(c *messenger.Config) { c.GraphURL = "graph.facebook.com" },
	} {
		c := messenger.Config{AppSecret: "a", VerifyToken: "b", PageToken: "c", PageID: "1", GraphURL: messenger.GraphURL, PublicURL: house}
		change(&c)
		if _, err := messenger.New(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheOnlyWayBackFromLinkingIsMetas(t *testing.T) {
	const meta = "https://www.facebook.com/messenger_platform/account_linking/?account_linking_token=ABC"
	q := func(redirect string) url.Values {
		return url.Values{"redirect_uri": {redirect}, "account_linking_token": {"ABC"}}
	}
	for given, want := range map[string]string{
		meta: meta,
		"https://www.facebook.com/messenger_platform/account_linking":                                  "https://www.facebook.com/messenger_platform/account_linking?account_linking_token=ABC",
		"https://www.facebook.com/messenger_platform/account_linking?x=1":                              "https://www.facebook.com/messenger_platform/account_linking?x=1&account_linking_token=ABC",
		"https://www.facebook.com/messenger_platform/account_linking?account_linking_token=ABC&page=1": "https://www.facebook.com/messenger_platform/account_linking?account_linking_token=ABC&page=1",
	} {
		if got, err := messenger.Back(q(given)); err != nil || got != want {
			t.Errorf("%s: got %s, %v", given, got, err)
		}
	}
	for _, stranger := range []string{
		"", "https://evil.example/messenger_platform/account_linking", "http://www.facebook.com/messenger_platform/account_linking",
		"https://www.facebook.com.evil.example/messenger_platform/account_linking", "https://facebook.com/messenger_platform/account_linking",
		"https://www.facebook.com@evil.example/messenger_platform/account_linking", "https://evil@www.facebook.com/messenger_platform/account_linking",
		"https://www.facebook.com:443/messenger_platform/account_linking", "https://www.facebook.com/l.php?u=https://evil.example",
		"https://www.facebook.com/messenger_platform/account_linking/../../l.php", "https://www.facebook.com/messenger_platform/account_linkingX",
		"https://www.facebook.com/messenger_platform/account_linking#@evil.example", `https://www.facebook.com\@evil.example/messenger_platform/account_linking`,
		"//www.facebook.com/messenger_platform/account_linking", "javascript:alert(1)", "https://www.facebook.com/messenger_platform%2Faccount_linking",
		"https://www.facebook.com/messenger_platform/account_linking?authorization_code=theirs", "https://www.facebook.com/messenger_platform/account_linking?account_linking_token=OTHER",
		meta + "\nSet-Cookie: a=b", "https://www.facebook.com/" + strings.Repeat("a", 3000),
	} {
		if got, err := messenger.Back(q(stranger)); err == nil {
			t.Errorf("%q: a browser would be sent to %s", stranger, got)
		}
	}
	twice := q(meta)
	twice.Add("redirect_uri", "https://evil.example/")
	if _, err := messenger.Back(twice); err == nil {
		t.Error("two ways back were taken")
	}
	if _, err := messenger.Back(url.Values{"redirect_uri": {"https://www.facebook.com/messenger_platform/account_linking"}}); err == nil {
		t.Error("a way back without Meta's token was taken")
	}
}

func TestOnlyMetaMayHaveSomebodyForgotten(t *testing.T) {
	p := open(t)
	content := b64([]byte(`{"algorithm":"HMAC-SHA256","expires":1291840400,"issued_at":1291836800,"user_id":"218471"}`))
	good := b64(mac(secret, content)) + "." + content
	e, err := p.Forget(good)
	if err != nil || e.Kind != messenger.Deletion || e.AppUser != "218471" || e.ID == "" {
		t.Fatalf("got %v %q, %v", e.Kind, e.AppUser, err)
	}
	padded := b64(mac(secret, content)) + "=." + content
	if again, err := p.Forget(padded); err != nil || again.ID != e.ID {
		t.Errorf("the same with padding: %v", err)
	}
	sign := func(text string) string { c := b64([]byte(text)); return b64(mac(secret, c)) + "." + c }
	if e, err := p.Forget(sign(`{"algorithm":"HMAC-SHA256","issued_at":1,"user_id":218471}`)); err != nil || e.AppUser != "218471" {
		t.Errorf("a number: %v", err)
	}
	for name, tc := range map[string]struct {
		request string
		why     messenger.Reason
		status  int
	}{
		"nothing":                               {"", messenger.NoSignature, forbidden},
		"no signature":                          {"." + content, messenger.NoSignature, forbidden},
		"content alone":                         {content, messenger.NoSignature, forbidden},
		"a signature by another secret":         {b64(mac("another", content)) + "." + content, messenger.Signature, forbidden},
		"another person under a good signature": {b64(mac(secret, content)) + "." + b64([]byte(`{"algorithm":"HMAC-SHA256","user_id":"666"}`)), messenger.Signature, forbidden},
		"a signature of the decoded text":       {b64(mac(secret, `{"user_id":"1"}`)) + "." + b64([]byte(`{"user_id":"1"}`)), messenger.Signature, forbidden},
		"another algorithm":                     {sign(`{"algorithm":"none","user_id":"1"}`), messenger.Malformed, bad},
		"no person":                             {sign(`{"algorithm":"HMAC-SHA256"}`), messenger.Malformed, bad},
		"a person that is a path":               {sign(`{"algorithm":"HMAC-SHA256","user_id":"1/../2"}`), messenger.Malformed, bad},
		"no JSON":                               {sign(`{algorithm:`), messenger.Malformed, bad},
		"more than anybody sends":               {strings.Repeat("a", 8<<10+1), messenger.TooLarge, http.StatusRequestEntityTooLarge},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			_, err := p.Forget(tc.request)
			refused(t, err, tc.why, tc.status)
		})
	}
}

func FuzzBack(f *testing.F) {
	f.Add("https://www.facebook.com/messenger_platform/account_linking/?account_linking_token=ABC", "ABC")
	f.Add("https://www.facebook.com/messenger_platform/account_linking?x=1&x=2", "a b&c")
	f.Add(`https://www.facebook.com\@evil.example/messenger_platform/account_linking`, "")
	f.Fuzz(func(t *testing.T, redirect, token string) {
		back, err := messenger.Back(url.Values{"redirect_uri": {redirect}, "account_linking_token": {token}})
		if err != nil {
			return
		}
		u, err := url.Parse(back)
		if err != nil || u.Scheme != "https" || u.Host != "www.facebook.com" || strings.TrimSuffix(u.EscapedPath(), "/") != "/messenger_platform/account_linking" ||
			u.Query().Get("account_linking_token") == "" || u.Query().Has("authorization_code") || strings.ContainsAny(back, "#\\\r\n ") {
			t.Errorf("a browser would be sent to %q, %v", back, err)
		}
	})
}
