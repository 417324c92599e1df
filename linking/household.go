package linking

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Household is an account at a platform, from which a link was made: Alexa's user id of a skill. A platform that takes a link back may say no
// more than this. It is known only once the platform has told of the link, opens nothing, and is kept only as an HMAC.
type Household struct {
	Platform Platform
	ID       string // the platform's own name for it
}

// maxHousehold bounds a household's name, in bytes. Alexa's have some 230.
const maxHousehold = 1 << 10

// String gives "[household]".
func (Household) String() string { return "[household]" }

// GoString gives "[household]".
func (Household) GoString() string { return "[household]" }

// IsZero says whether there is no household.
func (h Household) IsZero() bool { return h == Household{} }

func (a *Authority) household(h Household) ([]byte, bool) {
	return a.o.Keys.name("household", string(h.Platform), h.ID), h.ID != "" && len(h.ID) <= maxHousehold
}

// Belongs keeps from which household a link was made. Repeating it is no error, and neither is a household without a name. A link of another
// platform, or one that is not there, is an ErrNotLinked.
func (a *Authority) Belongs(ctx context.Context, link Link, h Household) error {
	name, ok := a.household(h)
	if !ok {
		return nil
	}
	if link.Platform != h.Platform {
		return errOtherPlatform
	}
	err := a.o.Store.KeepHousehold(ctx, name, link.ID)
	if errors.Is(err, ErrNone) {
		return errUnknown
	}
	if err != nil {
		return fmt.Errorf("keep whose link it is: %w", err)
	}
	return nil
}

// EndHousehold ends every link of a household that was made until an instant by the platform's clock, as End does, and gives them. So a
// notice that comes late does not end what was linked since. Repeating it, or a household without links, is no error.
func (a *Authority) EndHousehold(ctx context.Context, h Household, until time.Time) ([]string, error) {
	name, ok := a.household(h)
	if !ok {
		return nil, nil
	}
	ended, err := a.o.Store.EndHousehold(ctx, name, until.Add(skew), a.o.Now())
	if err != nil && !errors.Is(err, ErrNone) {
		return nil, fmt.Errorf("end the links of a household: %w", err)
	}
	return ended, nil
}
