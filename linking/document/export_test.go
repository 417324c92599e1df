package document

import "net/http"

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
