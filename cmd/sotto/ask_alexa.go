package main

import (
	"context"

	"sotto/linking"
	"sotto/server/dev"
	"sotto/skills"
	"sotto/skills/alexa"
)

// alexaPlayer is an Echo at home, and Amazon behind it, which signs what it sends.
type alexaPlayer struct {
	*asker
	intent skills.Intent // what Amazon makes of the sentence
	slots  skills.Slots
}

func playAlexa(a *asker) (assistant, error) {
	intent, slots, err := matchAmazon(a.text, a.Locale, conversation[alexa.Conversation](a.page, a.now()).Dialogue(), a.now)
	if err != nil {
		return nil, err
	}
	return &alexaPlayer{asker: a, intent: intent, slots: slots}, nil
}

func (p *alexaPlayer) link(ctx context.Context) (bool, error) {
	return p.tokens(ctx, "alexa", "as the Alexa app would in a browser")
}

// say makes the request, signs it, posts it and hears the answer.
func (p *alexaPlayer) say(ctx context.Context) (heard, error) {
	device := &alexa.Device{SkillID: p.file.Alexa.SkillID, Locale: p.Locale, Token: linking.Token(p.page.Access), Now: p.now, Random: p.s.random}
	device.Resume(conversation[alexa.Conversation](p.page, p.now()))
	body, err := device.Ask(p.intent, p.slots)
	if err != nil {
		return heard{}, err
	}
	key, err := dev.ReadAlexaKey(p.state, p.file.Alexa)
	if err != nil {
		return heard{}, err
	}
	header, err := alexa.Signer{CertificateURL: p.file.Alexa.CertificateURL, Key: key}.Sign(body)
	if err != nil {
		return heard{}, err
	}
	answer, err := p.exchange(ctx, "/alexa", header, body)
	if err != nil {
		return heard{}, err
	}
	h, err := device.Hear(answer)
	if err != nil {
		return heard{}, err
	}
	return heard{text: plain(h.SSML), unlinked: h.LinkCard}, p.kept.remember(p.page, device.Conversation(), p.now())
}
