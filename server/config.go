package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sotto/linking/document"
	"sotto/server/dev"
	"sotto/skills/messenger"
)

// ErrSettings means that settings are missing or wrong. The error lists all of them at once.
var ErrSettings = errors.New("settings")

// Config is every setting there is. Each field is a flag, an environment variable and a key of sotto.yaml: the tag env names the
// variable; the flag is its name without SOTTO_, with dashes; the key the same with underscores. A field tagged secret may also come
// from the file that SOTTO_…_FILE names. The tag shown is the default as it is written in the README.
type Config struct {
	Addr                 string       `name:"addr" env:"SOTTO_ADDR" default:"127.0.0.1:8080" help:"listen address"`
	PublicURL            string       `name:"public-url" env:"SOTTO_PUBLIC_URL" shown:"dev: http://ADDR" help:"issuer and base of all links; no trailing slash"`
	MetricsAddr          string       `name:"metrics-addr" env:"SOTTO_METRICS_ADDR" shown:"127.0.0.1:9090; dev: on SOTTO_ADDR" help:"address of /metrics"`
	TrustedProxies       []string     `name:"trusted-proxies" env:"SOTTO_TRUSTED_PROXIES" shown:"none" help:"CIDRs whose X-Forwarded-For and -Proto count"`
	LogLevel             string       `name:"log-level" env:"SOTTO_LOG_LEVEL" default:"info" help:"debug, info, warn or error"`
	State                string       `name:"state" env:"SOTTO_STATE" default:".sotto" help:"state directory (dev)"`
	Database             string       `name:"database" env:"SOTTO_DATABASE" secret:"" shown:"sqlite:STATE/sotto.db" help:"sqlite:PATH or postgres://…"`
	Banks                string       `name:"banks" env:"SOTTO_BANKS" shown:"dev: the mock banks" help:"YAML file: a list of banks; with --dev in addition to the mock banks"`
	Clients              string       `name:"clients" env:"SOTTO_CLIENTS" shown:"dev: generated" help:"YAML file: a list of clients; with --dev in addition to the generated ones"`
	Keys                 string       `name:"keys" env:"SOTTO_KEYS" shown:"dev: STATE/keys.json" help:"file with the key that wraps all others, and the pairwise key"`
	Retention            Retention    `name:"retention" env:"SOTTO_RETENTION" default:"400 days" help:"how long disclosures are kept, such as 400 days"`
	SkillName            string       `name:"skill-name" env:"SOTTO_SKILL_NAME" default:"Sotto" help:"the skill's name, for packages and pages"`
	Invocation           string       `name:"invocation" env:"SOTTO_INVOCATION" default:"sotto" help:"what opens the skill by voice"`
	PrivacyURL           string       `name:"privacy-url" env:"SOTTO_PRIVACY_URL" shown:"none" help:"the bank's privacy notice, for packages and pages"`
	TermsURL             string       `name:"terms-url" env:"SOTTO_TERMS_URL" shown:"none" help:"the bank's terms of use, for packages and pages"`
	BankAddr             string       `name:"bank-addr" env:"SOTTO_BANK_ADDR" default:"127.0.0.1:8081" help:"mock banks' address"`
	Clock                Instant      `name:"clock" env:"SOTTO_CLOCK" shown:"now" help:"RFC 3339 instant at which the house's and the mock banks' clock starts; only with --dev"`
	AlexaSkillIDs        []string     `name:"alexa-skill-ids" env:"SOTTO_ALEXA_SKILL_IDS" shown:"dev: generated" help:"accepted application ids"`
	AlexaRoots           string       `name:"alexa-roots" env:"SOTTO_ALEXA_ROOTS" shown:"dev: generated" help:"file of PEM roots for the request chain, in addition to dev's own; only with --dev"`
	AlexaCertMirror      string       `name:"alexa-cert-mirror" env:"SOTTO_ALEXA_CERT_MIRROR" shown:"Amazon; dev: the dev server" help:"base URL to which the path of the validated certificate URL is appended"`
	DialogflowUsername   string       `name:"dialogflow-username" env:"SOTTO_DIALOGFLOW_USERNAME" shown:"dev: generated" help:"of Basic authentication of the Dialogflow webhook"`
	DialogflowPassword   string       `name:"dialogflow-password" env:"SOTTO_DIALOGFLOW_PASSWORD" secret:"" shown:"dev: generated" help:"of Basic authentication of the Dialogflow webhook"`
	DialogflowAudience   []string     `name:"dialogflow-audience" env:"SOTTO_DIALOGFLOW_AUDIENCE" shown:"none" help:"audiences of the agents' ID tokens: the webhooks' URLs, as the agents have them"`
	DialogflowEmail      []string     `name:"dialogflow-email" env:"SOTTO_DIALOGFLOW_EMAIL" shown:"none" help:"the agents' service accounts, of which ID tokens must be"`
	DialogflowJWKS       string       `name:"dialogflow-jwks" env:"SOTTO_DIALOGFLOW_JWKS" shown:"Google's" help:"URL of the keys of ID tokens"`
	DialogflowIssuer     string       `name:"dialogflow-issuer" env:"SOTTO_DIALOGFLOW_ISSUER" shown:"Google" help:"issuer of ID tokens"`
	GoogleClientID       string       `name:"google-client-id" env:"SOTTO_GOOGLE_CLIENT_ID" shown:"off" help:"the client id that Google gave us, for streamlined account linking: the audience of its ID tokens"`
	GoogleJWKS           string       `name:"google-jwks" env:"SOTTO_GOOGLE_JWKS" shown:"Google's" help:"URL of the keys of Google's ID tokens"`
	GoogleIssuer         string       `name:"google-issuer" env:"SOTTO_GOOGLE_ISSUER" shown:"Google" help:"issuer of Google's ID tokens"`
	MessengerAppSecret   string       `name:"messenger-app-secret" env:"SOTTO_MESSENGER_APP_SECRET" secret:"" shown:"dev: generated" help:"the Meta app's secret, which signs what Messenger sends"`
	MessengerVerifyToken string       `name:"messenger-verify-token" env:"SOTTO_MESSENGER_VERIFY_TOKEN" secret:"" shown:"dev: generated" help:"what Meta proves itself with when the webhook is set up"`
	MessengerPageToken   string       `name:"messenger-page-token" env:"SOTTO_MESSENGER_PAGE_TOKEN" secret:"" shown:"dev: generated" help:"the Page's access token, with which answers are sent"`
	MessengerPageID      string       `name:"messenger-page-id" env:"SOTTO_MESSENGER_PAGE_ID" shown:"dev: generated" help:"the Page's id"`
	MessengerGraphURL    string       `name:"messenger-graph-url" env:"SOTTO_MESSENGER_GRAPH_URL" shown:"Meta's; dev: http://BANK_ADDR/graph" help:"Graph API base, with its version"`
	CIMDAllow            []string     `name:"cimd-allow" env:"SOTTO_CIMD_ALLOW" shown:"none; dev: loopback" help:"hosts whose client metadata documents may be fetched"`
	Migrate              bool         `name:"migrate" env:"SOTTO_MIGRATE" default:"true" negatable:"" help:"bring the database to this version when serving"`
	Dev                  bool         `kong:"-"` // serve --dev: not a setting of its own
	proxies              []*net.IPNet // TrustedProxies, once checked
}

