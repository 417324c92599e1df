package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"sotto/server/dev"
	"sotto/server/store"
)

// Grade is how bad a finding is.
type Grade int

// The grades.
const (
	Fine Grade = iota
	Advice
	Fault
)

// Finding is one thing the doctor looked at. Says says what to do, where there is something to do.
type Finding struct {
	Grade Grade
	Of    string // settings, state, clock, tls, outside, database, keys, clients, google, dialogflow, banks
	Says  string
}

// doctor looks at a house from outside, without opening it.
type doctor struct {
	cfg      Config
	wall     func() time.Time
	now      func() time.Time
	findings []Finding
}

// Doctor looks at everything a house needs, changes nothing but what a state directory's modes need, and ends within about a minute.
func Doctor(ctx context.Context, cfg Config, wall func() time.Time) []Finding {
	d := &doctor{cfg: cfg, wall: wall, now: wall}
	if err := d.cfg.Check(); err != nil {
		d.fault("settings", "%s", strings.TrimPrefix(err.Error(), "settings: "))
		if !cfg.Dev {
			d.add(Advice, "settings", "for a development house say `sotto doctor --dev`")
		}
	} else {
		d.fine("settings", "all that is needed is there")
	}
	if level := d.cfg.LogLevel; level == "warn" || level == "error" {
		d.add(Advice, "settings", "SOTTO_LOG_LEVEL %s leaves out of the log which links end: should an older copy of the database be restored, all must be ended; say info", level)
	}
	if cfg.Dev {
		d.state()
	} else if strings.HasPrefix(d.cfg.PublicURL, "http") {
		d.street(ctx)
	}
	d.database(ctx)
	d.keys()
	d.clients()
	d.google(ctx)
	d.dialogflow(ctx)
	d.banks(ctx)
	return d.findings
}

func (d *doctor) add(g Grade, of, format string, args ...any) {
	d.findings = append(d.findings, Finding{g, of, fmt.Sprintf(format, args...)})
}
func (d *doctor) fine(of, format string, args ...any)  { d.add(Fine, of, format, args...) }
func (d *doctor) fault(of, format string, args ...any) { d.add(Fault, of, format, args...) }

// state looks at the state directory of a development house, and sets the doctor's clock and keys from it.
func (d *doctor) state() {
	file, err := dev.ReadFile(d.cfg.State)
	if err != nil {
		d.add(Advice, "state", "%v", err)
		return
	}
	if now, err := file.Clock(d.wall); err != nil {
		d.fault("clock", "%v", err)
	} else {
		d.now = now
		d.fine("clock", "the house's present is %s", now().Format(time.RFC3339))
	}
	if tooOpen(d.cfg.State) {
		d.fault("state", "others can look into %s: chmod 700 %s", d.cfg.State, d.cfg.State)
	}
	d.cfg.PublicURL, d.cfg.BankAddr = file.PublicURL, strings.TrimPrefix(file.BankURL, "http://")
}

// street looks at the house as the platforms see it: name, certificate, port, clock.
func (d *doctor) street(ctx context.Context) {
	u, err := url.Parse(d.cfg.PublicURL)
	if err != nil || u.Host == "" {
		return // a fault of the settings, and said there
	}
	if u.Scheme != "https" {
		d.add(Advice, "tls", "Alexa calls only https on port 443, with a certificate it trusts: put a proxy with one in front, and say its name in SOTTO_PUBLIC_URL")
		return
	}
	port := cmp.Or(u.Port(), "443")
	if port != "443" {
		d.fault("tls", "Alexa calls port 443 only: serve %s there", u.Hostname())
	}
	dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: 5 * time.Second}, Config: &tls.Config{MinVersion: tls.VersionTLS12, Time: d.wall}}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		d.fault("tls", "%s cannot be reached with a trusted certificate (%s): check DNS, port and chain", u.Hostname(), kindOf(err))
		return
	}
	defer conn.Close()
	if secured, ok := conn.(*tls.Conn); ok {
		left := secured.ConnectionState().PeerCertificates[0].NotAfter.Sub(d.wall())
		if left < renewal {
			d.fault("tls", "the certificate of %s ends in %d days: renew it", u.Hostname(), int(left.Hours()/24))
		} else {
			d.fine("tls", "%s answers with a trusted certificate, good for %d days", u.Hostname(), int(left.Hours()/24))
		}
	}
	d.outside(ctx, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }})
	d.sixth(ctx, u, port)
}

// kindOf is what an error of the network is, without addresses and long texts.
func kindOf(err error) string {
	var unknown *tls.CertificateVerificationError
	var name *net.DNSError
	var slow net.Error
	switch {
	case errors.As(err, &unknown):
		return "the certificate is not trusted"
	case errors.As(err, &name):
		return "the name is not known"
	case errors.As(err, &slow) && slow.Timeout():
		return "no answer in time"
	default:
		return "no connection"
	}
}

func (d *doctor) database(ctx context.Context) {
	path, file := d.cfg.databaseFile()
	if !file {
		path = "PostgreSQL" // where it is may be a secret
	} else if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		d.add(Advice, "database", "there is none at %s yet: serve or migrate makes it", path)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	db, err := store.Open(ctx, d.cfg.Database)
	if err != nil {
		d.fault("database", "%v", err)
		return
	}
	defer db.Close() //nolint:errcheck // nothing was written
	has, wants, err := db.Version(ctx)
	switch {
	case err != nil:
		d.fault("database", "%v", err)
	case has > wants:
		d.fault("database", "it has version %d, newer than this program's %d: use the newer program", has, wants)
	case has < wants:
		d.add(Advice, "database", "it has version %d and needs %d: serve or migrate brings it there", has, wants)
	default:
		d.fine("database", "%s has version %d", path, has)
	}
	if err != nil || has == 0 {
		return
	}
	switch is, err := db.IsDev(ctx); {
	case err != nil:
		d.fault("database", "%v", err)
	case is && !d.cfg.Dev:
		d.fault("database", "%s is marked dev: say another in SOTTO_DATABASE", path)
	case !is && d.cfg.Dev:
		d.fault("database", "%s is not marked dev: say another in SOTTO_DATABASE", path)
	}
	if file && tooOpen(path) {
		d.fault("database", "others can read %s: chmod 600 %s", path, path)
	}
}

func (d *doctor) keys() {
	if d.cfg.Keys == "" {
		return // a fault of the settings, and said there
	}
	if _, err := os.Stat(d.cfg.Keys); d.cfg.Dev && errors.Is(err, os.ErrNotExist) {
		d.add(Advice, "keys", "there are none yet: serve --dev invents them")
		return
	}
	if _, err := ReadKeys(d.cfg.Keys); err != nil {
		d.fault("keys", "%v", err)
		return
	}
	if !d.private("keys", d.cfg.Keys) {
		return
	}
	d.fine("keys", "%s holds the keys", d.cfg.Keys)
}
