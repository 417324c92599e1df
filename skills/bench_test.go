package skills_test

import (
	"testing"

	"sotto/banking"
	"sotto/skills"
	"sotto/skills/speech"
)

func BenchmarkAnswerBalance(b *testing.B) {
	world := &bank{links: allowed(), balances: []banking.Balance{balanceOf(current, 1230), balanceOf(rainy, 120400), balanceOf(card, -300)}}
	s := world.skill(b)
	turn := skills.Turn{ID: "turn", Platform: "alexa", Locale: "en-US", Intent: skills.Balance, Token: token}
	b.ReportAllocs()
	for b.Loop() {
		s.Answer(b.Context(), turn)
		world.entries, world.order = world.entries[:0], world.order[:0]
	}
}

func BenchmarkSayBalance(b *testing.B) {
	world := &bank{links: allowed(), balances: []banking.Balance{balanceOf(current, 1230), balanceOf(rainy, 120400), balanceOf(card, -300)}}
	reply, _ := world.skill(b).Answer(b.Context(), skills.Turn{Platform: "alexa", Intent: skills.Balance, Token: token})
	b.ReportAllocs()
	for b.Loop() {
		speech.Say("en-US", reply)
	}
}

func BenchmarkSaySpending(b *testing.B) {
	reply, _ := shopper().skill(b).Answer(b.Context(), skills.Turn{Platform: "alexa", Intent: skills.Spending, Token: token, Slots: slot(skills.SlotPeriod, "2026-W47")})
	b.ReportAllocs()
	for b.Loop() {
		speech.Say("en-US", reply)
	}
}
