package tests

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"sotto/banking"
	"sotto/banking/mockbank"
	"sotto/server"
	"sotto/tests/chromium"
)

func TestMain(m *testing.M) {
	if kind := os.Getenv(childEnv); kind != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		err := children[kind](ctx)
		stop()
		if err != nil {
			fmt.Fprintln(os.Stderr, kind+":", err)
			os.Exit(1)
		}
		return
	}
	// An httptest server closes the idle connections of http.DefaultTransport as it ends, and with them now and then the
	// request that another test has just put on one. So the tests that run beside each other have one without that method.
	http.DefaultTransport = struct{ http.RoundTripper }{http.DefaultTransport}
	failed := m.Run()
	chromium.Close()
	os.Exit(failed)
}

// children are the servers that the test binary can be in a process of its own.
var children = map[string]func(context.Context) error{
	"echo":    echoChild,
	"floor":   floorChild,
	"sdk":     sdkChild,
	"bank":    bankChild,
	"house":   func(ctx context.Context) error { return houseChild(ctx, nil) },
	"counter": func(ctx context.Context) error { return houseChild(ctx, []banking.Bank{&counterBank{}}) },
}

// echoChild is the bare Echo handler that everything is measured against: it reads the same body and answers with a constant.
func echoChild(ctx context.Context) error {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	answer := []byte(`{"version":"1.0","response":{"outputSpeech":{"type":"SSML","ssml":"<speak>You have 12 pounds.</speak>"},"shouldEndSession":true}}`)
	e.POST("/alexa", func(c echo.Context) error {
		if _, err := io.ReadAll(c.Request().Body); err != nil {
			return err
		}
		return c.Blob(http.StatusOK, "application/json", answer)
	})
	l, err := listenChild(ctx)
	if err != nil {
		return err
	}
	return serveChild(ctx, l, e)
}

func listenChild(ctx context.Context) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
}

// serveChild says where the process listens, and answers there until ctx ends.
func serveChild(ctx context.Context, l net.Listener, h http.Handler) error {
	fmt.Println("url http://" + l.Addr().String())
	fmt.Println("ready")
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		s.Close()
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// sdkChild is the bare server of tools that ours is measured against: go-sdk's, served as ours is, with one tool that answers with a constant as long as ours.
func sdkChild(ctx context.Context) error {
	type answer struct {
		Spoken  string           `json:"spoken"`
		Outcome string           `json:"outcome"`
		Facts   []map[string]any `json:"facts"`
	}
	s := mcp.NewServer(&mcp.Implementation{Name: "bare", Version: "1"}, &mcp.ServerOptions{Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}}})
	mcp.AddTool(s, &mcp.Tool{Name: "get_balance"}, func(context.Context, *mcp.CallToolRequest, map[string]any) (*mcp.CallToolResult, answer, error) {
		const spoken = "Your Everyday account has 1,234 pounds and 56 pence."
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: spoken}}}, answer{spoken, "balance.said", []map[string]any{{
			"kind": "balance", "account": map[string]any{"kind": "current", "name": "Everyday"}, "amount": map[string]any{"value": "1234.56", "currency": "GBP"},
		}}}, nil
	})
	l, err := listenChild(ctx)
	if err != nil {
		return err
	}
	return serveChild(ctx, l, mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, &mcp.StreamableHTTPOptions{
		Stateless: true, JSONResponse: true, PropagateRequestCancellation: true, DisableLocalhostProtection: true,
	}))
}

// bankChild is the mock bank in a process of its own, for the house at SOTTO_TEST_HOUSE, with the customer "ada", or, where SOTTO_TEST_ROWS says
// of how many entries, "hopper".
func bankChild(ctx context.Context) error {
	l, err := listenChild(ctx)
	if err != nil {
		return err
	}
	username, long := "ada", 0
	if rows := os.Getenv("SOTTO_TEST_ROWS"); rows != "" {
		username = "hopper"
		if long, err = strconv.Atoi(rows); err != nil {
			return err
		}
	}
	bank, err := mockbank.New(mockbank.Options{
		BaseURL: "http://" + l.Addr().String(), Clock: time.Now, Seed: 1, AccessTTL: time.Hour, LongHistory: long, PageSize: 1000,
		Clients:   []mockbank.Client{{ID: "sotto", Name: "Sotto", Auth: mockbank.AuthBasic, Secret: os.Getenv("SOTTO_TEST_SECRET"), RedirectURIs: []string{os.Getenv("SOTTO_TEST_HOUSE") + "/link/callback"}}},
		Customers: map[string]mockbank.Credential{username: {Password: os.Getenv("SOTTO_TEST_SECRET"), TOTPSecret: os.Getenv("SOTTO_TEST_TOTP")}},
	})
	if err != nil {
		return err
	}
	defer bank.Close()
	return serveChild(ctx, l, bank)
}

