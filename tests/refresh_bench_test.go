package tests

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sotto/server/dev"
)

// BenchmarkRefresh measures the server CPU of a refresh, Sotto on SQLite, every answer durable, beside oidc-provider, which keeps everything in memory
// and answers with the same: an access token by RFC 9068, signed with ES256, and no id_token. "stable" is a confidential client that keeps its
// refresh token; "rotating" a public one that gets another each time, so that Sotto writes to disk. Each of 32 connections has a link of its own.
func BenchmarkRefresh(b *testing.B) {
	const rounds, n = 7, 1000
	node := thePeers(b)
	for range b.N {
		house := newHouseChild(b, "counter")
		file, err := dev.ReadFile(house.said["state"])
		if err != nil {
			b.Fatal(err)
		}
		servers := map[string]measured{}
		for policy, client := range map[string]string{"stable": "alexa", "rotating": "mcp"} {
			tokens := refreshTokens(b, house, client)
			servers["sotto "+policy] = measured{house, host(house), refreshers(b, house.said["url"]+"/oauth/token", file.Clients[client], tokens)}
			theirs := dev.Client{ID: policy}
			if file.Clients[client].Secret != "" {
				theirs.Secret = rand.Text()
			}
			peer := begin(b, exec.CommandContext(b.Context(), node, "peers/oidc-provider.mjs", policy, theirs.Secret, fmt.Sprint(connections)))
			tokens = strings.Fields(peer.said["tokens"])
			servers["peer "+policy] = measured{peer, host(peer), refreshers(b, peer.said["url"]+"/token", theirs, tokens)}
		}
		medians := costs(b, rounds, n, servers)
		for _, policy := range []string{"stable", "rotating"} {
			own, theirs := medians["sotto "+policy], medians["peer "+policy]
			b.ReportMetric(float64(own)/1e3, policy+"-µs")
			b.ReportMetric(float64(theirs)/1e3, policy+"-peer-µs")
			b.ReportMetric(float64(theirs)/float64(own), policy+"-times-cheaper")
		}
	}
}

// thePeers gives the Node.js that runs the servers of others that Sotto is measured beside.
func thePeers(tb testing.TB) string {
	tb.Helper()
	var said bytes.Buffer
	install := exec.Command("judges/install", "peers")
	install.Stderr = &said
	node, err := install.Output()
	switch {
	case err != nil && os.Getenv("TEST_ALL") == "1":
		tb.Fatalf("peers: %v: %s", err, said.String())
	case err != nil:
		tb.Skipf("peers: %v: %s", err, said.String())
	}
	return strings.TrimSpace(string(node))
}

// refreshTokens makes as many links as there are connections, each with its own refresh token.
func refreshTokens(tb testing.TB, house *child, client string) []string {
	tb.Helper()
	tokens := make([]string, connections)
	for i := range tokens {
		s := newSpeaker(tb, house.said["state"], time.Now)
		s.client = s.file.Clients[client]
		s.linkAs(dev.Person{Bank: "counter", Now: time.Now}, nil)
		tokens[i] = s.refresh
	}
	return tokens
}

// refreshers are one talk for each token: it is refreshed, and what comes in its place is refreshed next.
func refreshers(tb testing.TB, endpoint string, client dev.Client, tokens []string) []talk {
	tb.Helper()
	talks := make([]talk, len(tokens))
	for i, token := range tokens {
		talks[i] = func(answer []byte) []byte {
			var got struct {
				Refresh string `json:"refresh_token"`
			}
			if answer != nil {
				if err := json.Unmarshal(answer, &got); err != nil {
					tb.Errorf("no token response: %v", err)
				}
			}
			if got.Refresh != "" {
				token = got.Refresh
			}
			return onTheWire(tb, []*http.Request{asClient(tb, endpoint, client, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})})[0]
		}
	}
	return talks
}
