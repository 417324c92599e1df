package server

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"

	"sotto/banking"
	"sotto/banking/openbanking"
	"sotto/linking"
	"sotto/linking/disclosure"
	"sotto/linking/document"
	"sotto/skills"
	"sotto/skills/alexa"
	"sotto/skills/mcp"
	"sotto/skills/nlu"
	"sotto/skills/speech"
)

// sweeping is how often what has expired is deleted.
const sweeping = time.Hour

// rooms are the rooms below, put together.
type rooms struct {
	keys        *linking.Keyring
	connections *banking.Connections
	authority   *linking.Authority
	links       links
	record      *disclosure.Log
	skill       *skills.Skill
	phrases     *speech.Phrases
	catalogue   *skills.Catalogue
	parser      *nlu.Parser // nil where no platform sends typed text
	repeats     *repeats
	alexa       *alexa.Platform
	agents      *agents       // nil where Dialogflow's routes are closed
	messenger   *facebookPage // nil where there is none
	mcp         *mcp.Platform
	limits      limits
	zones       map[banking.BankID]*time.Location
}

// openRooms opens the rooms from the bottom up: the database, the keys, the bank's side, the assistant's side, the conversation, its words,
// the platforms.
func (s *Server) openRooms(ctx context.Context) error {
	keys, err := ReadKeys(s.cfg.Keys)
	if err != nil {
		return err
	}
	if s.logKey, err = hkdf.Key(sha256.New, keys.Pairwise, nil, "sotto log", sha256.Size); err != nil {
		return fmt.Errorf("make the key of the log: %w", err)
	}
	if s.limits, err = newLimits(); err != nil {
		return err
	}
	clients, err := clientRecords(s.cfg, s.dev)
	if err != nil {
		return err
	}
	s.metrics = newMetrics(names(skills.Entries(), func(e skills.Entry) string { return string(e.Intent) }),
		names(skills.Keys(), func(k skills.Key) string { return string(k) }), names(clients, func(c linking.Client) string { return c.ID }))
	if err := s.openDatabase(ctx); err != nil {
		return err
	}
	if s.keys, err = linking.OpenKeyring(ctx, s.db, keys.Wrap, keys.Pairwise, s.now); err != nil {
		return fmt.Errorf("open the keys: %w", err)
	}
	banks, err := s.openBanks() //nolint:contextcheck // a bank outlives the context in which it is opened
	if err != nil {
		return err
	}
	s.zones = make(map[banking.BankID]*time.Location, len(banks))
	for _, b := range banks {
		s.zones[b.ID()] = b.Zone()
	}
	s.connections = banking.NewConnections(banks, s.db, s.keys.House(), s.now, s.random)
	s.connections.OnPanic(func(p *banking.PanicError) { s.broken("bank", p.Kind, p.Stack) })
	s.closers = append(s.closers, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
		defer cancel()
		return s.connections.Close(ctx)
	})
	if err := s.openLinking(clients); err != nil {
		return err
	}
	if err := s.openConversation(banks); err != nil {
		return err
	}
	s.repeats = newRepeats(s.now)
	s.loops = append(s.loops, s.endConsents, s.sweep, s.rereadKeys, s.repeats.run)
	if err := s.openDialogflow(clients); err != nil {
		return err
	}
	if err := s.openMessenger(clients, keys.Pairwise); err != nil {
		return err
	}
	return errors.Join(s.openAlexa(), s.openMCP())
}

func names[T any](list []T, name func(T) string) []string {
	out := make([]string, len(list))
	for i, item := range list {
		out[i] = name(item)
	}
	return out
}

func (s *Server) openBanks() ([]banking.Bank, error) {
	configs, err := bankConfigs(s.cfg, s.dev)
	if err != nil {
		return nil, err
	}
	var banks []banking.Bank
	var faults []error
	for _, c := range configs {
		b, err := openbanking.New(c, openbanking.Options{Redirect: s.cfg.PublicURL + callbackPath, Now: s.now, Random: s.random})
		if err != nil {
			faults = append(faults, err)
			continue
		}
		banks = append(banks, measured{Bank: b, metrics: s.metrics, wall: s.wall})
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("%w: SOTTO_BANKS: %w", ErrSettings, joinFaults(faults))
	}
	for _, b := range s.banks {
		banks = append(banks, measured{Bank: b, metrics: s.metrics, wall: s.wall})
	}
	return banks, nil
}

