package banking

import (
	"bytes"
	"fmt"
	"strings"
)

// bound is the associated data of a sealed value: where it belongs. A ciphertext that was moved elsewhere does not open.
func bound(place ...string) []byte { return []byte(strings.Join(place, "|")) }

func (c *Connections) seal(plain []byte, place ...string) ([]byte, error) {
	sealed, err := c.house.Encrypt(plain, bound(place...))
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", place[0], err)
	}
	return sealed, nil
}

func (c *Connections) open(sealed []byte, place ...string) ([]byte, error) {
	plain, err := c.house.Decrypt(sealed, bound(place...))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", place[0], errSealed)
	}
	return plain, nil
}

// sealTokens puts tokens into the row.
func (c *Connections) sealTokens(conn *Connection, t Tokens) error {
	var err error
	if conn.Access, err = c.seal([]byte(t.Access), "connections", conn.ID, "access"); err != nil {
		return err
	}
	conn.Refresh = nil
	if t.Refresh != "" {
		if conn.Refresh, err = c.seal([]byte(t.Refresh), "connections", conn.ID, "refresh"); err != nil {
			return err
		}
	}
	conn.AccessExpires = t.Expires
	if !t.RefreshExpires.IsZero() {
		conn.RefreshExpires = t.RefreshExpires
	}
	return nil
}

// pair makes one value of two, of which the first has no zero byte.
func pair(a, b string) []byte { return []byte(a + "\x00" + b) }

// unpair takes apart what pair has made.
func unpair(s []byte) (a, b string, err error) {
	before, after, ok := bytes.Cut(s, []byte{0})
	if !ok {
		return "", "", errSealed
	}
	return string(before), string(after), nil
}
