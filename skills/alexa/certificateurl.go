package alexa

import (
	"net/url"
	"path"
	"strings"
)

const (
	certificateHost   = "s3.amazonaws.com"
	certificateFolder = "/echo.api/"
	maxCertificateURL = 512
)

// certificatePath gives the path of a certificate URL, its dot segments removed, and whether it is one that Amazon uses: https,
// s3.amazonaws.com, port 443 or none, in the folder /echo.api/. It is stricter than Amazon asks: nothing may be percent-encoded,
// and there is no query, fragment or name of a person, since each is a way to say one address and mean another.
func certificatePath(raw string) (string, bool) {
	if len(raw) > maxCertificateURL {
		return "", false
	}
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c >= 0x7f || c == '%' || c == '\\' || c == '?' || c == '#' || c == '@' {
			return "", false
		}
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.Opaque != "" {
		return "", false
	}
	switch strings.ToLower(u.Host) {
	case certificateHost, certificateHost + ":443":
	default:
		return "", false
	}
	clean := path.Clean(u.Path)
	if !strings.HasPrefix(clean, certificateFolder) {
		return "", false
	}
	return clean, true
}
