package messenger

import (
	"net/url"
	"strings"
)

// LinkPath is the route that Meta's button for account linking opens.
const LinkPath = "/messenger/link"

// The only place to which a browser is sent back from linking.
const (
	metaHost = "www.facebook.com"
	metaPath = "/messenger_platform/account_linking"
)

// Back proves the way back from linking that stands in the query with which Meta opened LinkPath: Meta's own, with the account linking
// token that Meta gave. Anything else would carry the handover to a stranger.
func Back(q url.Values) (string, error) {
	if len(q["redirect_uri"]) != 1 || len(q["account_linking_token"]) > 1 {
		return "", refuse(Redirect)
	}
	raw, token := q.Get("redirect_uri"), q.Get("account_linking_token")
	u, err := url.Parse(raw)
	if err != nil || len(raw) > 2048 || len(token) > 1024 {
		return "", refuse(Redirect)
	}
	for _, b := range []byte(raw) {
		if b <= ' ' || b >= 0x7f || b == '\\' {
			return "", refuse(Redirect)
		}
	}
	if u.Scheme != "https" || u.Host != metaHost || u.User != nil || u.Opaque != "" || strings.Contains(raw, "#") ||
		u.EscapedPath() != metaPath && u.EscapedPath() != metaPath+"/" || u.Query().Has("authorization_code") {
		return "", refuse(Redirect)
	}
	within := u.Query().Get("account_linking_token")
	if token == "" && within == "" || token != "" && within != "" && token != within {
		return "", refuse(Redirect)
	}
	if within == "" {
		return appendTo(raw, url.Values{"account_linking_token": {token}}), nil
	}
	return raw, nil
}

func appendTo(raw string, q url.Values) string {
	if strings.Contains(raw, "?") {
		return raw + "&" + q.Encode()
	}
	return raw + "?" + q.Encode()
}