// Check gives everything that is missing or wrong in one ErrSettings, and fills in what follows from other settings.
func (c *Config) Check() error {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if err := c.checkDatabase(); err != nil {
		fault("%s", strings.TrimPrefix(err.Error(), ErrSettings.Error()+": "))
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel) {
		fault("SOTTO_LOG_LEVEL: say debug, info, warn or error")
	}
	for _, a := range []struct{ name, addr string }{{"SOTTO_ADDR", c.Addr}, {"SOTTO_METRICS_ADDR", c.MetricsAddr}, {"SOTTO_BANK_ADDR", c.BankAddr}} {
		if _, _, err := net.SplitHostPort(a.addr); err != nil && a.addr != "" {
			fault("%s: say HOST:PORT", a.name)
		}
	}
	c.proxies = nil
	for _, raw := range c.TrustedProxies {
		_, network, err := net.ParseCIDR(strings.TrimSpace(raw))
		if err != nil {
			fault("SOTTO_TRUSTED_PROXIES: %q is no CIDR such as 10.0.0.0/8", raw)
			continue
		}
		c.proxies = append(c.proxies, network)
	}
	for _, u := range []struct{ name, url string }{
		{"SOTTO_PUBLIC_URL", c.PublicURL},
		{"SOTTO_ALEXA_CERT_MIRROR", c.AlexaCertMirror},
		{"SOTTO_PRIVACY_URL", c.PrivacyURL},
		{"SOTTO_TERMS_URL", c.TermsURL},
		{"SOTTO_MESSENGER_GRAPH_URL", c.MessengerGraphURL},
	} {
		if u.url != "" && !absolute(u.url) {
			fault("%s: say a whole http or https URL without query or fragment", u.name)
		}
	}
	if u, err := url.Parse(c.PublicURL); strings.HasSuffix(c.PublicURL, "/") {
		fault("SOTTO_PUBLIC_URL: leave out the trailing slash")
	} else if err == nil && u.Path != "" {
		fault("SOTTO_PUBLIC_URL: say scheme and host only, because the routes begin at the root")
	}
	if err := c.dialogflow().Check(); err != nil {
		fault("SOTTO_DIALOGFLOW_…: %v", err)
	}
	if err := c.checkGoogle(); err != nil {
		fault("SOTTO_GOOGLE_…: %v", err)
	}
	c.AlexaCertMirror = strings.TrimRight(c.AlexaCertMirror, "/")
	for _, host := range c.CIMDAllow {
		switch {
		case host == document.Loopback && !c.Dev:
			fault("SOTTO_CIMD_ALLOW: loopback works only with --dev")
		case host != document.Loopback && !document.ValidHost(host):
			fault("SOTTO_CIMD_ALLOW: %q is no host in lower case, such as claude.ai", host)
		}
	}
	if c.Dev {
		c.guardDev(fault)
	} else {
		c.guardStreet(fault)
	}
	if len(faults) > 0 {
		return fmt.Errorf("%w: %s", ErrSettings, strings.Join(faults, "; "))
	}
	return nil
}

