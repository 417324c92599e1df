package tests

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"sotto/server/dev"
	"sotto/tests/postgres"
)

// BenchmarkTokenEndpoint measures how long /oauth/token takes to answer under a constant 70 % of what saturates it: refreshes of rotating tokens, so that
// every answer has written to the database. Saturation is what 32 connections get through when none of them pauses. Time counts from the instant at which
// a request was due, whether or not it could be sent then.
func BenchmarkTokenEndpoint(b *testing.B) {
	for engine, database := range map[string]func() string{
		"SQLite":     func() string { return "" },
		"PostgreSQL": func() string { return postgres.Fresh(b) },
	} {
		b.Run(engine, func(b *testing.B) {
			for range b.N {
				house := newHouseChild(b, "counter", "SOTTO_TEST_DATABASE="+database())
				file, err := dev.ReadFile(house.said["state"])
				if err != nil {
					b.Fatal(err)
				}
				client, endpoint := file.Clients["mcp"], house.said["url"]+"/oauth/token"
				// The same tokens again and again: for a minute, each is given the same successor.
				requests := make([]*http.Request, connections)
				targets := make([]vegeta.Target, connections)
				for i, token := range refreshTokens(b, house, "mcp") {
					form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
					requests[i] = asClient(b, endpoint, client, form)
					targets[i] = vegeta.Target{Method: http.MethodPost, URL: endpoint, Body: []byte(form.Encode()), Header: requests[i].Header}
				}
				const n = 8000
				talks := all(onTheWire(b, requests))
				load(b, n/4, host(house), talks)
				begun := time.Now()
				load(b, n, host(house), talks)
				saturated := n / time.Since(begun).Seconds()
				rate := int(0.7 * saturated)
				late, refused := attack(b, targets, rate, 10*time.Second)
				b.ReportMetric(saturated, "saturated/s")
				b.ReportMetric(float64(rate), "rate/s")
				b.ReportMetric(float64(refused), "refused")
				b.ReportMetric(late[len(late)/2].Seconds()*1e3, "p50-ms")
				b.ReportMetric(late[len(late)*99/100].Seconds()*1e3, "p99-ms")
				b.ReportMetric(late[len(late)-1].Seconds()*1e3, "max-ms")
				house.stop()
			}
		})
	}
}

// attack sends targets at a constant rate and gives how long after they were due they were answered, in order, and how many of
// the answers were not 200.
func attack(tb testing.TB, targets []vegeta.Target, rate int, length time.Duration) (late []time.Duration, refused int) {
	tb.Helper()
	attacker := vegeta.NewAttacker(vegeta.Workers(connections), vegeta.Connections(1000), vegeta.Timeout(10*time.Second))
	defer attacker.Stop()
	begun := time.Now()
	for r := range attacker.Attack(vegeta.NewStaticTargeter(targets...), vegeta.Rate{Freq: rate, Per: time.Second}, length, "token") {
		if r.Code != http.StatusOK {
			refused++
		}
		due := begun.Add(time.Duration(r.Seq) * time.Second / time.Duration(rate))
		late = append(late, r.Timestamp.Add(r.Latency).Sub(due))
	}
	if len(late) == 0 {
		tb.Fatal("nothing was answered")
	}
	slices.Sort(late)
	return late, refused
}
