package tests

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sotto/server/dev"
	"sotto/tests/database"
	"sotto/tests/loopback"
)

// The judges from outside are clients that others wrote. Each is held up against a whole house, as every kind of client the house knows, and then
// against the same house with one fault planted in front of it, which it must see. They are npm packages, run by the scripts in tests/judges; the
// test plays the customer. virtual-alexa is held up against the skill in the same way.

// judgeLimit is how long one judge may take, customer included.
const judgeLimit = 2 * time.Minute

// judgesInstalled installs the judges once, and gives the Node.js to run them with.
var judgesInstalled = sync.OnceValues(func() (string, error) {
	var said bytes.Buffer
	install := exec.Command("./judges/install")
	install.Stderr = &said
	node, err := install.Output()
	if lines := strings.Split(strings.TrimSpace(said.String()), "\n"); err != nil && lines[0] != "" {
		err = errors.New(lines[len(lines)-1])
	}
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(node)), nil
})

// theJudges gives the Node.js that runs the judges. Where they cannot be had the test is skipped with one line that says how to get them; with
// TEST_ALL=1 that is a failure.
func theJudges(t *testing.T) string {
	t.Helper()
	node, err := judgesInstalled()
	switch {
	case err != nil && os.Getenv("TEST_ALL") == "1":
		t.Fatalf("judges from outside: %v", err)
	case err != nil:
		t.Skipf("judges from outside: %v", err)
	}
	return node
}

// court is a house that is known to the street by the address of the front door, in which faults can be planted.
type court struct {
	t       *testing.T
	house   *openHouse
	door    *frontDoor
	node    string
	clients string
}

// openCourt opens one on SQLite.
func openCourt(t *testing.T, node, clients string) *court {
	t.Helper()
	return openCourtOn(t, "", node, clients)
}

func openCourtOn(t *testing.T, database, node, clients string) *court {
	t.Helper()
	door := openFrontDoor(t)
	h := openBehind(t, door.URL(), clients, database)
	door.leadTo(t, h)
	return &court{t: t, house: h, door: door, node: node, clients: clients}
}

// onEachEngine has a judge look at c, and at a house on PostgreSQL that is like it. Faults are planted once, because they stand in front of the house.
func (c *court) onEachEngine(look func(t *testing.T, c *court)) {
	c.t.Run("on SQLite", func(t *testing.T) { look(t, c) })
	c.t.Run("on PostgreSQL", func(t *testing.T) { look(t, openCourtOn(t, database.PostgreSQL(t), c.node, c.clients)) })
}

// judgeTask is what a script in tests/judges is told.
type judgeTask struct {
	Issuer      string `json:"issuer"`
	ClientID    string `json:"client_id"`
	Secret      string `json:"client_secret,omitempty"`
	Auth        string `json:"auth"` // basic, post, none or key
	Key         any    `json:"key,omitempty"`
	RedirectURI string `json:"redirect_uri"`
	Audience    string `json:"audience,omitempty"` // of JWTs; none where access tokens are references
	Rotates     bool   `json:"rotates"`
	AccessToken string `json:"access_token,omitempty"`
}

// The kinds of clients that a development house has.
var clientKinds = []struct{ name, client, auth, audience string }{
	{"Alexa with its secret in the header", "alexa", "basic", "/alexa"},
	{"Alexa with its secret in the form", "alexa", "post", "/alexa"},
	{"Google with references for tokens", "google", "basic", ""},
	{"an MCP assistant without a secret", "mcp", "none", "/mcp"},
}

// task is for a client by the name it has in dev.json.
func (c *court) task(client, auth, audience string) judgeTask {
	known := c.house.Dev().Clients[client]
	if client == signer.ID {
		known = signer
	}
	t := judgeTask{Issuer: c.door.URL(), ClientID: known.ID, Secret: known.Secret, Auth: auth, RedirectURI: known.RedirectURIs[0], Rotates: auth == "none"}
	if audience != "" {
		t.Audience = c.door.URL() + audience
	}
	if auth == "key" {
		t.Key = jwk(signerKey(), true)
	}
	return t
}

