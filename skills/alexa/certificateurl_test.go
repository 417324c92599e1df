package alexa

import (
	"strings"
	"testing"
)

func TestCertificateURL(t *testing.T) {
	for raw, want := range map[string]string{
		// As Amazon says it, and as the tests of npm's alexa-verifier 4.0.0 have it.
		"https://s3.amazonaws.com/echo.api/echo-api-cert.pem":             "/echo.api/echo-api-cert.pem",
		"HTTPS://s3.amazonaws.com/echo.api/echo-api-cert.pem":             "/echo.api/echo-api-cert.pem",
		"https://S3.AMAZONAWS.COM/echo.api/echo-api-cert.pem":             "/echo.api/echo-api-cert.pem",
		"https://s3.amazonaws.com:443/echo.api/echo-api-cert.pem":         "/echo.api/echo-api-cert.pem",
		"https://s3.amazonaws.com/echo.api/../echo.api/echo-api-cert.pem": "/echo.api/echo-api-cert.pem",
		"http://s3.amazonaws.com/echo.api/echo-api-cert.pem":              "",
		"https://notamazon.com/echo.api/echo-api-cert.pem":                "",
		"https://s3.amazonaws.com/EcHo.aPi/echo-api-cert.pem":             "",
		"https://s3.amazonaws.com/invalid.path/echo-api-cert.pem":         "",
		"https://s3.amazonaws.com:563/echo.api/echo-api-cert.pem":         "",
		// Ways to leave the folder.
		"https://s3.amazonaws.com/echo.api/../evil/x.pem":         "",
		"https://s3.amazonaws.com/echo.api/./../evil/x.pem":       "",
		"https://s3.amazonaws.com/echo.api/..":                    "",
		"https://s3.amazonaws.com/echo.api/%2e%2e/evil/x.pem":     "",
		"https://s3.amazonaws.com/echo.api/%2E%2E%2Fevil/x.pem":   "",
		"https://s3.amazonaws.com/echo.api/..%2fevil/x.pem":       "",
		"https://s3.amazonaws.com/echo.api/%252e%252e/evil/x.pem": "",
		"https://s3.amazonaws.com/echo.api\\..\\evil\\x.pem":      "",
		"https://s3.amazonaws.com/echo.apievil/x.pem":             "",
		"https://s3.amazonaws.com/evil/echo.api/x.pem":            "",
		"https://s3.amazonaws.com/echo.api":                       "",
		"https://s3.amazonaws.com/echo.api/":                      "",
		"https://s3.amazonaws.com//echo.api/x.pem":                "/echo.api/x.pem",
		// Ways to leave the host.
		"https://s3.amazonaws.com@evil.example/echo.api/x.pem":          "",
		"https://evil@s3.amazonaws.com/echo.api/x.pem":                  "",
		"https://evil:x@s3.amazonaws.com:443/echo.api/x.pem":            "",
		"https://s3.amazonaws.com.evil.example/echo.api/x.pem":          "",
		"https://s3.amazonaws.com./echo.api/x.pem":                      "",
		"https://evil.s3.amazonaws.com/echo.api/x.pem":                  "",
		"https://s3.amazonaws.com:/echo.api/x.pem":                      "",
		"https://s3.amazonaws.com:0443/echo.api/x.pem":                  "",
		"https://s3.amazonaws.com:443:443/echo.api/x.pem":               "",
		"https://[s3.amazonaws.com]/echo.api/x.pem":                     "",
		"https:/s3.amazonaws.com/echo.api/x.pem":                        "",
		"https:s3.amazonaws.com/echo.api/x.pem":                         "",
		"//s3.amazonaws.com/echo.api/x.pem":                             "",
		"https://ｓ3.amazonaws.com/echo.api/x.pem":                       "",
		"https://s3.amazonaws.com\t/echo.api/x.pem":                     "",
		" https://s3.amazonaws.com/echo.api/x.pem":                      "",
		"https://s3.amazonaws.com/echo.api/x.pem\r\nHost: evil.example": "",
		"https://s3.amazonaws.com/echo.api/x.pem?versionId=1":           "",
		"https://s3.amazonaws.com/echo.api/x.pem#/../../evil":           "",
		"https://s3.amazonaws.com/echo.api/" + strings.Repeat("a", 512): "",
		"javascript://s3.amazonaws.com/echo.api/x.pem":                  "",
		"": "",
	} {
		got, ok := certificatePath(raw)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: got %q, %t, want %q", raw, got, ok, want)
		}
	}
}

func FuzzCertificateURL(f *testing.F) {
	for _, seed := range []string{
		"https://s3.amazonaws.com/echo.api/echo-api-cert.pem", "https://s3.amazonaws.com:443/echo.api/../echo.api/x", "https://a@s3.amazonaws.com/echo.api/%2e%2e/x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, ok := certificatePath(raw)
		if !ok {
			return
		}
		if !strings.HasPrefix(got, "/echo.api/") || len(got) == len("/echo.api/") || strings.Contains(got, "/../") || strings.HasSuffix(got, "/..") ||
			strings.ContainsAny(got, "%?#\\@ \r\n") {
			t.Errorf("%q was taken to be %q", raw, got)
		}
		if lower := strings.ToLower(raw); !strings.HasPrefix(lower, "https://s3.amazonaws.com/") && !strings.HasPrefix(lower, "https://s3.amazonaws.com:443/") {
			t.Errorf("%q was taken to be Amazon's", raw)
		}
	})
}
