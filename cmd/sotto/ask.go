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

	"sotto/linking"
	"sotto/server"
	"sotto/server/dev"
	"sotto/skills"
	"sotto/skills/alexa"
)

type askCommand struct {
	Text     []string `arg:"" help:"what the customer says"`
	As       string   `default:"alexa" enum:"alexa,dialogflow,messenger,mcp" help:"the assistant"`
	Locale   string   `default:"en-US" help:"the language it hears"`
	Bank     string   `default:"albion" help:"the customer's bank"`
	Customer string   `default:"ada" help:"who asks: ada, grace, linus or zoe"`
	Show     bool     `help:"print the JSON both ways"`
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 256 << 10

// asker is one question on its way.
type asker struct {
	askCommand
	s      street
	state  string
	file   dev.File
	now    func() time.Time // the house's clock
	client *http.Client
	kept   *notebook
	page   *page
}

// Run asks a running development house as Alexa would: over its signed wire, with tokens from a linking that it walks through itself if
// need be.
func (c *askCommand) Run(ctx context.Context, s street, cfg *server.Config) error {
	if c.As != "alexa" {
		return fmt.Errorf("%w: --as %s comes in a later version; this one speaks alexa", errUsage, c.As)
	}
	if c.Locale != "en-US" {
		return fmt.Errorf("%w: --locale %s comes in a later version; this one speaks en-US", errUsage, c.Locale)
	}
	file, err := dev.ReadFile(cfg.State)
	if err != nil {
		return err
	}
	offset, err := file.Offset()
	if err != nil {
		return err
	}
	a := &asker{
		askCommand: *c, s: s, state: cfg.State, file: file, client: &http.Client{Timeout: 20 * time.Second},
		now: func() time.Time { return s.wall().Add(offset) },
	}
	intent, slots, err := match(strings.Join(c.Text, " "), c.Locale, a.now)
	if err != nil {
		return err
	}
	if a.kept, err = openNotebook(cfg.State); err != nil {
		return err
	}
	a.page = a.kept.page(file.PublicURL, c.As, c.Bank, c.Customer)
	heard, err := a.ask(ctx, intent, slots)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("nobody answers at %s: start `sotto serve --dev` first", file.PublicURL)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, plain(heard.SSML))
	return nil
}

// ask asks with the tokens at hand. Where they are dead, because the customer has taken the link back or the state was removed, it links
// anew and asks once more.
func (a *asker) ask(ctx context.Context, intent skills.Intent, slots skills.Slots) (alexa.Heard, error) {
	fresh, err := a.tokens(ctx)
	if err != nil {
		return alexa.Heard{}, err
	}
	heard, err := a.send(ctx, intent, slots)
	if err != nil || !heard.LinkCard || fresh {
		return heard, err
	}
	a.page.forget()
	if _, err := a.tokens(ctx); err != nil {
		return alexa.Heard{}, err
	}
	return a.send(ctx, intent, slots)
}

// send makes the request, signs it, posts it and hears the answer.
func (a *asker) send(ctx context.Context, intent skills.Intent, slots skills.Slots) (alexa.Heard, error) {
	key, err := dev.ReadAlexaKey(a.state, a.file.Alexa)
	if err != nil {
		return alexa.Heard{}, err
	}
	device := &alexa.Device{SkillID: a.file.Alexa.SkillID, Locale: a.Locale, Token: linking.Token(a.page.Access), Now: a.now, Random: a.s.random}
	device.Resume(a.page.conversation(a.now()))
	body, err := device.Ask(intent, slots)
	if err != nil {
		return alexa.Heard{}, err
	}
	header, err := alexa.Signer{CertificateURL: a.file.Alexa.CertificateURL, Key: key}.Sign(body)
	if err != nil {
		return alexa.Heard{}, err
	}
	answer, status, err := a.post(ctx, a.file.PublicURL+"/alexa", header, string(body))
	if err != nil {
		return alexa.Heard{}, err
	}
	if a.Show {
		fmt.Fprintf(a.s.out, "POST %s/alexa\n%s\n\n%d\n%s\n\n", a.file.PublicURL, indent(body), status, indent(answer))
	}
	if status != http.StatusOK {
		return alexa.Heard{}, fmt.Errorf("the house refused the question with %d; its log says why", status)
	}
	heard, err := device.Hear(answer)
	if err != nil {
		return alexa.Heard{}, err
	}
	a.page.remember(device.Conversation(), a.now())
	return heard, a.kept.write()
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