// houseChild is a development house in the state directory SOTTO_TEST_STATE, on the database SOTTO_TEST_DATABASE where it is set, with more banks beside its own.
func houseChild(ctx context.Context, banks []banking.Bank) error {
	log, err := server.NewLog(io.Discard, "info")
	if err != nil {
		return err
	}
	addr := os.Getenv("SOTTO_TEST_ADDR")
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	bankAddr := os.Getenv("SOTTO_TEST_BANK_ADDR")
	if bankAddr == "" {
		bankAddr = "127.0.0.1:0"
	}
	s, err := server.New(ctx, server.Config{
		Dev: true, State: os.Getenv("SOTTO_TEST_STATE"), Addr: addr, BankAddr: bankAddr, LogLevel: "info", SkillName: "Sotto",
		Invocation: "sotto", Retention: server.Retention(400 * 24 * time.Hour), Migrate: true, Banks: os.Getenv("SOTTO_TEST_BANKS"),
		Database: os.Getenv("SOTTO_TEST_DATABASE"), MessengerGraphURL: os.Getenv("SOTTO_TEST_GRAPH"),
	}, server.Options{Log: log, Random: rand.Reader, Wall: time.Now, Banks: banks})
	if err != nil {
		return err
	}
	fmt.Println("url " + s.PublicURL())
	fmt.Println("ready")
	return s.Run(ctx)
}

// counterBank is a bank without a wire: whoever goes there is let in, and has one account. It is for measuring all the rest.
type counterBank struct{ consents atomic.Int64 }

func (*counterBank) ID() banking.BankID   { return "counter" }
func (*counterBank) Name() string         { return "Counter Bank" }
func (*counterBank) Zone() *time.Location { return time.UTC }

func (b *counterBank) Authorize(_ context.Context, _ []banking.Permission, state string) (banking.Authorization, error) {
	return banking.Authorization{
		ConsentID: fmt.Sprint(b.consents.Add(1)), URL: "/link/callback?" + url.Values{"state": {state}, "code": {"in"}}.Encode(),
		State: state, Nonce: "nonce", Verifier: "verifier",
	}, nil
}

func (*counterBank) Exchange(context.Context, banking.Authorization, banking.Return) (banking.Tokens, string, error) {
	return banking.Tokens{Access: "access", Refresh: "refresh", Expires: time.Now().Add(24 * time.Hour)}, "someone", nil
}

func (*counterBank) Refresh(context.Context, banking.Secret) (banking.Tokens, error) {
	return banking.Tokens{Access: "access", Refresh: "refresh", Expires: time.Now().Add(24 * time.Hour)}, nil
}
func (*counterBank) Standing(context.Context, string) error   { return nil }
func (*counterBank) EndConsent(context.Context, string) error { return nil }

var onlyAccount = banking.Account{Ref: banking.AccountRef{Bank: "counter", ID: "1"}, Kind: banking.Current, Currency: "GBP", Name: "Everyday", Digits: "1234"}

func (*counterBank) Accounts(context.Context, banking.Bearer) ([]banking.Account, error) {
	return []banking.Account{onlyAccount}, nil
}

func (*counterBank) Balances(ctx context.Context, b banking.Bearer, d banking.Directory) ([]banking.Balance, error) {
	if _, err := b.Token(ctx); err != nil {
		return nil, err
	}
	accounts, err := d.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	return []banking.Balance{{Account: accounts[0], Money: banking.Money{Minor: 123456, Currency: "GBP"}, At: time.Now()}}, nil
}

func (*counterBank) Transactions(context.Context, banking.Bearer, banking.Directory, banking.Query, func(banking.Transaction) error) (banking.Extent, error) {
	return banking.Extent{}, nil
}
