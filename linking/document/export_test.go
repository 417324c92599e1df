package document

import (
	"context"
	"net"
	"net/http"
)

// Street has documents of named hosts fetched by this client.
func Street(d *Documents, c *http.Client) { d.street = c }

// Public is public.
var Public = public

// Waiting is how many wait for a document.
func Waiting(d *Documents, id string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.flights[id]; f != nil {
		return f.waiting
	}
	return 0
}

// Dial has d reach this machine otherwise.
func Dial(d *Documents, dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	d.home.Transport.(*http.Transport).DialContext = dial
}

// Remembered is how many fetches d remembers.
func Remembered(d *Documents) int {
	d.cache.CleanUp()
	return d.cache.EstimatedSize()
}
