package server

import "sotto/skills/nlu"

// typed gives who reads typed text: one parser for all platforms, so that a language is learned once. It is called while the rooms are opened.
func (s *Server) typed() (*nlu.Parser, error) {
	if s.parser == nil {
		var err error
		if s.parser, err = nlu.New(s.catalogue); err != nil {
			return nil, err
		}
	}
	return s.parser, nil
}
