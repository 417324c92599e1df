package main

import (
	"context"
	"strings"

	"sotto/banking"
	"sotto/banking/spending"
	"sotto/linking"
	"sotto/skills"
	"sotto/skills/dialogflow"
)

// dialogflowPlayer is an agent of Dialogflow ES, to which a customer types in the bank's own app: it has the sentences of the catalogue, and
// the app sends along the token of account linking.
type dialogflowPlayer struct{ *asker }

func playDialogflow(a *asker) (assistant, error) { return &dialogflowPlayer{a}, nil }

func (p *dialogflowPlayer) link(ctx context.Context) (bool, error) {
	return p.tokens(ctx, "google", "as the bank's own app would in a browser")
}

// say posts what the agent made of the sentence: its intent, or the text where it matches none.
func (p *dialogflowPlayer) say(ctx context.Context) (heard, error) {
	caller := &dialogflow.Caller{
		Username: p.file.Dialogflow.Username, Password: p.file.Dialogflow.Password, Locale: strings.ToLower(p.Locale),
		Token: linking.Token(p.page.Access), Random: p.s.random,
	}
	caller.Resume(conversation[dialogflow.Conversation](p.page, p.now()))
	body, err := p.request(caller)
	if err != nil {
		return heard{}, err
	}
	answer, err := p.exchange(ctx, "/dialogflow/es", caller.Header(), body)
	if err != nil {
		return heard{}, err
	}
	h, err := caller.Hear(answer)
	if err != nil {
		return heard{}, err
	}
	return heard{text: h.Text, unlinked: h.Wants}, p.kept.remember(p.page, caller.Conversation(), p.now())
}

func (p *dialogflowPlayer) request(caller *dialogflow.Caller) ([]byte, error) {
	catalogue, err := skills.NewCatalogue(p.now)
	if err != nil {
		return nil, err
	}
	intent, slots, ok := catalogue.Match(p.Locale, p.text)
	if !ok {
		return caller.Type(p.text)
	}
	if s, ok := slots[skills.SlotPeriod]; ok {
		today := banking.DateOf(p.now(), p.now().Location())
		period, err := spending.ParseAmazon(s.Heard, today)
		if err != nil {
			return caller.Type(p.text)
		}
		slots[skills.SlotPeriod] = skills.Slot{Heard: period.From.String() + "/" + period.Last().String()}
	}
	return caller.Ask(p.text, intent, slots)
}
