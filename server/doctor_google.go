package server

import (
	"context"
	"slices"
	"strings"
	"time"

	"sotto/linking"
)

// dialogflow looks at what lets Dialogflow in.
func (d *doctor) dialogflow(ctx context.Context) {
	c := d.cfg.dialogflow()
	switch {
	case d.cfg.Dev || c.Check() != nil:
		return // invented, or a fault of the settings and said there
	case !c.Open():
		d.add(Advice, "dialogflow", "its routes are closed: say SOTTO_DIALOGFLOW_USERNAME and _PASSWORD, or _AUDIENCE and _EMAIL, where an agent is to ask")
		return
	}
	if c.Password != "" {
		d.fine("dialogflow", "agents prove themselves by a password")
	}
	if len(c.Audiences) > 0 {
		d.idTokens(ctx)
	}
	list, err := clientRecords(d.cfg, nil)
	if err == nil && !slices.ContainsFunc(list, func(c linking.Client) bool { return c.Platform == linking.Google }) {
		d.add(Advice, "dialogflow", "SOTTO_CLIENTS has no client of the platform google: nobody can link what he asks through Dialogflow")
	}
}

// idTokens looks whether the keys can be fetched, and whether the audiences are our own webhooks.
func (d *doctor) idTokens(ctx context.Context) {
	for _, audience := range d.cfg.DialogflowAudience {
		if d.cfg.PublicURL != "" && !strings.HasPrefix(audience, d.cfg.PublicURL+"/dialogflow/") {
			d.add(Advice, "dialogflow", "%s is none of our webhooks, %s and %s: Dialogflow says the URL that its agent has, to the byte", audience, d.cfg.PublicURL+esPath, d.cfg.PublicURL+cxPath)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := d.cfg.dialogflow().FetchKeys(ctx, d.wall); err != nil {
		d.fault("dialogflow", "the keys of ID tokens cannot be fetched (%s): let this machine out, or say a mirror in SOTTO_DIALOGFLOW_JWKS", kindOf(err))
		return
	}
	d.fine("dialogflow", "the keys of ID tokens can be fetched")
}

// google looks whether Google's keys can be fetched, where its accounts are to be linked again.
func (d *doctor) google(ctx context.Context) {
	g := d.cfg.google()
	if g.Audiences == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	g.Now = d.wall
	if err := g.FetchKeys(ctx); err != nil {
		d.fault("google", "the keys of Google's ID tokens cannot be fetched (%s): let this machine out, or say a mirror in SOTTO_GOOGLE_JWKS", kindOf(err))
		return
	}
	d.fine("google", "the keys of Google's ID tokens can be fetched")
}