func (s *Server) openLinking(clients []linking.Client) error {
	o := linking.Options{Issuer: s.cfg.PublicURL, Clients: clients, Keys: s.keys, Store: s.db, Connections: s.connections, Now: s.now}
	var err error
	if len(s.cfg.CIMDAllow) > 0 {
		if o.Documents, err = document.New(s.cfg.CIMDAllow, s.now); err != nil {
			return fmt.Errorf("%w: SOTTO_CIMD_ALLOW: %w", ErrSettings, err)
		}
	}
	if o.Google, err = s.googleAccounts(); err != nil {
		return err
	}
	if s.authority, err = linking.New(o); err != nil {
		return fmt.Errorf("%w: %w", ErrSettings, err)
	}
	return nil
}

func (s *Server) openConversation(banks []banking.Bank) error {
	said := make(map[banking.BankID]string, len(banks))
	for _, b := range banks {
		said[b.ID()] = b.Name()
	}
	s.record = disclosure.NewLog(s.db, s.now, s.random)
	s.links = links{s.authority, s.connections}
	var err error
	s.skill, err = skills.New(skills.Options{
		Links: s.links, Teller: banking.NewTeller(s.connections), Record: s.record,
		BankName: func(id banking.BankID) string { return said[id] },
	})
	if err != nil {
		return err
	}
	if s.phrases, err = speech.New(); err != nil {
		return err
	}
	s.catalogue, err = skills.NewCatalogue(s.now)
	return err
}

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

// links is what the conversation may do with links.
type links struct {
	*linking.Authority
	connections *banking.Connections
}

// Forget ends a link, and has its consents ended at the banks now rather than soon. By voice its record is not erased: whoever speaks may
// only tighten.
func (l links) Forget(ctx context.Context, link string) error {
	err := l.End(ctx, link)
	l.connections.Wake()
	return err
}

// openAlexa opens the Alexa endpoint. A development house trusts its own authority, and its own mirror, beside what it is told to.
func (s *Server) openAlexa() error {
	c := alexa.Config{SkillIDs: s.cfg.AlexaSkillIDs, Mirror: s.cfg.AlexaCertMirror, Now: s.now}
	if s.dev != nil {
		c.Roots, c.Endpoint = s.dev.alexa.Roots.Clone(), s.api
		if c.Mirror == "" {
			c.Mirror = "http://" + s.cfg.Addr
		}
		if s.cfg.AlexaRoots != "" {
			if err := addRoots(c.Roots, s.cfg.AlexaRoots); err != nil {
				return err
			}
		}
	}
	var err error
	s.alexa, err = alexa.New(c)
	return err
}

func addRoots(pool *x509.CertPool, path string) error {
	content, err := readBounded(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && !pool.AppendCertsFromPEM(content) {
		return fmt.Errorf("%w: SOTTO_ALEXA_ROOTS: %s holds no PEM certificate", ErrSettings, path)
	}
	return err
}

// endConsents ends consents of links that are over, at their banks.
func (s *Server) endConsents(ctx context.Context) {
	s.connections.Run(ctx, func(err error) {
		s.log.Warn("consent not ended yet", zap.String("reason", bankOutcome(err)))
	})
}

// rereadKeys keeps up with keys that another process has made.
func (s *Server) rereadKeys(ctx context.Context) {
	s.keys.Run(ctx, func(err error) { s.log.Error("read keys", zap.String("fault", fault(err))) })
}

// soon is how long before its end a permission at a bank is counted as about to end.
const soon = 7 * 24 * time.Hour

// countExpiring counts the connections whose customers will have to link again soon.
func (s *Server) countExpiring(ctx context.Context) error {
	counts, err := s.connections.Expiring(ctx, soon)
	for bank, n := range counts {
		s.metrics.expiring.WithLabelValues(string(bank)).Set(float64(n))
	}
	return err
}

// sweep deletes what has expired, now and then, and counts what soon will.
func (s *Server) sweep(ctx context.Context) {
	tick := time.NewTicker(sweeping)
	defer tick.Stop()
	for {
		_, err := s.record.Sweep(ctx, time.Duration(s.cfg.Retention))
		if err = errors.Join(err, s.authority.Sweep(ctx), s.keys.Sweep(ctx), s.db.SweepOutbox(ctx, s.now()), s.countExpiring(ctx)); err != nil && ctx.Err() == nil {
			s.log.Error("sweep", zap.String("fault", fault(err)))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
