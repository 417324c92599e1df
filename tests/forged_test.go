package tests

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sotto/server"
	"sotto/skills"
)

// forge is one request to /alexa as an adversary makes it.
type forge struct {
	body   []byte
	header http.Header
}

// TestForgedRequestsToAlexaAreRefusedInOneLine sends everything that is not quite Alexa's: each gets a 4xx, and leaves exactly one line that
// says why.
func TestForgedRequestsToAlexaAreRefusedInOneLine(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.speaker(t)
	s.link("ada", nil)
	good, err := s.device.Ask(skills.Balance, nil)
	if err != nil {
		t.Fatal(err)
	}
	change := func(old, with string) func() forge {
		return func() forge {
			if !bytes.Contains(good, []byte(old)) {
				t.Fatalf("the request has no %s", old)
			}
			body := []byte(strings.ReplaceAll(string(good), old, with))
			return forge{body, s.signed(body).Header}
		}
	}
	with := func(name, value string) func() forge {
		return func() forge {
			r := s.signed(good)
			r.Header.Set(name, value)
			return forge{good, r.Header}
		}
	}
	stamped := func(d time.Duration) func() forge {
		return change(h.Now().Format("2006-01-02T15:04:05Z"), h.Now().Add(d).Format("2006-01-02T15:04:05Z"))
	}
	signedBody := func(body string) func() forge {
		return func() forge { return forge{[]byte(body), s.signed([]byte(body)).Header} }
	}
	chain := s.file.Alexa.CertificateURL
	for name, tc := range map[string]struct {
		forge  func() forge
		status int
		reason string
	}{
		"a body changed by one byte after it was signed": {func() forge {
			return forge{bytes.Replace(good, []byte("BalanceIntent"), []byte("balanceIntent"), 1), s.signed(good).Header}
		}, 400, "signature"},
		"a signature by somebody else's key": {func() forge {
			key, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(good)
			signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
			if err != nil {
				t.Fatal(err)
			}
			return with("Signature-256", base64.StdEncoding.EncodeToString(signature))()
		}, 400, "signature"},
		"the old signature alone, over SHA-1": {func() forge {
			sum := sha1.Sum(good)
			signature, err := rsa.SignPKCS1v15(rand.Reader, s.signer.Key, crypto.SHA1, sum[:])
			if err != nil {
				t.Fatal(err)
			}
			f := with("Signature", base64.StdEncoding.EncodeToString(signature))()
			f.header.Del("Signature-256")
			return f
		}, 400, "no signature"},
		"no signature":                         {func() forge { f := with("X", "y")(); f.header.Del("Signature-256"); return f }, 400, "no signature"},
		"two signatures, one of them good":     {func() forge { f := with("X", "y")(); f.header.Add("Signature-256", "AAAA"); return f }, 400, "no signature"},
		"a signature that is no base64":        {with("Signature-256", "***"), 400, "no signature"},
		"no chain":                             {func() forge { f := with("X", "y")(); f.header.Del("SignatureCertChainUrl"); return f }, 400, "certificate url"},
		"a chain over http":                    {with("SignatureCertChainUrl", strings.Replace(chain, "https", "http", 1)), 400, "certificate url"},
		"a chain of another host":              {with("SignatureCertChainUrl", strings.Replace(chain, "s3.amazonaws.com", "evil.example", 1)), 400, "certificate url"},
		"a chain behind a name of a person":    {with("SignatureCertChainUrl", "https://s3.amazonaws.com@127.0.0.1/echo.api/x.pem"), 400, "certificate url"},
		"a chain in another's folder":          {with("SignatureCertChainUrl", "https://s3.amazonaws.com/echo.api/../evil/x.pem"), 400, "certificate url"},
		"a chain in another's folder, in code": {with("SignatureCertChainUrl", "https://s3.amazonaws.com/echo.api/%2e%2e/evil/x.pem"), 400, "certificate url"},
		"a chain on another port":              {with("SignatureCertChainUrl", strings.Replace(chain, ".com/", ".com:563/", 1)), 400, "certificate url"},
		"a chain in a folder that looks alike": {with("SignatureCertChainUrl", strings.Replace(chain, "echo.api/", "EcHo.aPi/", 1)), 400, "certificate url"},
		"a chain that is not there":            {with("SignatureCertChainUrl", "https://s3.amazonaws.com/echo.api/none.pem"), 400, "chain unreachable"},
		"a request of three minutes ago":       {stamped(-151 * time.Second), 400, "stale"},
		"a request of the future":              {stamped(151 * time.Second), 400, "stale"},
		"a request without a time":             {change(`"timestamp"`, `"time"`), 400, "malformed"},
		"a time that is no time":               {stampedAs(good, h, `"yesterday"`, s), 400, "malformed"},
		"a time that is a list":                {stampedAs(good, h, `[]`, s), 400, "malformed"},
		"a time beyond all numbers":            {stampedAs(good, h, `1e999`, s), 400, "malformed"},
		"a request to another skill":           {change(s.file.Alexa.SkillID, "amzn1.ask.skill.other"), 400, "application"},
		"a request to no skill":                {change(`"applicationId"`, `"id"`), 400, "application"},
		"a request to this skill and another": {func() forge {
			b := strings.Replace(string(good), s.file.Alexa.SkillID, "other", 1)
			return signedBody(b)()
		}, 400, "application"},
		"an empty body":                         {signedBody(""), 400, "malformed"},
		"a body that is null":                   {signedBody("null"), 400, "malformed"},
		"a body that is a list":                 {signedBody("[]"), 400, "malformed"},
		"half a body":                           {func() forge { return signedBody(string(good[:len(good)/2]))() }, 400, "malformed"},
		"two bodies":                            {func() forge { return signedBody(string(good) + string(good))() }, 400, "malformed"},
		"a name that stands twice":              {change(`"requestId"`, `"requestId":"a","requestId"`), 400, "malformed"},
		"a token that is no text":               {change(`"accessToken":"`, `"accessToken":[],"x":"`), 400, "malformed"},
		"bytes that are no text":                {change("en-US", "en\xff"), 400, "malformed"},
		"a body nested 65 deep":                 {change(`"version":`, `"x":`+strings.Repeat("[", 65)+strings.Repeat("]", 65)+`,"version":`), 400, "too deep"},
		"a body nested 30,000 deep":             {signedBody(strings.Repeat("[", 30_000)), 400, "too deep"},
		"a body of 64 KiB and a byte":           {signedBody(strings.Repeat(" ", 64<<10+1)), 413, "too large"},
		"a request id of 300 bytes":             {func() forge { return change(`"requestId":"`, `"requestId":"`+strings.Repeat("r", 300))() }, 400, "malformed"},
		"a person's language of 100 characters": {change("en-US", strings.Repeat("e", 100)), 400, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			f := tc.forge()
			before := h.log.String()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.PublicURL()+"/alexa", bytes.NewReader(f.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header = f.header
			status, _, body := ask(t, r)
			if status != tc.status || !json.Valid(body) {
				t.Errorf("got %d %s", status, body)
			}
			if strings.Contains(string(body), tc.reason) && tc.reason != "too large" {
				t.Errorf("the adversary is told why: %s", body)
			}
			lines := strings.Split(strings.TrimSpace(strings.TrimPrefix(h.log.String(), before)), "\n")
			var line struct{ Msg, Reason string }
			if len(lines) != 1 || json.Unmarshal([]byte(lines[0]), &line) != nil || line.Msg != "refused" || line.Reason != tc.reason {
				t.Errorf("the log says %q, want one line with the reason %q", lines, tc.reason)
			}
		})
	}
	if heard := s.hear(good); heard.LinkCard {
		t.Errorf("after all that the good request hears %s", heard.SSML)
	}
}

