package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"go.uber.org/zap"
)

// RunBank runs the mock bank alone until ctx ends, and prints the entry for SOTTO_BANKS with which a server reaches it.
func RunBank(ctx context.Context, cfg Config, o Options, out io.Writer) (err error) {
	if err := cfg.Check(); err != nil {
		return err
	}
	if cfg.PublicURL == "" {
		cfg.PublicURL = "http://" + cfg.Addr
	}
	s := &Server{cfg: cfg, log: o.Log, wall: o.Wall, random: o.Random}
	defer func() { err = errors.Join(err, s.Close()) }()
	if s.dev, err = openInvented(cfg, o.Wall, o.Random); err != nil {
		return err
	}
	s.now = s.dev.clock.Now
	if err := s.openMockBank(ctx); err != nil {
		return err
	}
	s.answerAt(s.dev.listener, s.dev.neighbours())
	b := s.dev.bankConfig(s.cfg)
	fmt.Fprintf(out, `# Albion Bank is open at http://%s. A server reaches it with this entry in SOTTO_BANKS; its customers come back to
# %s. Its customers' credentials are in %s/invented.json.
- id: %s
  name: %s
  dialect: %s
  issuer: %s
  resource_url: %s
  authorization_url: %s
  token_url: %s
  jwks_url: %s
  client_id: %s
  auth: %s
  client_secret: %q
  request: %s
  zone: %s
  locale: %s
`, s.cfg.BankAddr, cfg.PublicURL+callbackPath, cfg.State, b.ID, b.Name, b.Dialect, b.Issuer, b.ResourceURL, b.AuthorizationURL, b.TokenURL, b.JWKSURL,
		b.ClientID, b.Auth, string(b.ClientSecret), b.Request, b.Zone, b.Locale)
	failed := make(chan error, 1)
	go func() {
		if err := s.places[0].server.Serve(s.dev.listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	s.log.Info("bank open", zap.String("addr", s.cfg.BankAddr))
	select {
	case <-ctx.Done():
		return s.finish(context.WithoutCancel(ctx))
	case err := <-failed:
		return err
	}
}
