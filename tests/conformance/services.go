package conformance

import (
	"testing"
	"time"

	"sotto/linking"
)

func service() linking.ServiceToken {
	return linking.ServiceToken{Hash: blob(), Client: "service-1", Resource: "https://sotto.example/mcp", Issued: noon, Expires: noon.Add(time.Hour)}
}

func serviceComesBack(t *testing.T, s linking.Store) {
	want := service()
	_, err := s.Service(t.Context(), want.Hash)
	wantNone(t, "before", err)
	check(t, s.AddService(t.Context(), want))
	check(t, s.AddService(t.Context(), service()))
	got, err := s.Service(t.Context(), want.Hash)
	check(t, err)
	same(t, "kept", got, want)
	for range 2 {
		check(t, s.RevokeService(t.Context(), want))
	}
	want.Revoked = true
	got, err = s.Service(t.Context(), want.Hash)
	check(t, err)
	same(t, "revoked", got, want)
}

// revokedService: one that was never kept, because it is a JWT, is known once it was revoked, and for as long as it could be used, also
// where a clock is behind the one of whoever sweeps.
func revokedService(t *testing.T, s linking.Store) {
	want := service()
	check(t, s.RevokeService(t.Context(), want))
	check(t, s.SweepLinks(t.Context(), want.Expires.Add(time.Minute)))
	want.Revoked = true
	got, err := s.Service(t.Context(), want.Hash)
	check(t, err)
	same(t, "revoked", got, want)
	check(t, s.SweepLinks(t.Context(), want.Expires.Add(time.Hour)))
	_, err = s.Service(t.Context(), want.Hash)
	wantNone(t, "swept", err)
}
