package server

import (
	"errors"

	"sotto/linking/idtoken"
)

// google is what the settings say of Google's ID tokens for streamlined account linking; without an audience it is off.
func (c *Config) google() idtoken.Config {
	g := idtoken.Config{Keys: c.GoogleJWKS, Issuer: c.GoogleIssuer}
	if c.GoogleClientID != "" {
		g.Audiences = []string{c.GoogleClientID}
	}
	return g
}

func (c *Config) checkGoogle() error {
	g := c.google()
	if g.Audiences != nil {
		return g.Check()
	}
	if g.Keys != "" || g.Issuer != "" {
		return errors.New("SOTTO_GOOGLE_CLIENT_ID is missing: without it, streamlined account linking is off")
	}
	return nil
}

// googleAccounts verifies ID tokens that Google makes out to us; nil where that is off.
func (s *Server) googleAccounts() (*idtoken.Verifier, error) {
	g := s.cfg.google()
	if g.Audiences == nil {
		return nil, nil //nolint:nilnil // nothing is wrong, and there is none
	}
	g.Now = s.now
	return idtoken.New(g)
}
