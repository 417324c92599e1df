package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sotto/server/dev"
	"sotto/skills/messenger"
)

// How long Messenger is looked at for an answer, and how often.
const (
	answered = 20 * time.Second
	glance   = 100 * time.Millisecond
)

// messengerPlayer is a customer's phone, and Meta between it and the house.
type messengerPlayer struct {
	*asker
	phone *messenger.Phone
	seen  int // messages to him
}

func playMessenger(a *asker) (assistant, error) {
	if a.file.Messenger.PageID == "" {
		return nil, errors.New("dev.json has no messenger: start `sotto serve --dev` again")
	}
	return &messengerPlayer{asker: a, phone: &messenger.Phone{PageID: a.file.Messenger.PageID, Now: a.now, Random: a.s.random}}, nil
}

// link links the customer's chat as he would: the button in the chat, the pages, and the code typed in the chat.
func (p *messengerPlayer) link(ctx context.Context) (bool, error) {
	if p.page.Person != "" {
		p.phone.Person = p.page.Person
		_, err := p.news(ctx)
		return false, err
	}
	n, err := rand.Int(p.s.random, big.NewInt(1e15))
	if err != nil {
		return false, fmt.Errorf("invent a person: %w", err)
	}
	p.phone.Person, p.seen = fmt.Sprintf("5%015d", n), 0
	h, err := p.deliver(ctx)(p.phone.Press("Link my bank", messenger.LinkIt))
	if err != nil {
		return false, err
	}
	customer, err := p.file.Customer(p.Bank, p.Customer)
	if err != nil {
		return false, err
	}
	const back = "https://www.facebook.com/messenger_platform/account_linking/?account_linking_token=ask"
	code, err := dev.Person{Bank: p.Bank, Customer: customer, Now: p.now}.LinkChat(ctx, h.LinkURL+"?"+url.Values{
		"account_linking_token": {"ask"}, "redirect_uri": {back},
	}.Encode())
	if err != nil {
		return false, fmt.Errorf("link %s at %s: %w", p.Customer, p.Bank, err)
	}
	handover, ok := strings.CutPrefix(code.Back, back+"&authorization_code=")
	if !ok {
		return false, fmt.Errorf("link %s at %s: the page does not lead back to Messenger", p.Customer, p.Bank)
	}
	if _, err := p.deliver(ctx)(p.phone.Return(handover)); err != nil {
		return false, err
	}
	if _, err := p.deliver(ctx)(p.phone.Type(code.Digits)); err != nil {
		return false, err
	}
	fmt.Fprintf(p.s.err, "(linked %s at %s, as Messenger would in a browser, with the code typed in the chat)\n", p.Customer, p.Bank)
	p.page.Person = p.phone.Person
	return true, p.kept.write()
}

// say types the sentence and waits for what comes.
func (p *messengerPlayer) say(ctx context.Context) (heard, error) {
	h, err := p.deliver(ctx)(p.phone.Type(p.text))
	return heard{text: h.Text, unlinked: h.LinkURL != ""}, err
}

// deliver delivers what the phone has made, signed as Meta signs, and gives what the customer hears.
func (p *messengerPlayer) deliver(ctx context.Context) func([]byte, error) (messenger.Heard, error) {
	return func(body []byte, err error) (messenger.Heard, error) {
		if err != nil {
			return messenger.Heard{}, err
		}
		if _, err := p.exchange(ctx, "/messenger", messenger.Sign(p.file.Messenger.AppSecret, body), body); err != nil {
			return messenger.Heard{}, err
		}
		ctx, cancel := context.WithTimeout(ctx, answered)
		defer cancel()
		for {
			news, err := p.news(ctx)
			if err != nil {
				return messenger.Heard{}, err
			}
			if len(news) > 0 {
				return p.hear(news)
			}
			select {
			case <-ctx.Done():
				return messenger.Heard{}, errors.New("nothing came in Messenger; the log of the house says why")
			case <-time.After(glance):
			}
		}
	}
}

func (p *messengerPlayer) hear(news []jsontext.Value) (messenger.Heard, error) {
	var all messenger.Heard
	for _, raw := range news {
		if p.Show {
			fmt.Fprintf(p.s.out, "GET %s/graph/messages\n%s\n\n", p.file.BankURL, indent(raw))
		}
		h, err := messenger.Hear(raw)
		if err != nil {
			return all, err
		}
		all.Text = strings.TrimSpace(all.Text + " " + h.Text)
		if h.LinkURL != "" {
			all.LinkURL = h.LinkURL
		}
	}
	return all, nil
}

// news are the messages to him that were not there before.
func (p *messengerPlayer) news(ctx context.Context) ([]jsontext.Value, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.file.BankURL+"/graph/messages", nil)
	if err != nil {
		return nil, fmt.Errorf("look at what was sent: %w", err)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("look at what was sent: %w", err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, 4<<20))
	if err != nil {
		return nil, fmt.Errorf("look at what was sent: %w", err)
	}
	var sent struct {
		Data []struct {
			Recipient string         `json:"recipient_id"`
			Message   jsontext.Value `json:"message"`
		} `json:"data"`
	}
	if err := json.Unmarshal(content, &sent); err != nil {
		return nil, errors.New("look at what was sent: the graph answers with something else than messages")
	}
	var mine []jsontext.Value
	for _, m := range sent.Data {
		if m.Recipient == p.phone.Person {
			mine = append(mine, m.Message)
		}
	}
	if len(mine) <= p.seen {
		p.seen = len(mine)
		return nil, nil
	}
	news := mine[p.seen:]
	p.seen = len(mine)
	return news, nil
}
