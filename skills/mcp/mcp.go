// Package mcp serves the catalogue as tools of the Model Context Protocol, for assistants that are built on a language model: Alexa+,
// ChatGPT, Claude. It reads a turn from a call, writes a reply as a result, and writes the list of tools.
//
// It knows no OAuth server, no bank and no HTTP framework: who the caller is, and what he may be told, is proven before it is asked. What a
// result holds is made of the reply's facts alone, as speech is.
package mcp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"sotto/linking"
	"sotto/skills"
	"sotto/skills/speech"
)

// maxBody bounds a request, in bytes; it is the contract's.
const maxBody = 256 << 10

// listed is how long a list of tools may be kept by the caller. It is his alone, and grows old when the customer takes a scope away.
const listed = time.Minute

// Options are what a Platform is made of. All are required.
type Options struct {
	Name    string // of the server, as hosts show it
	Version string
	// Answer answers a turn, within a deadline of its own, or its caller's where that is sooner.
	Answer func(context.Context, skills.Turn) skills.Reply
	// Say gives a reply's words.
	Say      func(locale string, r skills.Reply) speech.Spoken
	Language *skills.Language // in which accounts and merchants are named
	Random   io.Reader
}

// Platform serves the tools. It is safe for concurrent use.
type Platform struct {
	o       Options
	tools   []tool
	handler http.Handler

	mu      sync.Mutex
	servers map[uint64]*sdk.Server // by the tools they list, a bit each
}

// New makes a Platform.
func New(o Options) (*Platform, error) {
	if o.Name == "" || o.Version == "" || o.Answer == nil || o.Say == nil || o.Language == nil || o.Random == nil {
		return nil, errors.New("mcp: an option is missing")
	}
	tools, err := catalogue()
	if err != nil {
		return nil, err
	}
	p := &Platform{o: o, tools: tools, servers: map[uint64]*sdk.Server{}}
	// Without sessions one endpoint speaks 2025-11-25 and 2026-07-28 (go-sdk refuses the younger one otherwise). Who may reach it by
	// which name is the house's to say, for all its routes.
	p.handler = sdk.NewStreamableHTTPHandler(p.server, &sdk.StreamableHTTPOptions{
		Stateless: true, JSONResponse: true, MaxRequestBodyBytes: maxBody, PropagateRequestCancellation: true, DisableLocalhostProtection: true,
	})
	return p, nil
}

// Caller is who sends a request, as far as his token proved it.
type Caller struct {
	Link    linking.Link // behind the token; zero for a service
	Service bool         // speaks for no customer: may list all tools, and call none
	Until   time.Time    // when a turn is over: he has been waiting since before his token was looked at
}

type callerKey struct{}

// Serve answers one HTTP request of a caller whose token was proven.
func (p *Platform) Serve(w http.ResponseWriter, r *http.Request, c Caller) {
	p.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
}

// server gives the server with the tools that the caller may see. There is one for each choice of tools, made when it is first needed.
func (p *Platform) server(r *http.Request) *sdk.Server {
	c, ok := r.Context().Value(callerKey{}).(Caller)
	if !ok {
		return nil
	}
	var seen uint64
	for i, t := range p.tools {
		if c.Service || t.allowed(c.Link.Scopes) {
			seen |= 1 << i
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.servers[seen]
	if s == nil {
		s = p.newServer(seen)
		p.servers[seen] = s
	}
	return s
}

func (p *Platform) newServer(seen uint64) *sdk.Server {
	s := sdk.NewServer(&sdk.Implementation{Name: p.o.Name, Version: p.o.Version}, &sdk.ServerOptions{
		Instructions: instructions,
		Capabilities: &sdk.ServerCapabilities{Tools: &sdk.ToolCapabilities{}}, // a list does not change under a connection, because there is none
		// What is listed depends on the token, so that no cache may give it to anybody else.
		SetCacheable: func(_ context.Context, _ sdk.Request, c *sdk.Cacheable) {
			c.CacheScope, c.TTLMs = "private", int(listed.Milliseconds())
		},
	})
	for i, t := range p.tools {
		if seen&(1<<i) != 0 {
			sdk.AddTool(s, t.described(), p.handle(t))
		}
	}
	s.AddReceivingMiddleware(bounded)
	return s
}

// maxArguments is more than the longest arguments that fit a schema have, in bytes.
const maxArguments = 4 << 10

// bounded answers a call whose arguments are longer than any question's. The SDK would answer too, and repeat them all to say what is wrong with them.
func bounded(next sdk.MethodHandler) sdk.MethodHandler {
	return func(ctx context.Context, method string, request sdk.Request) (sdk.Result, error) {
		if call, ok := request.(*sdk.CallToolRequest); ok && len(call.Params.Arguments) > maxArguments {
			return &sdk.CallToolResult{
				Content: []sdk.Content{&sdk.TextContent{Text: "The arguments are longer than any question needs. Shorten them to what the schema of the tool allows."}}, IsError: true,
			}, nil
		}
		return next(ctx, method, request)
	}
}

// Scopes are all that any of the tools needs, in the order of the catalogue: what a host that knows nothing yet is told to ask for.
func (p *Platform) Scopes() []linking.Scope {
	var scopes []linking.Scope
	for _, t := range p.tools {
		for _, s := range t.needs(func(skills.SlotName) bool { return true }) {
			if !slices.Contains(scopes, s) {
				scopes = append(scopes, s)
			}
		}
	}
	return scopes
}

// answer answers a turn until then. What becomes of the request has no such end: a reply that says it took too long must still be written.
func (p *Platform) answer(ctx context.Context, turn skills.Turn, until time.Time) skills.Reply {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	return p.o.Answer(ctx, turn)
}

// handle answers the calls of one tool.
func (p *Platform) handle(t tool) sdk.ToolHandlerFor[map[string]any, Result] {
	return func(ctx context.Context, call *sdk.CallToolRequest, arguments map[string]any) (*sdk.CallToolResult, Result, error) {
		turn, err := p.turn(t, call.Extra.Header, arguments)
		if err != nil {
			return nil, Result{}, err
		}
		c, ok := ctx.Value(callerKey{}).(Caller)
		if ok && !c.Service {
			turn.Proven = &c.Link
		}
		reply := p.answer(ctx, turn, c.Until)
		result := newResult(reply, p.o.Say(turn.Locale, reply))
		return &sdk.CallToolResult{
			Content: []sdk.Content{&sdk.TextContent{Text: result.Spoken}}, IsError: failed(reply),
		}, result, nil
	}
}
