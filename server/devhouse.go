package server

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/labstack/echo/v4"

	"sotto/banking/mockbank"
	"sotto/banking/openbanking"
	"sotto/server/dev"
	"sotto/skills/messenger/mockgraph"
)

// mockSeed decides the histories of the mock bank's customers. It is no secret: the same clock gives the same histories.
const mockSeed = 1

// devHouse is what is there only with --dev.
type devHouse struct {
	*dev.House
	clock    Clock
	alexa    *dev.AlexaAuthority
	bank     *mockbank.Server
	listener net.Listener // of the mock bank
	graph    *mockgraph.Server
	file     dev.File
}

// openInvented opens the state directory of a development house, its clock and what was invented for it.
func openInvented(cfg Config, wall func() time.Time, random io.Reader) (*devHouse, error) {
	if err := dev.OpenState(cfg.State); err != nil {
		return nil, err
	}
	clock, err := OpenClock(cfg.State, cfg.Clock, wall)
	if err != nil {
		return nil, err
	}
	house, err := dev.Open(cfg.State, random)
	if err != nil {
		return nil, err
	}
	return &devHouse{House: house, clock: clock}, nil
}

func (s *Server) openDev() error {
	d, err := openInvented(s.cfg, s.wall, s.random)
	if err != nil {
		return err
	}
	s.dev, s.now = d, d.clock.Now
	if d.alexa, err = dev.OpenAlexa(s.cfg.State, s.now(), s.random); err != nil {
		return err
	}
	if len(s.cfg.AlexaSkillIDs) == 0 {
		s.cfg.AlexaSkillIDs = []string{d.SkillID}
	}
	if s.cfg.DialogflowPassword == "" {
		s.cfg.DialogflowUsername, s.cfg.DialogflowPassword = d.Dialogflow.Username, d.Dialogflow.Password
	}
	for _, m := range []struct{ setting, invented *string }{
		{&s.cfg.MessengerAppSecret, &d.Messenger.AppSecret},
		{&s.cfg.MessengerVerifyToken, &d.Messenger.VerifyToken},
		{&s.cfg.MessengerPageToken, &d.Messenger.PageToken},
		{&s.cfg.MessengerPageID, &d.Messenger.PageID},
	} {
		if *m.setting == "" {
			*m.setting = *m.invented
		}
	}
	return nil
}

// openMockBank listens for the mock bank and opens it; the house's public URL is known by now.
func (s *Server) openMockBank(ctx context.Context) error {
	l, err := s.listen(ctx, "SOTTO_BANK_ADDR", s.cfg.BankAddr)
	if err != nil {
		return err
	}
	s.cfg.BankAddr = l.Addr().String()
	s.dev.listener = l
	if s.dev.bank, err = s.dev.openBank(s.cfg, s.random); err != nil {
		return err
	}
	s.closers = append(s.closers, s.dev.bank.Close)
	s.dev.graph = mockgraph.New(mockgraph.Options{
		AppSecret: s.cfg.MessengerAppSecret, PageToken: s.cfg.MessengerPageToken, PageID: s.cfg.MessengerPageID, Now: s.now,
	})
	if s.cfg.MessengerGraphURL == "" {
		s.cfg.MessengerGraphURL = "http://" + s.cfg.BankAddr + graphPath
	}
	return nil
}

// graphPath is where the Graph API of a development house begins, beside the mock banks.
const graphPath = "/graph"

// neighbours are those whom a development house talks to: the mock banks, and Meta.
func (d *devHouse) neighbours() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", d.bank)
	mux.Handle(graphPath+"/", d.graph)
	return mux
}

// openBank opens the mock bank under its own address, with Sotto as a client and the invented customers.
func (d *devHouse) openBank(cfg Config, random io.Reader) (*mockbank.Server, error) {
	customers := make(map[string]mockbank.Credential, len(d.Customers))
	for _, c := range d.Customers {
		customers[c.Username] = mockbank.Credential{Password: c.Password, TOTPSecret: c.TOTPSecret}
	}
	return mockbank.New(mockbank.Options{
		BaseURL: "http://" + cfg.BankAddr, Clock: d.clock.Now, Rand: random, Seed: mockSeed,
		StatePath: filepath.Join(cfg.State, "mockbank.journal"),
		Clients: []mockbank.Client{{
			ID: d.BankClient.ID, Name: cfg.SkillName, Auth: mockbank.AuthBasic, Secret: d.BankClient.Secret, RedirectURIs: []string{cfg.PublicURL + callbackPath},
		}},
		Customers: customers,
	})
}

// writeDevFile writes dev.json, from which clients learn where everything is now.
func (s *Server) writeDevFile() error {
	s.dev.file = dev.File{
		PublicURL: s.cfg.PublicURL, BankURL: "http://" + s.cfg.BankAddr, ClockOffset: s.dev.clock.Offset.String(),
		Banks:      []dev.Bank{{ID: mockBankID, Name: mockBankName, Dialect: string(openbanking.UK31), Customers: s.dev.Customers}},
		Clients:    s.dev.Clients,
		Alexa:      s.dev.alexa.Files(s.cfg.AlexaSkillIDs[0]),
		Dialogflow: dev.Basic{Username: s.cfg.DialogflowUsername, Password: s.cfg.DialogflowPassword},
		Messenger:  dev.PageFile{AppSecret: s.cfg.MessengerAppSecret, VerifyToken: s.cfg.MessengerVerifyToken, PageID: s.cfg.MessengerPageID},
	}
	return s.dev.file.WriteFile(s.cfg.State)
}

// mountMirror serves the chain of the development authority where SOTTO_ALEXA_CERT_MIRROR points by default: at the path of its URL.
func (s *Server) mountMirror(e *echo.Echo) error {
	u, err := url.Parse(s.dev.alexa.CertificateURL)
	if err != nil {
		return err
	}
	e.GET(u.EscapedPath(), func(c echo.Context) error {
		return c.Blob(http.StatusOK, "application/x-pem-file", s.dev.alexa.Chain)
	})
	return nil
}

// Dev is what dev.json says; the zero File on the street.
func (s *Server) Dev() dev.File {
	if s.dev == nil {
		return dev.File{}
	}
	return s.dev.file
}

// MockGraph is the Graph API of a development house; nil on the street.
func (s *Server) MockGraph() *mockgraph.Server {
	if s.dev == nil {
		return nil
	}
	return s.dev.graph
}

// MockBank is the mock bank of a development house; nil on the street.
func (s *Server) MockBank() *mockbank.Server {
	if s.dev == nil {
		return nil
	}
	return s.dev.bank
}
