package tests

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"sotto/server/dev"
	"sotto/tests/database"
)

// BenchmarkTokenEndpoint measures how long /oauth/token takes to answer under a constant 70 % of what saturates it: refreshes of rotating tokens, each the
// successor of the one before, so that every answer has written a row. Saturation is what the same load tool gets through with 32 connections when none of
// them pauses. In turn with it the bare Echo handler is asked at the same rate: what it takes is the machine's and the load tool's. Time counts from the
// instant at which a request was due, whether or not it could be sent then. Anything but a 200 is a fault.
func BenchmarkTokenEndpoint(b *testing.B) {
	const links, rounds, round = 512, 3, 5 * time.Second
	for engine, database := range map[string]func() string{
		"SQLite":     func() string { return "" },
		"PostgreSQL": func() string { return database.PostgreSQL(b) },
	} {
		b.Run(engine, func(b *testing.B) {
			for range b.N {
				house, bare := newHouseChild(b, "counter", "SOTTO_TEST_DATABASE="+database()), startChild(b, "echo")
				file, err := dev.ReadFile(house.said["state"])
				if err != nil {
					b.Fatal(err)
				}
				client, endpoint := file.Clients["mcp"], house.said["url"]+"/oauth/token"
				fresh := make(chan string, links)
				for _, token := range refreshTokens(b, house, "mcp", links) {
					fresh <- token
				}
				again := func(answer []byte) { fresh <- successor(b, answer) }
				attack(b, 0, round, renewals(b, endpoint, client, fresh), again)
				saturated := float64(len(attack(b, 0, round, renewals(b, endpoint, client, fresh), again))) / round.Seconds()
				rate := int(0.7 * saturated)

				var late, plain []time.Duration
				for range rounds {
					plain = append(plain, attack(b, rate, round, constant(bare.said["url"]+"/alexa"), nil)...)
					late = append(late, attack(b, rate, round, renewals(b, endpoint, client, fresh), again)...)
				}
				slices.Sort(plain)
				slices.Sort(late)
				b.ReportMetric(saturated, "saturated/s")
				b.ReportMetric(float64(rate), "rate/s")
				b.ReportMetric(plain[len(plain)*99/100].Seconds()*1e3, "echo-p99-ms")
				b.ReportMetric(late[len(late)/2].Seconds()*1e3, "p50-ms")
				b.ReportMetric(late[len(late)*99/100].Seconds()*1e3, "p99-ms")
				b.ReportMetric(late[len(late)-1].Seconds()*1e3, "max-ms")
				house.stop()
				bare.stop()
			}
		})
	}
}

// asks fills in the next request.
type asks func(context.Context, *vegeta.Target) error

func constant(address string) asks {
	return func(_ context.Context, t *vegeta.Target) error {
		*t = vegeta.Target{Method: http.MethodPost, URL: address, Body: []byte(strings.Repeat("x", 256))}
		return nil
	}
}

// renewals take each token once. Whoever gets an answer gives back its successor.
func renewals(tb testing.TB, endpoint string, client dev.Client, fresh <-chan string) asks {
	tb.Helper()
	return func(ctx context.Context, t *vegeta.Target) error {
		select {
		case token := <-fresh:
			form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
			r := asClient(tb, endpoint, client, form) // which adds to the form
			*t = vegeta.Target{Method: http.MethodPost, URL: endpoint, Body: []byte(form.Encode()), Header: r.Header}
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// attack asks at a constant rate, or where it is 0 as fast as 32 connections can, and gives how long after they were due requests were answered. It ends at the first answer that is not 200, and fails.
func attack(tb testing.TB, rate int, length time.Duration, next asks, answered func([]byte)) (late []time.Duration) {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	defer cancel()
	options := []func(*vegeta.Attacker){vegeta.Workers(connections), vegeta.Connections(1000), vegeta.Timeout(10 * time.Second)}
	if rate == 0 {
		options = append(options, vegeta.MaxWorkers(connections))
	}
	attacker := vegeta.NewAttacker(options...)
	defer attacker.Stop()
	begun := time.Now()
	targets := func(t *vegeta.Target) error { return next(ctx, t) }
	for r := range attacker.Attack(targets, vegeta.Rate{Freq: rate, Per: time.Second}, length, "token") {
		if r.Code != http.StatusOK {
			if ctx.Err() == nil {
				tb.Errorf("answered %d %s: %s", r.Code, r.Error, r.Body)
			}
			cancel()
			attacker.Stop()
			continue
		}
		if answered != nil {
			answered(r.Body)
		}
		due := r.Timestamp
		if rate != 0 {
			due = begun.Add(time.Duration(r.Seq) * time.Second / time.Duration(rate))
		}
		late = append(late, r.Timestamp.Add(r.Latency).Sub(due))
	}
	if tb.Failed() {
		tb.FailNow()
	}
	return late
}