// checkDatabase is what of Check concerns the database alone.
func (c *Config) checkDatabase() error {
	if c.Database == "" {
		c.Database = "sqlite:" + filepath.Join(c.State, "sotto.db")
	}
	if path, file := c.databaseFile(); file && path != "" || strings.HasPrefix(c.Database, "postgres://") {
		return nil
	}
	return fmt.Errorf("%w: SOTTO_DATABASE: say sqlite:PATH or postgres://NAME:PASSWORD@HOST/DATABASE", ErrSettings)
}

// databaseFile is the path of the database, where it is a file.
func (c *Config) databaseFile() (path string, file bool) {
	return strings.CutPrefix(c.Database, "sqlite:")
}

// guardDev keeps --dev in this machine, and fills in where its things are.
func (c *Config) guardDev(fault func(string, ...any)) {
	if _, port, err := net.SplitHostPort(c.Addr); c.PublicURL == "" && err == nil && port != "0" {
		c.PublicURL = "http://" + c.Addr
	}
	if c.Keys == "" {
		c.Keys = filepath.Join(c.State, dev.KeysName)
	}
	if len(c.CIMDAllow) == 0 {
		c.CIMDAllow = []string{document.Loopback}
	}
	for _, a := range []struct{ name, addr string }{{"SOTTO_ADDR", c.Addr}, {"SOTTO_METRICS_ADDR", c.MetricsAddr}, {"SOTTO_BANK_ADDR", c.BankAddr}} {
		if a.addr != "" && !loopback(a.addr) {
			fault("%s: with --dev it must be loopback, such as 127.0.0.1:8080", a.name)
		}
	}
	if c.PublicURL != "" {
		if u, err := url.Parse(c.PublicURL); err != nil || !loopback(u.Host) {
			fault("SOTTO_PUBLIC_URL: with --dev it must be loopback, such as http://127.0.0.1:8080")
		}
	}
}

