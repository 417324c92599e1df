package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"sotto/banking"
	"sotto/server/store"
	"sotto/skills/nlu"
)

// How long things may take when the house closes: what is under way is finished, and then it is dark.
const (
	finishWithin = 10 * time.Second
	// letGo is how long a house on the street keeps answering after /readyz has said 503, so that a load balancer can turn away.
	letGo = 2 * time.Second
)

// Options are what a Server is given beside its settings.
type Options struct {
	Log    *zap.Logger      // required
	Wall   func() time.Time // the machine's clock; required
	Random io.Reader        // cryptographic; required
	// Program is how Sotto was called, for the walk-through; "sotto" where it is empty.
	Program string
	// Banks are spoken to beside those of the settings: for whoever has a bank at hand that no dialect reaches.
	Banks []banking.Bank
	// AlexaEndpoint is one more place, on this machine, where a development house may find Alexa's API. For who plays Alexa.
	AlexaEndpoint string
	// TurnBudget is how long one turn may take, banks included; 3 s where it is zero. More of it is for tests of what has nothing to do with time.
	TurnBudget time.Duration
	// Parser reads typed text; a house makes its own where it is nil. With one for all houses of a process a language is learned once there.
	Parser *nlu.Parser
}

// Server is the whole house, listening. What is below the blank line is made by the rooms.
type Server struct {
	cfg     Config
	log     *zap.Logger
	wall    func() time.Time
	now     func() time.Time // the house's clock
	random  io.Reader
	program string         // Options.Program
	banks   []banking.Bank // those of Options
	api     string         // Options.AlexaEndpoint
	budget  time.Duration  // of a turn
	metrics *metrics
	logKey  []byte      // of linkTag
	closing atomic.Bool // the house is being closed: readyz says so
	letGo   time.Duration
	dev     *devHouse // nil on the street
	db      *store.DB
	places  []place // where it listens
	loops   []func(context.Context)
	closers []func() error

	rooms
}

// place is one address, and who answers there.
type place struct {
	listener net.Listener
	server   *http.Server
}

// New opens the house: it checks the settings, listens, opens the database and puts the rooms together. Nothing is answered before Run. An
// ErrSettings says all that is missing or wrong. Close it where Run is not called.
func New(ctx context.Context, cfg Config, o Options) (*Server, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, log: o.Log, wall: o.Wall, now: func() time.Time { return o.Wall().UTC() }, random: o.Random, program: cmp.Or(o.Program, "sotto"),
		banks: o.Banks, api: o.AlexaEndpoint, budget: cmp.Or(o.TurnBudget, turnBudget), letGo: letGo, rooms: rooms{parser: o.Parser},
	}
	if cfg.Dev {
		s.letGo = 0
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) open(ctx context.Context) error {
	if s.cfg.Dev {
		if err := s.openDev(); err != nil {
			return err
		}
	}
	street, err := s.listen(ctx, "SOTTO_ADDR", s.cfg.Addr)
	if err != nil {
		return err
	}
	s.cfg.Addr = street.Addr().String()
	if s.cfg.PublicURL == "" {
		s.cfg.PublicURL = "http://" + s.cfg.Addr
	}
	if s.dev != nil {
		if err := s.openMockBank(ctx); err != nil {
			return err
		}
	}
	if err := s.openRooms(ctx); err != nil {
		return err
	}
	e := s.newEcho()
	s.mountOperations(e)
	s.mountPlatforms(e) //nolint:contextcheck // each request brings its own context
	s.mountMCP(e)       //nolint:contextcheck // so does each of these
	s.mountOAuth(e)
	s.mountMy(e)
	if err := s.mountFront(e); err != nil {
		return err
	}
	s.answerAt(street, e)
	if s.cfg.MetricsAddr != "" {
		l, err := s.listen(ctx, "SOTTO_METRICS_ADDR", s.cfg.MetricsAddr)
		if err != nil {
			return err
		}
		s.cfg.MetricsAddr = l.Addr().String()
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", s.metrics.handler())
		s.answerAt(l, mux)
	}
	if s.dev != nil {
		s.answerAt(s.dev.listener, s.dev.neighbours())
		return s.writeDevFile()
	}
	return nil
}

func (s *Server) listen(ctx context.Context, setting, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot listen on %s: stop what does, or say another address: %w", setting, addr, err)
	}
	s.closers = append(s.closers, func() error {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return l, nil
}

// answerAt has h answer at l once Run is called.
func (s *Server) answerAt(l net.Listener, h http.Handler) {
	quiet, err := zap.NewStdLogAt(s.log, zapcore.DebugLevel) // what net/http says of broken connections
	if err != nil {
		quiet = zap.NewStdLog(s.log)
	}
	s.places = append(s.places, place{listener: l, server: &http.Server{
		Handler: h, ErrorLog: quiet,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, IdleTimeout: 75 * time.Second,
		WriteTimeout:   25 * time.Second, // it runs from the headers on: 10 s for a body to come, pageBudget, and some to spare
		MaxHeaderBytes: 32 << 10,         // a state of 8 KiB has 24 when all of it is escaped, in the address, and then in the Referer
	}})
}

// Run answers until ctx ends, then closes the house: /readyz says 503, what is under way is finished, loops are stopped and awaited, and
// the database is closed. It returns nil when all of that went well.
func (s *Server) Run(ctx context.Context) error {
	failed := make(chan error, len(s.places))
	for _, p := range s.places {
		go func() {
			if err := p.server.Serve(p.listener); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("answer at %s: %w", p.listener.Addr(), err)
			}
		}()
	}
	looping, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var loops sync.WaitGroup
	for _, loop := range s.loops {
		loops.Go(func() { loop(looping) })
	}
	s.log.Info("open", zap.String("addr", s.cfg.Addr), zap.String("public_url", s.cfg.PublicURL), zap.Bool("dev", s.cfg.Dev))
	settle()

	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	s.closing.Store(true)
	s.log.Info("closing")
	if err == nil && s.letGo > 0 {
		wait := time.NewTimer(s.letGo)
		defer wait.Stop()
		select {
		case <-wait.C:
		case err = <-failed:
		}
	}
	err = errors.Join(err, s.finish(context.WithoutCancel(ctx)))
	stop()
	loops.Wait()
	return errors.Join(err, s.Close())
}

// finish lets requests under way end, and cuts off what takes longer than finishWithin, one place after the other in the order of open: the house
// before its mock bank, which a turn under way may still be asking.
func (s *Server) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, finishWithin)
	defer cancel()
	errs := make([]error, len(s.places))
	for i, p := range s.places {
		if err := p.server.Shutdown(ctx); err != nil {
			errs[i] = errors.Join(fmt.Errorf("finish what was under way at %s: %w", p.listener.Addr(), err), p.server.Close())
		}
	}
	return errors.Join(errs...)
}

// Close closes what New opened. It may be called twice.
func (s *Server) Close() error {
	var errs []error
	for _, p := range s.places {
		errs = append(errs, p.server.Close())
	}
	s.places = nil
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// PublicURL is the issuer and the base of all links.
func (s *Server) PublicURL() string { return s.cfg.PublicURL }

// Addr is where it listens: host and port, the port as it turned out to be.
func (s *Server) Addr() string { return s.cfg.Addr }

// Now is the house's present.
func (s *Server) Now() time.Time { return s.now() }
