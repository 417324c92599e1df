package server

import (
	"slices"

	"sotto/linking"
	"sotto/skills/dialogflow"
)

const (
	esPath = linking.DialogflowPath + "/es"
	cxPath = linking.DialogflowPath + "/cx"
	// dialogflowChallenge is what an agent is told that has not proven itself.
	dialogflowChallenge = `Basic realm="dialogflow", charset="UTF-8"`
)

// agents are the endpoints of Dialogflow's two kinds of agent.
type agents struct {
	es dialogflow.ES
	cx dialogflow.CX
}

// dialogflow is what the settings say of Dialogflow.
func (c *Config) dialogflow() dialogflow.Config {
	return dialogflow.Config{
		Username: c.DialogflowUsername, Password: c.DialogflowPassword,
		Audiences: c.DialogflowAudience, Emails: c.DialogflowEmail, Keys: c.DialogflowJWKS, Issuer: c.DialogflowIssuer,
	}
}

// openDialogflow opens the endpoints of Dialogflow, where there is something by which its requests can prove themselves. A conversation that
// carries no token is linked in the name of the first client of Google's.
func (s *Server) openDialogflow(clients []linking.Client) error {
	c := s.cfg.dialogflow()
	if !c.Open() {
		return nil
	}
	if i := slices.IndexFunc(clients, func(c linking.Client) bool { return c.Platform == linking.Google }); i >= 0 {
		c.Client = clients[i].ID
	}
	parser, err := s.typed()
	if err != nil {
		return err
	}
	c.Catalogue, c.Read, c.Now = s.catalogue, parser.Parse, s.now
	var a agents
	if a.es, a.cx, err = dialogflow.New(c); err != nil {
		return err
	}
	s.agents = &a
	return nil
}

// doors are the routes of both kinds.
func (a *agents) doors() []door {
	return []door{
		{path: esPath, name: linking.Google, limit: largeBody, challenge: dialogflowChallenge, platform: a.es},
		{path: cxPath, name: linking.Google, limit: largeBody, challenge: dialogflowChallenge, platform: a.cx},
	}
}
