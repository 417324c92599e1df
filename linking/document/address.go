package document

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// Loopback stands in a list of hosts for this machine under any port, where plain http will do. It is for development.
const Loopback = "loopback"

// maxID bounds a client's id: it stands in every access token.
const maxID = 512

// hostname is a host in lower case, with or without a port.
var hostname = regexp.MustCompile(`^([a-z0-9][a-z0-9.-]*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?$`)

// address reads an id as the address of a document: absolute, https (http on loopback), with a path, and nothing that is read differently by
// two readers.
func address(id string) (*url.URL, bool) {
	if len(id) > maxID || !strings.HasPrefix(id, "http") || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' || r == '#' }) {
		return nil, false
	}
	u, err := url.Parse(id)
	if err != nil || u.Opaque != "" || u.User != nil || u.Hostname() == "" || !hostname.MatchString(u.Host) {
		return nil, false
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !home(u.Hostname())) {
		return nil, false
	}
	path := strings.ReplaceAll(strings.ToLower(u.EscapedPath()), "%2e", ".")
	if path == "" || path == "/" {
		return nil, false
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return nil, false
		}
	}
	return u, true
}

// Host is the host of an id, as a person may read it; empty where it is no address.
func Host(id string) string {
	u, ok := address(id)
	if !ok {
		return ""
	}
	return u.Host
}

// home says whether a host's name means this machine.
func home(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() && !ip.Is4In6() && ip.Zone() == ""
}

// special are blocks that look global and are not, or that lead to an address hidden inside (IANA's registries of special-purpose addresses).
var special = func() []netip.Prefix {
	var list []netip.Prefix
	for _, p := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", // protocol assignments and Teredo, documentation, 6to4
	} {
		list = append(list, netip.MustParsePrefix(p))
	}
	return list
}()

// global is where IPv6 gives out addresses of the public internet. What lies outside it, such as NAT64, leads elsewhere.
var global = netip.MustParsePrefix("2000::/3")

// public says whether an address is of the public internet, and cannot be of a network that only this machine can reach.
func public(ip netip.Addr) bool {
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.Is6() && !global.Contains(ip) { // which none of this machine or of its link is
		return false
	}
	for _, p := range special {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}