// guardStreet lists what a house on the street cannot do without, and what it must not have.
func (c *Config) guardStreet(fault func(string, ...any)) {
	if c.MetricsAddr == "" {
		c.MetricsAddr = "127.0.0.1:9090"
	}
	c.guardMessenger(fault)
	for _, m := range []struct {
		missing bool
		what    string
	}{
		{c.PublicURL == "", "SOTTO_PUBLIC_URL is missing: say the https URL under which the street knows this server"},
		{c.Keys == "", "SOTTO_KEYS is missing: say the file with the wrapping and the pairwise key (" + keysHint + ")"},
		{c.Banks == "", "SOTTO_BANKS is missing: say the YAML file that lists the banks"},
		{c.Clients == "", "SOTTO_CLIENTS is missing: say the YAML file that lists the assistants"},
		{len(c.AlexaSkillIDs) == 0, "SOTTO_ALEXA_SKILL_IDS is missing: say the skill's id from the Alexa console"},
		{!c.Clock.IsZero(), "SOTTO_CLOCK works only with --dev: leave it out"},
		{c.AlexaRoots != "", "SOTTO_ALEXA_ROOTS works only with --dev: leave it out"},
	} {
		if m.missing {
			fault("%s", m.what)
		}
	}
	if u, err := url.Parse(c.PublicURL); err == nil && u.Scheme == "http" && !loopback(u.Host) {
		fault("SOTTO_PUBLIC_URL: say https")
	}
}

// guardMessenger lists what of Messenger is missing where some of it is said.
func (c *Config) guardMessenger(fault func(string, ...any)) {
	said := []struct{ name, value string }{
		{"SOTTO_MESSENGER_APP_SECRET", c.MessengerAppSecret},
		{"SOTTO_MESSENGER_VERIFY_TOKEN", c.MessengerVerifyToken},
		{"SOTTO_MESSENGER_PAGE_TOKEN", c.MessengerPageToken},
		{"SOTTO_MESSENGER_PAGE_ID", c.MessengerPageID},
	}
	some := false
	for _, m := range said {
		some = some || m.value != ""
	}
	for _, m := range said {
		if some && m.value == "" {
			fault("%s is missing: Messenger needs all four of APP_SECRET, VERIFY_TOKEN, PAGE_TOKEN and PAGE_ID", m.name)
		}
	}
}

// messenger is what the settings say of Messenger; no page id where they say nothing.
func (c *Config) messenger() messenger.Config {
	m := messenger.Config{
		AppSecret: c.MessengerAppSecret, VerifyToken: c.MessengerVerifyToken, PageToken: c.MessengerPageToken, PageID: c.MessengerPageID,
		GraphURL: c.MessengerGraphURL, PublicURL: c.PublicURL,
	}
	if m.GraphURL == "" {
		m.GraphURL = messenger.GraphURL
	}
	return m
}

// absolute says whether raw is an http or https URL with a host and nothing after its path.
func absolute(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" && !u.ForceQuery
}

// loopback says whether hostport, with or without a port, is this machine and nothing else.
func loopback(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() && ip.Zone() == ""
}

// Instant is a point in time written as RFC 3339; zero is "not said".
type Instant struct{ time.Time }

// UnmarshalText reads RFC 3339.
func (i *Instant) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return errors.New("say an RFC 3339 instant such as 2026-11-23T09:00:00Z")
	}
	i.Time = t
	return nil
}

// String gives RFC 3339, or nothing where no instant was said.
func (i Instant) String() string {
	if i.IsZero() {
		return ""
	}
	return i.Format(time.RFC3339Nano)
}

// Retention is a span of days.
type Retention time.Duration

// UnmarshalText reads "400 days", "400d" or a Go duration of at least an hour, such as "9600h".
func (r *Retention) UnmarshalText(text []byte) error {
	raw := strings.TrimSpace(string(text))
	if n, ok := strings.CutSuffix(strings.TrimSuffix(raw, "ays"), "d"); ok {
		days, err := parseDays(strings.TrimSpace(n))
		*r = Retention(days)
		return err
	}
	d, err := time.ParseDuration(raw)
	if err != nil || d < time.Hour || d > maxRetention {
		return errRetention
	}
	*r = Retention(d)
	return nil
}

const maxRetention = 36500 * 24 * time.Hour

var errRetention = errors.New("say a number of days, such as 400 days")

func parseDays(raw string) (time.Duration, error) {
	var days int
	if _, err := fmt.Sscanf(raw, "%d", &days); err != nil || fmt.Sprint(days) != raw || days < 1 || days > 36500 {
		return 0, errRetention
	}
	return time.Duration(days) * 24 * time.Hour, nil
}

// String gives whole days as "400 days".
func (r Retention) String() string {
	d := time.Duration(r)
	if d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return d.String()
}
