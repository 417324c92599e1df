package alexa_test

import (
	"crypto/x509"
	"encoding/base64"
	"testing"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"sotto/skills/alexa"
	"sotto/tests/judge"
)

// mozilla is the pool that a house on the street trusts where the system has none.
func mozilla(t *testing.T) *x509.CertPool {
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		certificate, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		if root.Constraint == nil {
			pool.AddCert(certificate)
		} else {
			pool.AddCertWithConstraint(certificate, root.Constraint)
		}
	}
	return pool
}

// The private keys of these chains are Amazon's, so no signature by them can be made: a chain that holds ends in the reason "signature".
func TestGenuineChainsOfTheirTime(t *testing.T) {
	for name, tc := range map[string]struct {
		file string
		now  time.Time
		want alexa.Reason
	}{
		"Amazon's chain of 2019, today, is refused":               {"ask-sdk-express-adapter/echo-api-cert-7.pem", present, alexa.Expired},
		"Amazon's chain of 2019, in 2019, holds":                  {"ask-sdk-express-adapter/echo-api-cert-7.pem", time.Date(2019, 11, 1, 0, 0, 0, 0, time.UTC), alexa.Signature},
		"Amazon's chain of 2019, the day before, is refused":      {"ask-sdk-express-adapter/echo-api-cert-7.pem", time.Date(2019, 5, 21, 0, 0, 0, 0, time.UTC), alexa.Expired},
		"Amazon's chain of 2015, today, is refused":               {"alexa-verifier/cert-expired.pem", present, alexa.Expired},
		"Amazon's chain of 2015, in 2015, has a root of the past": {"alexa-verifier/cert-expired.pem", time.Date(2015, 6, 1, 0, 0, 0, 0, time.UTC), alexa.Chain},
	} {
		t.Run(name, func(t *testing.T) {
			chain := judge.File(t, "alexa/"+tc.file)
			platform, err := alexa.New(alexa.Config{
				SkillIDs: []string{skillID}, Roots: mozilla(t), Now: func() time.Time { return tc.now },
				Transport: &bucket{files: map[string]string{genuine: string(chain)}},
			})
			if err != nil {
				t.Fatal(err)
			}
			header := signed(t, genuine, nil)
			header.Set("Signature-256", base64.StdEncoding.EncodeToString(make([]byte, 256)))
			if got := reason(t, platform.Verify(t.Context(), header, nil)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
