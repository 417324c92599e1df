package alexa_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"sotto/skills/alexa"
)

// reason gives why a request was refused, empty where it was not.
func reason(t testing.TB, err error) alexa.Reason {
	t.Helper()
	if err == nil {
		return ""
	}
	var refused *alexa.RefusedError
	if !errors.As(err, &refused) {
		t.Fatalf("%v is no *RefusedError", err)
	}
	return refused.Why
}

func TestVerify(t *testing.T) {
	body := []byte(`{"version":"1.0"}`)
	digest := sha256.Sum256(body)
	another := keys()[1]
	for name, tc := range map[string]struct {
		change func(h http.Header)
		body   string
		want   alexa.Reason
	}{
		"a request signed by Alexa is genuine": {},
		"header names in another case are the same": {change: func(h http.Header) {
			h["signaturecertchainurl"], h["SIGNATURE-256"] = h["Signaturecertchainurl"], h["Signature-256"]
			h.Del("SignatureCertChainUrl")
			h.Del("Signature-256")
		}},
		"a body changed by one byte after signing is refused":        {body: `{"version":"1.1"}`, want: alexa.Signature},
		"a body with a byte appended is refused":                     {body: string(body) + " ", want: alexa.Signature},
		"an empty body under the signature of another is refused":    {body: "\x00", want: alexa.Signature},
		"a body over 64 KiB is refused before anything is looked at": {body: strings.Repeat(" ", 64<<10+1), want: alexa.TooLarge},
		"a request without any signature is refused":                 {change: func(h http.Header) { h.Del("Signature-256") }, want: alexa.NoSignature},
		"a request without a certificate URL is refused":             {change: func(h http.Header) { h.Del("SignatureCertChainUrl") }, want: alexa.CertificateURL},
		"a certificate URL on an attacker's host is refused":         {change: func(h http.Header) { h.Set("SignatureCertChainUrl", "https://evil.example/echo.api/x.pem") }, want: alexa.CertificateURL},
		"a URL under Amazon's folder that holds no chain is refused": {change: func(h http.Header) { h.Set("SignatureCertChainUrl", genuine+".x") }, want: alexa.Unreachable},
		"two signatures, of which one is good, are refused":          {change: func(h http.Header) { h.Add("Signature-256", h.Get("Signature-256")) }, want: alexa.NoSignature},
		"a second signature under a name in another case is refused": {change: func(h http.Header) { h["signature-256"] = h["Signature-256"] }, want: alexa.NoSignature},
		"two certificate URLs are refused":                           {change: func(h http.Header) { h.Add("SignatureCertChainUrl", genuine) }, want: alexa.CertificateURL},
		"a signature that is no base64 is refused":                   {change: func(h http.Header) { h.Set("Signature-256", "!!!!") }, want: alexa.NoSignature},
		"a signature with line breaks in its base64 is refused":      {change: func(h http.Header) { s := h.Get("Signature-256"); h.Set("Signature-256", s[:8]+"\n"+s[8:]) }, want: alexa.NoSignature},
		"a signature whose last bits say nothing is refused, since it has two spellings": {change: func(h http.Header) {
			text := []byte(h.Get("Signature-256")) // 344 characters, of which the last before "==" carries two bits
			const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
			text[341] = alphabet[strings.IndexByte(alphabet, text[341])|1]
			h.Set("Signature-256", string(text))
		}, want: alexa.NoSignature},
		"a signature of a megabyte is refused":                   {change: func(h http.Header) { h.Set("Signature-256", strings.Repeat("A", 1<<20)) }, want: alexa.NoSignature},
		"a signature of another length than the key is refused":  {change: func(h http.Header) { h.Set("Signature-256", "AAAA") }, want: alexa.Signature},
		"an empty signature is refused":                          {change: func(h http.Header) { h.Set("Signature-256", "") }, want: alexa.NoSignature},
		"a good SHA-1 signature alone, as years ago, is refused": {change: legacy(t, body), want: alexa.NoSignature},
		"a SHA-1 signature in the place of the SHA-256 one is refused": {change: func(h http.Header) {
			legacy(t, body)(h)
			h.Set("Signature-256", h.Get("Signature"))
		}, want: alexa.Signature},
		"a signature by a key that is not the certificate's is refused": {change: func(h http.Header) {
			signature, err := rsa.SignPKCS1v15(nil, another, crypto.SHA256, digest[:])
			if err != nil {
				t.Fatal(err)
			}
			h.Set("Signature-256", base64.StdEncoding.EncodeToString(signature))
		}, want: alexa.Signature},
		"an RSA-PSS signature by the right key is refused": {change: func(h http.Header) {
			signature, err := rsa.SignPSS(rand.Reader, leafKey(), crypto.SHA256, digest[:], nil)
			if err != nil {
				t.Fatal(err)
			}
			h.Set("Signature-256", base64.StdEncoding.EncodeToString(signature))
		}, want: alexa.Signature},
	} {
		t.Run(name, func(t *testing.T) {
			platform, _, _ := house(t, stopped)
			header, sent := signed(t, genuine, body), body
			if tc.change != nil {
				tc.change(header)
			}
			if tc.body != "" {
				sent = []byte(tc.body)
			}
			if got := reason(t, platform.Verify(t.Context(), header, sent)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// legacy replaces the signature by the one Alexa used to send.
func legacy(t *testing.T, body []byte) func(http.Header) {
	return func(h http.Header) {
		digest := sha1.Sum(body)
		signature, err := rsa.SignPKCS1v15(nil, leafKey(), crypto.SHA1, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		h.Del("Signature-256")
		h.Set("Signature", base64.StdEncoding.EncodeToString(signature))
	}
}

func TestChains(t *testing.T) {
	body := []byte(`{}`)
	root := newAuthority(t, "root", nil)
	between := newAuthority(t, "between", root)
	stranger := newAuthority(t, "stranger", nil)
	public := &leafKey().PublicKey
	over := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = present.AddDate(0, -2, 0), present.Add(-time.Second)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	weak := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1023, 1), E: 65537}
	ended := newAuthority(t, "ended", root)
	ended.certificate = sign(t, &x509.Certificate{
		Subject: ended.certificate.Subject, NotBefore: present.AddDate(-1, 0, 0), NotAfter: present.Add(-time.Hour), IsCA: true, KeyUsage: x509.KeyUsageCertSign,
	}, root.certificate, ended.key.Public(), root.key)
	good := root.leaf(t, public, nil)

	for name, tc := range map[string]struct {
		chain string
		want  alexa.Reason
	}{
		"a leaf directly under a trusted root holds":                     {chainOf(good), ""},
		"a leaf under an intermediate holds":                             {chainOf(between.leaf(t, public, nil), between.certificate, root.certificate), ""},
		"an intermediate that is left out breaks the chain":              {chainOf(between.leaf(t, public, nil)), alexa.Chain},
		"a chain that ends at a root nobody trusts is refused":           {chainOf(stranger.leaf(t, public, nil), stranger.certificate), alexa.Chain},
		"a genuine chain behind a forged leaf does not help":             {chainOf(stranger.leaf(t, public, nil), good, root.certificate), alexa.Chain},
		"a certificate for another Amazon name is refused":               {chainOf(root.leaf(t, public, names("s3.amazonaws.com"))), alexa.SAN},
		"a wildcard for all of Amazon is refused":                        {chainOf(root.leaf(t, public, names("*.amazon.com"))), alexa.SAN},
		"the right name as common name only is refused":                  {chainOf(root.leaf(t, public, names())), alexa.SAN},
		"a name that only begins like Alexa's is refused":                {chainOf(root.leaf(t, public, names("echo-api.amazon.com.evil.example"))), alexa.SAN},
		"the right name among others holds":                              {chainOf(root.leaf(t, public, names("other.amazon.com", "echo-api.amazon.com"))), ""},
		"a certificate that ended a second ago is refused":               {chainOf(root.leaf(t, public, over)), alexa.Expired},
		"a certificate that begins tomorrow is refused":                  {chainOf(root.leaf(t, public, func(c *x509.Certificate) { c.NotBefore = present.Add(24 * time.Hour) })), alexa.Expired},
		"an intermediate that has ended is refused":                      {chainOf(ended.leaf(t, public, nil), ended.certificate), alexa.Expired},
		"a certificate that may not speak for a server is refused":       {chainOf(root.leaf(t, public, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} })), alexa.Chain},
		"a key that is not RSA is refused":                               {chainOf(root.leaf(t, &curve.PublicKey, nil)), alexa.Chain},
		"a key that can be broken is refused":                            {chainOf(root.leaf(t, weak, nil)), alexa.Chain},
		"an empty file is refused":                                       {"", alexa.Chain},
		"an error page in the place of a chain is refused":               {"<html>AccessDenied</html>", alexa.Chain},
		"a PEM block that is no certificate is refused":                  {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", alexa.Chain},
		"a certificate that cannot be read is refused":                   {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", alexa.Chain},
		"nine certificates are refused":                                  {strings.Repeat(chainOf(good), 9), alexa.Chain},
		"a file over 64 KiB is refused though it begins with a good one": {chainOf(good) + strings.Repeat("#\n", 40<<10), alexa.Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bucket{files: map[string]string{genuine: tc.chain}, status: map[string]int{}}
			platform := endpoint(t, root, b, stopped)
			if got := reason(t, platform.Verify(t.Context(), signed(t, genuine, body), body)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func names(dns ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.DNSNames = dns }
}

func TestARedirectToAnotherHostIsNotFollowed(t *testing.T) {
	platform, b, _ := house(t, stopped)
	const moved = "https://s3.amazonaws.com/echo.api/moved.pem"
	b.status[moved] = http.StatusFound
	if got := reason(t, platform.Verify(t.Context(), signed(t, moved, nil), nil)); got != alexa.Unreachable {
		t.Errorf("got %q, want %q", got, alexa.Unreachable)
	}
	if b.count() != 1 {
		t.Errorf("fetched %v, want only the first", b.asked)
	}
}

func TestAMirrorIsAskedForThePathOfTheCertificateURL(t *testing.T) {
	root := newAuthority(t, "root", nil)
	b := &bucket{files: map[string]string{"http://127.0.0.1:8080/mirror/echo.api/x.pem": chainOf(root.leaf(t, &leafKey().PublicKey, nil))}, status: map[string]int{}}
	platform, err := alexa.New(alexa.Config{SkillIDs: []string{skillID}, Roots: root.pool(), Transport: b, Now: stopped, Mirror: "http://127.0.0.1:8080/mirror/"})
	if err != nil {
		t.Fatal(err)
	}
	header := signed(t, "https://S3.amazonaws.com:443/echo.api/../echo.api/./x.pem", nil)
	if err := platform.Verify(t.Context(), header, nil); err != nil {
		t.Error(err)
	}
}

func TestAnEndpointThatWouldAcceptAnybodyIsNotMade(t *testing.T) {
	for name, c := range map[string]alexa.Config{
		"no skill id":              {Now: stopped},
		"an empty skill id":        {Now: stopped, SkillIDs: []string{""}},
		"no clock":                 {SkillIDs: []string{skillID}},
		"a mirror that is a file":  {Now: stopped, SkillIDs: []string{skillID}, Mirror: "file:///etc"},
		"a mirror with a password": {Now: stopped, SkillIDs: []string{skillID}, Mirror: "https://a:b@mirror.example"},
		"a mirror with a query":    {Now: stopped, SkillIDs: []string{skillID}, Mirror: "https://mirror.example?path="},
		"a mirror without a host":  {Now: stopped, SkillIDs: []string{skillID}, Mirror: "https:///x"},
		"a mirror that is no URL":  {Now: stopped, SkillIDs: []string{skillID}, Mirror: ":"},
	} {
		if _, err := alexa.New(c); err == nil {
			t.Errorf("%s: made", name)
		}
	}
}

func TestACallerWhoIsGoneDoesNotWaitForAChain(t *testing.T) {
	platform, b, _ := house(t, stopped)
	b.block = make(chan struct{})
	defer close(b.block)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := platform.Verify(ctx, signed(t, genuine, nil), nil)
	if got := reason(t, err); got != alexa.Unreachable || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
