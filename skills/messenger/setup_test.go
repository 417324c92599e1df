package messenger_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"testing"

	"sotto/skills/messenger"
)

const (
	secret = "0123456789abcdef0123456789abcdef"
	pageID = "104098558513421"
	psid   = "5360758100663278"
	house  = "https://sotto.example"
)

func open(t testing.TB, more ...func(*messenger.Config)) *messenger.Platform {
	t.Helper()
	c := messenger.Config{AppSecret: secret, VerifyToken: "verify me", PageToken: "page token", PageID: pageID, GraphURL: messenger.GraphURL, PublicURL: house}
	for _, change := range more {
		change(&c)
	}
	p, err := messenger.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mac(key, content string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(content))
	return h.Sum(nil)
}

func hexMAC(key, content string) string { return hex.EncodeToString(mac(key, content)) }

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// refused checks that err is a refusal for this reason, with this status.
func refused(t testing.TB, err error, why messenger.Reason, status int) {
	t.Helper()
	var e *messenger.RefusedError
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a refusal: %s", err, why)
	}
	if e.Why != why || e.Status() != status {
		t.Errorf("got %s, %d; want %s, %d", e.Why, e.Status(), why, status)
	}
}

const forbidden, bad = http.StatusForbidden, http.StatusBadRequest