// stampedAs replaces the time of a request with any JSON.
func stampedAs(good []byte, h *openHouse, value string, s *speaker) func() forge {
	return func() forge {
		body := []byte(strings.Replace(string(good), `"`+h.Now().Format("2006-01-02T15:04:05Z")+`"`, value, 1))
		return forge{body, s.signed(body).Header}
	}
}

// TestCertificatesMadeWithTheDevelopmentRoot makes leaves of every kind with the root's key, as a test client would that was told of
// roots_key_file, and serves them where SOTTO_ALEXA_CERT_MIRROR points.
func TestCertificatesMadeWithTheDevelopmentRoot(t *testing.T) {
	t.Parallel()
	chains := http.NewServeMux()
	mirror := httptest.NewServer(chains)
	defer mirror.Close()
	h := openAs(t, morning, server.Config{State: t.TempDir(), Addr: "127.0.0.1:0", AlexaCertMirror: mirror.URL})
	s := h.speaker(t)
	read := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(h.state, name))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(content)
		return block.Bytes
	}
	root, err := x509.ParseCertificate(read(s.file.Alexa.RootsFile))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(read(s.file.Alexa.RootsKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	rootKey, _ := parsed.(*rsa.PrivateKey)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	day := 24 * time.Hour
	for i, tc := range []struct {
		name, host  string
		from, until time.Duration
		alone       bool // signed by itself
		status      int
		later       time.Duration // how much later the same is asked again
		then        int
	}{
		{name: "a leaf for Alexa is good, and no longer when it has expired since", host: "echo-api.amazon.com", from: -day, until: day, status: 200, later: 25 * time.Hour, then: 400},
		{name: "a leaf for another host is refused", host: "echo-api.example.com", from: -day, until: day, status: 400},
		{name: "a leaf that is over is refused", host: "echo-api.amazon.com", from: -2 * day, until: -day, status: 400},
		{name: "a leaf that has not begun is refused, and good when it has", host: "echo-api.amazon.com", from: day, until: 9 * day, status: 400, later: 2 * day, then: 200},
		{name: "a leaf that signed itself is refused", host: "echo-api.amazon.com", from: -day, until: day, alone: true, status: 400},
	} {
		t.Run(tc.name, func(t *testing.T) {
			template := &x509.Certificate{
				SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: "echo-api.amazon.com"}, DNSNames: []string{tc.host},
				NotBefore: h.Now().Add(tc.from), NotAfter: h.Now().Add(tc.until), KeyUsage: x509.KeyUsageDigitalSignature,
				ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			}
			parent, parentKey := root, rootKey
			if tc.alone {
				parent, parentKey = template, key
			}
			der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
			if err != nil {
				t.Fatal(err)
			}
			path := fmt.Sprintf("/echo.api/own-%d.pem", i)
			file := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
			chains.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(file) })
			s.signer.CertificateURL, s.signer.Key = "https://s3.amazonaws.com"+path, key
			launch := func() int {
				body, err := s.device.Launch()
				if err != nil {
					t.Fatal(err)
				}
				status, _ := send(t, s.signed(body))
				return status
			}
			if got := launch(); got != tc.status {
				t.Errorf("got %d, want %d", got, tc.status)
			}
			if tc.later == 0 {
				return
			}
			h.pass(tc.later)
			if got := launch(); got != tc.then {
				t.Errorf("%s later got %d, want %d", tc.later, got, tc.then)
			}
		})
	}
}