// visit is the customer: from an authorization URL through the pages to the redirect URI; it gives where that leads.
func (c *court) visit(ctx context.Context, authorize string) (string, error) {
	asked, err := url.Parse(authorize)
	if err != nil {
		return "", err
	}
	customer, err := c.house.Dev().Customer("albion", "ada")
	if err != nil {
		return "", err
	}
	redirect := asked.Query().Get("redirect_uri")
	if redirect == "" { // it was pushed
		redirect = signer.RedirectURIs[0]
	}
	back, err := dev.Person{Bank: "albion", Customer: customer, Now: c.house.Now}.Link(ctx, authorize, redirect)
	return redirect + "?" + back.Encode(), err
}

// judge runs a script of tests/judges on a task. It gives whether the judge was content, and what it said.
func (c *court) judge(t *testing.T, script string, task judgeTask) (bool, string) {
	t.Helper()
	order, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	return c.run(t, []string{"judges/" + script}, order, c.door.URL(), func(back string, answers io.Writer) error {
		_, err := io.WriteString(answers, back+"\n")
		return err
	})
}

// run runs a judge. When it has printed an authorization URL, and then or at once a line that begins with ready, the customer opens that URL, and
// arrive is told where the customer was sent in the end.
func (c *court) run(t *testing.T, args []string, order []byte, ready string, arrive func(back string, answers io.Writer) error) (bool, string) {
	t.Helper()
	c.house.wall.Set(time.Now())
	ctx, cancel := context.WithTimeout(t.Context(), judgeLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.node, args...)
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "NODE_COMPILE_CACHE=judges/node_modules/.cache", // each of many is read and compiled but once
		"AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE=1") // that SDK comes with virtual-alexa
	cmd.WaitDelay = time.Second
	answers, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if len(order) > 0 {
		_, _ = answers.Write(append(order, '\n')) // a judge that does not listen says why itself
	}
	var said strings.Builder
	var authorize string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		said.WriteString(line + "\n")
		if strings.HasPrefix(line, c.door.URL()+"/oauth/authorize?") {
			authorize = line
		}
		if authorize == "" || !strings.HasPrefix(line, ready) {
			continue
		}
		back, err := c.visit(ctx, authorize)
		if err == nil {
			err = arrive(back, answers)
		}
		if err != nil {
			cancel()
			t.Errorf("the customer did not come through: %v", err)
		}
	}
	err = cmd.Wait()
	if ctx.Err() != nil {
		t.Errorf("the judge was not done within %v", judgeLimit)
	}
	return err == nil, said.String() + complaint.String()
}

// hold holds one script up against the house: as each kind of client it must be content, and with each fault it must not be, and say why.
func (c *court) hold(script string, faults []fault) {
	signs := clientKinds[0]
	signs.name, signs.client, signs.auth = "a client that signs, and pushes its requests,", signer.ID, "key"
	c.onEachEngine(func(t *testing.T, c *court) {
		for _, kind := range append(slices.Clone(clientKinds), signs) {
			t.Run(kind.name+" finds nothing wrong", func(t *testing.T) {
				if content, said := c.judge(t, script, c.task(kind.client, kind.auth, kind.audience)); !content || !strings.HasSuffix(said, "judged\n") {
					t.Errorf("the judge found something: %s", said)
				}
			})
		}
	})
	for _, f := range faults {
		c.t.Run(f.name+" is seen", func(t *testing.T) {
			c.door.plant(t, f)
			task := c.task("alexa", "basic", "/alexa")
			switch {
			case f.public:
				task = c.task("mcp", "none", "/mcp")
			case f.signs:
				task = c.task(signer.ID, "key", "/alexa")
			}
			f.mustBeSeen(t, func() (bool, string) { return c.judge(t, script, task) })
		})
	}
}

