package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"sotto/server"
	"sotto/server/dev"
)

type askCommand struct {
	Text     []string `arg:"" help:"what the customer says"`
	As       string   `default:"alexa" enum:"alexa,dialogflow,messenger,mcp" help:"the assistant"`
	Locale   string   `default:"en-US" help:"the language it hears"`
	Bank     string   `default:"albion" help:"the customer's bank"`
	Customer string   `default:"ada" help:"who asks: ada, grace, linus or zoe"`
	Show     bool     `help:"print the JSON both ways"`
}

// assistant is one platform as ask plays it: at the far end of its own wire, with what it proves itself by.
type assistant interface {
	// link sees to it that the customer is linked, and says whether he was linked just now.
	link(ctx context.Context) (fresh bool, err error)
	// say sends the sentence, within the conversation that is kept on the page, and gives what the customer hears.
	say(ctx context.Context) (heard, error)
}

// heard is what came back.
type heard struct {
	text     string
	unlinked bool // it asks the customer to link
}

// assistants are the platforms that ask can play, by the names of --as. An error before anything is sent is one of the sentence.
var assistants = map[string]func(*asker) (assistant, error){
	"alexa":      playAlexa,
	"messenger":  playMessenger,
	"mcp":        playMCP,
	"dialogflow": playDialogflow,
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 256 << 10

// asker is one question on its way: what every assistant needs to ask it.
type asker struct {
	askCommand
	text   string // what the customer says
	s      street
	state  string
	file   dev.File
	now    func() time.Time // the house's clock
	client *http.Client
	kept   *notebook
	page   *page
}

// Run asks a running development house as an assistant would: over the platform's own wire, for a customer whom it links itself if need be.
func (c *askCommand) Run(ctx context.Context, s street, cfg *server.Config) error {
	file, err := dev.ReadFile(cfg.State)
	if err != nil {
		return err
	}
	now, err := file.Clock(s.wall)
	if err != nil {
		return err
	}
	a := &asker{
		askCommand: *c, text: strings.Join(c.Text, " "), s: s, state: cfg.State, file: file, client: &http.Client{Timeout: 20 * time.Second},
		now: now,
	}
	if a.kept, err = openNotebook(cfg.State); err != nil {
		return err
	}
	a.page = a.kept.page(file.PublicURL, c.As, c.Bank, c.Customer)
	as, err := assistants[c.As](a)
	if err != nil {
		return err
	}
	answer, err := a.ask(ctx, as)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("nobody answers at %s: start `sotto serve --dev` first", file.PublicURL)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, answer.text)
	return nil
}

// ask asks with the link at hand. Where it is dead, because the customer has taken it back or the state was removed, it links anew and asks
// once more.
func (a *asker) ask(ctx context.Context, as assistant) (heard, error) {
	fresh, err := as.link(ctx)
	if err != nil {
		return heard{}, err
	}
	answer, err := as.say(ctx)
	if err != nil || !answer.unlinked || fresh {
		return answer, err
	}
	a.page.forget()
	if _, err := as.link(ctx); err != nil {
		return heard{}, err
	}
	return as.say(ctx)
}

// exchange posts one request of the platform to a route of the house, shows both ways if that was asked for, and gives the answer.
func (a *asker) exchange(ctx context.Context, route string, header http.Header, body []byte) ([]byte, error) {
	answer, status, err := a.post(ctx, a.file.PublicURL+route, header, string(body))
	if err != nil {
		return nil, err
	}
	if a.Show {
		fmt.Fprintf(a.s.out, "POST %s%s\n%s\n\n%d\n%s\n\n", a.file.PublicURL, route, indent(body), status, indent(answer))
	}
	if status != http.StatusOK {
		return nil, &refusedError{status}
	}
	return answer, nil
}

// refusedError is an answer with another status than 200.
type refusedError struct{ status int }

func (e *refusedError) Error() string {
	return fmt.Sprintf("the house refused the question with %d; its log says why", e.status)
}

func (a *asker) post(ctx context.Context, to string, header http.Header, body string) ([]byte, int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(body))
	if err != nil {
		return nil, 0, fmt.Errorf("%s: that is no place to ask", to)
	}
	request.Header = header
	response, err := a.client.Do(request)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, 0, fmt.Errorf("ask %s: %w", a.file.PublicURL, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, 0, fmt.Errorf("read the answer: %w", err)
	}
	return answer, response.StatusCode, nil
}
