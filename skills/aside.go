package skills

import (
	"time"

	"sotto/linking"
)

// Aside is what a platform sends while nobody waits to hear anything: the whole answer to it, and what it tells of a link.
type Aside struct {
	Answer []byte
	Event  LinkEvent     // EventNone where it tells nothing of a link
	Token  linking.Token // of the link it is about; empty where the platform says none
	// Household is from whose account at the platform it comes, and At is when it happened there; zero where it tells nothing of a link.
	Household linking.Household
	At        time.Time
}

// LinkEvent is what a platform tells of a link.
type LinkEvent string

// The events.
const (
	EventNone   LinkEvent = ""
	EventLinked LinkEvent = "linked" // the customer has linked: from now on it is known from which household
	EventEnded  LinkEvent = "ended"  // the customer has taken the link back on the platform
	EventDelete LinkEvent = "delete" // the customer wants what is kept of the link erased
)