func TestJudgeOAuth4webapi(t *testing.T) {
	t.Parallel()
	c := openCourt(t, theJudges(t), strangers(t))
	c.hold("oauth4webapi.mjs", append(append(commonFaults(t, c.door), signersFaults()...), []fault{
		{name: "a response with tokens that may be stored", at: "/oauth/token", header: with("Cache-Control", "public"), says: "may be stored"},
		{name: "metadata sent as a page", at: metadataPath, header: with("Content-Type", "text/html"), says: "JSON that is not called JSON"},
		{name: "tokens sent as text", at: "/oauth/token", header: with("Content-Type", "text/plain"), says: "JSON that is not called JSON"},
		{name: "an answer without a state", at: "/link/callback", body: swap("state=", "stale="), says: `parameter "state" missing`},
		{name: "an answer without iss", at: "/link/callback", body: swap("iss=", "isz="), says: `parameter "iss" (issuer) missing`},
		{name: "iss in responses not announced", at: metadataPath, body: swap(`"authorization_response_iss_parameter_supported":true`, `"x":true`), says: "iss in responses"},
		{name: "a key that did not sign", at: jwksPath, body: swap(`"kid":"`, `"kid":"x`), says: "no applicable keys"},
		{name: "a refresh that gives too much", at: "/oauth/token", body: swap(`"scope":"balances"`, `"scope":"balances income"`), says: "more than was asked for"},
		{name: "an introspection that is no boolean", at: "/oauth/introspect", body: swap(`"active":true`, `"active":"true"`), says: `"active" property must be a boolean`},
		{name: "a subject that changes", at: "/oauth/introspect", body: swap(`"sub":"`, `"sub":"x`), says: "two subjects"},
		{name: "a rotation that gives the same again", at: "/oauth/token", body: sameRefresh(), public: true, says: "is not rotated"},
		{name: "an introspection for everybody", at: "/oauth/introspect", status: http.StatusOK, body: whole(`{"active":true}`), public: true, says: "Missing expected rejection"},
		{name: "a resource of another name", at: "/.well-known/oauth-protected-resource", body: swap(`"resource":"http://127`, `"resource":"http://128`), says: "does not match the expected"},
		{name: "a resource of another's authorization server", at: "/.well-known/oauth-protected-resource/mcp", body: swap(`"authorization_servers":["http://127`, `"authorization_servers":["http://128`), public: true, says: "another authorization server"},
		{name: "a person of another name", at: "/oauth/userinfo", body: swap(`"sub":"`, `"sub":"x`), says: `unexpected "response" body "sub"`},
		{name: "a person's address", at: "/oauth/userinfo", body: swap(`{"sub"`, `{"email":"ada@albion.example","sub"`), says: "told more of a person"},
		{name: "a bad token that is not challenged", at: "/oauth/userinfo", header: with("WWW-Authenticate", ""), says: "a bad token is not challenged"},
		{name: "a refusal that is no OAuth error", at: "/oauth/token", body: swap(`"error":"invalid_grant"`, `"fault":"invalid_grant"`), says: "not an OAuth error"},
	}...))
}

func TestJudgeOpenIDClient(t *testing.T) {
	t.Parallel()
	c := openCourt(t, theJudges(t), strangers(t))
	var faults []fault
	for _, f := range commonFaults(t, c.door) {
		if !f.jwt { // it takes access tokens as they come
			faults = append(faults, f)
		}
	}
	c.hold("openid-client.mjs", append(faults, signersFaults()...))
}

func TestJudgeJose(t *testing.T) {
	t.Parallel()
	c := openCourt(t, theJudges(t), "")
	judge := func(t *testing.T, c *court, client, auth, audience string) (bool, string) {
		t.Helper()
		c.house.wall.Set(time.Now())
		task := c.task(client, auth, audience)
		task.AccessToken = c.link(t, task).AccessToken
		return c.judge(t, "jose.mjs", task)
	}
	c.onEachEngine(func(t *testing.T, c *court) {
		for _, kind := range clientKinds {
			if kind.audience == "" {
				continue
			}
			t.Run(kind.name+" gets a token that verifies", func(t *testing.T) {
				if content, said := judge(t, c, kind.client, kind.auth, kind.audience); !content || !strings.HasSuffix(said, "judged\n") {
					t.Errorf("the judge found something: %s", said)
				}
			})
		}
	})
	faults := []fault{
		{name: "a private key in the open", at: jwksPath, body: swap(`"kid"`, `"d":"AA","kid"`), says: "a private key is published"},
		{name: "a key that did not sign", at: jwksPath, body: swap(`"kid":"`, `"kid":"x`), says: "no applicable key found"},
		{name: "a key for something else", at: jwksPath, body: swap(`"use":"sig"`, `"use":"enc"`), says: "a key without its use"},
		{name: "a token whose end was moved", at: "/oauth/token", body: moveEnd(), says: "signature verification failed"},
	}
	for _, f := range commonFaults(t, c.door) {
		if f.jwt {
			f.says = f.jose
			faults = append(faults, f)
		}
	}
	for _, f := range faults {
		t.Run(f.name+" is seen", func(t *testing.T) {
			c.door.plant(t, f)
			f.mustBeSeen(t, func() (bool, string) { return judge(t, c, "alexa", "basic", "/alexa") })
		})
	}
}

