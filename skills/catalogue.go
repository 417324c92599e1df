package skills

import (
	"sotto/linking"
)

// Importance is how much an intent matters for calling a platform or a language done.
type Importance string

// The degrees of importance.
const (
	Required Importance = "required" // the bare minimum
	Usable   Importance = "usable"   // expected by customers
	Complete Importance = "complete" // for all that can be asked
)

// Entry is one intent in the catalogue. Every platform's package is generated from the catalogue.
type Entry struct {
	Intent     Intent
	Tool       string // the MCP tool's name; empty where an intent is no tool
	Slots      []SlotName
	Scopes     []linking.Scope            // needed always
	SlotScopes map[SlotName]linking.Scope // needed too when the slot is filled
	Link       bool                       // needs a link
	Importance Importance
}
