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
	"slices"
	"strings"
	"testing"
	"time"

	"sotto/server/dev"
)

// BenchmarkRefresh measures the server CPU of a refresh, Sotto on SQLite, every answer durable, beside oidc-provider, which keeps everything in memory
// and answers with the same: an access token by RFC 9068, signed with ES256, and no id_token. "stable" is a confidential client that keeps its
// refresh token, and "floor" less than that can be; "rotating" a public one that gets another each time, so that Sotto writes to disk. 32 connections
// share so many links that none is refreshed more often than Sotto allows; oidc-provider, whose memory forgets what is beyond a thousand entries, has
// one for each connection.
func BenchmarkRefresh(b *testing.B) {
	const rounds, n, links = 7, 1000, 256
	node := thePeers(b)
	for range b.N {
		house := newHouseChild(b, "counter")
		file, err := dev.ReadFile(house.said["state"])
		if err != nil {
			b.Fatal(err)
		}
		servers := map[string]measured{}
		for policy, client := range map[string]string{"stable": "alexa", "rotating": "mcp"} {
			tokens := refreshTokens(b, house, client, links)
			servers["sotto "+policy] = measured{house, host(house), always(refreshers(b, house.said["url"]+"/oauth/token", file.Clients[client], tokens))}
			if policy == "stable" {
				floor := startChild(b, "floor")
				servers["floor"] = measured{floor, host(floor), always(refreshers(b, floor.said["url"]+"/oauth/token", file.Clients[client], tokens))}
			}
			theirs := dev.Client{ID: policy}
			if file.Clients[client].Secret != "" {
				theirs.Secret = rand.Text()
			}
			peer := begin(b, exec.CommandContext(b.Context(), node, "peers/oidc-provider.mjs", policy, theirs.Secret, fmt.Sprint(connections)))
			tokens = strings.Fields(peer.said["tokens"])
			servers["peer "+policy] = measured{peer, host(peer), always(refreshers(b, peer.said["url"]+"/token", theirs, tokens))}
		}
		medians := costs(b, rounds, n, servers)
		b.ReportMetric(float64(medians["floor"])/1e3, "floor-µs")
		b.ReportMetric(float64(medians["peer stable"])/float64(medians["floor"]), "floor-times-cheaper")
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

// refreshTokens makes n links, each with its own refresh token.
func refreshTokens(tb testing.TB, house *child, client string, n int) []string {
	tb.Helper()
	tokens := make([]string, n)
	for i := range tokens {
		s := newSpeaker(tb, house.said["state"], time.Now)
		s.client = s.file.Clients[client]
		s.linkAs(dev.Person{Bank: "counter", Now: time.Now}, nil)
		tokens[i] = s.refresh
	}
	return tokens
}

// refreshers deal tokens out to the connections. Each has its own refreshed in turn, and what comes in a token's place is what is refreshed next time.
func refreshers(tb testing.TB, endpoint string, client dev.Client, tokens []string) []talk {
	tb.Helper()
	talks := make([]talk, connections)
	for i := range talks {
		own, at := slices.Clone(tokens[i*len(tokens)/connections:(i+1)*len(tokens)/connections]), 0
		talks[i] = func(answer []byte) []byte {
			if answer != nil {
				if next := successor(tb, answer); next != "" {
					own[at] = next
				}
				at = (at + 1) % len(own)
			}
			return onTheWire(tb, []*http.Request{asClient(tb, endpoint, client, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {own[at]}})})[0]
		}
	}
	return talks
}

// successor is the refresh token of a token response; empty where the old one stays.
func successor(tb testing.TB, answer []byte) string {
	tb.Helper()
	var got struct {
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		tb.Errorf("no token response: %v", err)
	}
	return got.Refresh
}