// TestJudgeConformance runs the authorization scenarios of the Model Context Protocol's own conformance suite.
func TestJudgeConformance(t *testing.T) {
	t.Parallel()
	c := openCourt(t, theJudges(t), "")
	judge := func(t *testing.T, c *court, client string) (bool, string) {
		t.Helper()
		results := t.TempDir()
		_, port, err := net.SplitHostPort(loopback.Free(t))
		if err != nil {
			t.Fatal(err)
		}
		known := c.house.Dev().Clients[client]
		args := []string{
			"judges/node_modules/@modelcontextprotocol/conformance/dist/index.js", "authorization",
			"--url", c.door.URL(), "--client-id", known.ID, "-p", port, "-o", results,
		}
		if known.Secret != "" {
			args = append(args, "--client-secret", known.Secret)
		}
		content, said := c.run(t, args, nil, "Callback server started", func(back string, _ io.Writer) error {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, back, nil)
			if err != nil {
				return err
			}
			_, _, err = do(r)
			return err
		})
		return content, checks(t, results) + said
	}
	// The suite prefers no authentication at all where some client may go without, so for the client with a secret that is left out of the metadata.
	confidential := fault{at: metadataPath, body: swap(`,"none"`, "")}
	c.onEachEngine(func(t *testing.T, c *court) {
		t.Run("an MCP assistant without a secret finds nothing wrong", func(t *testing.T) {
			content, said := judge(t, c, "mcp")
			mustPass(t, content, said)
		})
		t.Run("an assistant with a secret finds nothing wrong", func(t *testing.T) {
			c.door.plant(t, confidential)
			content, said := judge(t, c, "alexa")
			mustPass(t, content, said)
		})
	})
	faults := []fault{
		{name: "an issuer of another name", at: metadataPath, body: swap(`"issuer":"http://127`, `"issuer":"http://128`), says: "Invalid issuer"},
		{name: "metadata sent as a page", at: metadataPath, header: with("Content-Type", "text/html"), says: "Invalid Content-Type"},
		{name: "metadata without S256", at: metadataPath, body: swap(`"S256"`, `"plain"`), says: "code_challenge_methods_supported"},
		{name: "metadata without the code flow", at: metadataPath, body: swap(`["code"]`, `["token"]`), says: "response_types_supported"},
		{name: "an answer in another's name", at: "/link/callback", body: swap("iss=http%3A%2F%2F127", "iss=http%3A%2F%2F128"), says: "Invalid iss"},
		{name: "an answer to another question", at: "/link/callback", body: swap("state=", "state=x"), says: "Invalid state"},
		{name: "a response with tokens that may be stored", at: "/oauth/token", header: with("Cache-Control", ""), says: "Invalid Cache-Control"},
		{name: "tokens sent as text", at: "/oauth/token", header: with("Content-Type", "text/plain"), says: "Invalid Content-Type"},
		{name: "tokens without a type", at: "/oauth/token", body: swap(`"token_type"`, `"type"`), says: "Missing token_type"},
		{name: "a code that is refused", at: "/oauth/token", status: http.StatusBadRequest, says: "Invalid status code"},
	}
	for _, f := range faults {
		t.Run(f.name+" is seen", func(t *testing.T) {
			c.door.plant(t, f)
			f.mustBeSeen(t, func() (bool, string) { return judge(t, c, "mcp") })
		})
	}
}

// checks gives one line for each check that the conformance suite made.
func checks(t *testing.T, results string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(results, "*", "checks.json"))
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var made []struct {
			ID           string `json:"id"`
			Status       string `json:"status"`
			ErrorMessage string `json:"errorMessage"`
		}
		if err := json.Unmarshal(content, &made); err != nil {
			t.Fatal(err)
		}
		for _, check := range made {
			fmt.Fprintf(&lines, "%s %s %s\n", check.Status, check.ID, check.ErrorMessage)
		}
	}
	return lines.String()
}

// mustPass wants both scenarios of the conformance suite to have been judged and passed. Its one warning is about client metadata documents,
// which are a wish of the specification.
func mustPass(t *testing.T, content bool, said string) {
	t.Helper()
	if !content || strings.Contains(said, "FAILURE ") || strings.Contains(said, "SKIPPED ") {
		t.Errorf("the judge found something: %s", said)
	}
	for _, check := range []string{"authorization-server-metadata", "authorization-code-grant"} {
		if !strings.Contains(said, "SUCCESS "+check+" ") {
			t.Errorf("%s was not judged: %s", check, said)
		}
	}
}
