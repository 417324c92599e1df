package linking

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// redirectable says whether raw may be registered as a redirect URI.
func redirectable(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > 2048 || u.Host == "" || u.Opaque != "" || u.User != nil || strings.Contains(raw, "#") {
		return false
	}
	for _, b := range []byte(raw) {
		if b <= ' ' || b >= 0x7f {
			return false
		}
	}
	return u.Scheme == "https" && u.Hostname() != "" || u.Scheme == "http" && loopback(u.Hostname())
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Zone() == "" && (ip == netip.IPv6Loopback() || ip == netip.AddrFrom4([4]byte{127, 0, 0, 1}))
}

// redirects says whether the client may be answered at asked: byte for byte one it registered. Where that is http on a loopback
// host, the port may be any (RFC 8252 section 7.3): for a public client always, for another if it registered none.
func (c Client) redirects(asked string) bool {
	return slices.ContainsFunc(c.RedirectURIs, func(registered string) bool { return registered == asked || c.samePortless(registered, asked) })
}

func (c Client) samePortless(registered, asked string) bool {
	r, err := url.Parse(registered)
	if err != nil || r.Scheme != "http" || !loopback(r.Hostname()) || c.Auth != Public && r.Port() != "" {
		return false
	}
	// Cut the port out of the bytes that were sent, so that nothing else is normalised on the way.
	rest, ok := strings.CutPrefix(asked, "http://")
	if !ok {
		return false
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	host, port, found := cutPort(rest[:end])
	if found && !validPort(port) {
		return false
	}
	registeredHost, _, _ := cutPort(r.Host)
	return host == registeredHost && rest[end:] == strings.TrimPrefix(registered, "http://"+r.Host)
}

// cutPort cuts "127.0.0.1:80" or "[::1]:80".
func cutPort(hostport string) (host, port string, found bool) {
	i := strings.LastIndexByte(hostport, ':')
	if i < 0 || strings.HasSuffix(hostport, "]") {
		return hostport, "", false
	}
	return hostport[:i], hostport[i+1:], true
}

func validPort(port string) bool {
	_, err := strconv.ParseUint(port, 10, 16)
	return err == nil && port[0] != '0'
}
