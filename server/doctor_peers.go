package server

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"sotto/banking/openbanking"
	"sotto/linking"
)

// clients looks at the assistants and their redirect URIs.
func (d *doctor) clients() {
	if d.cfg.Clients == "" {
		return // generated, or a fault of the settings and said there
	}
	list, err := clientRecords(d.cfg, nil)
	if err != nil {
		d.fault("clients", "%s", strings.TrimPrefix(err.Error(), "settings: "))
		return
	}
	streamlined := false
	for _, c := range list {
		d.fine("clients", "%s (%s) may send customers back to %s", c.ID, c.Platform, strings.Join(c.RedirectURIs, ", "))
		links := slices.Contains(c.Grants, linking.JWTBearer)
		if links && d.cfg.GoogleClientID == "" {
			d.fault("clients", "%s may link Google accounts again (%s), but SOTTO_GOOGLE_CLIENT_ID is missing", c.ID, linking.JWTBearer)
		}
		streamlined = streamlined || links
		if c.Platform != linking.Alexa {
			continue
		}
		for _, host := range []string{"pitangui.amazon.com", "layla.amazon.com", "alexa.amazon.co.jp"} {
			if !slices.ContainsFunc(c.RedirectURIs, func(uri string) bool { return strings.HasPrefix(uri, "https://"+host+"/") }) {
				d.add(Advice, "clients", "%s has no redirect URI at %s: customers with an account of that region cannot link", c.ID, host)
			}
		}
	}
	if d.cfg.GoogleClientID != "" && !streamlined {
		d.add(Advice, "clients", "SOTTO_GOOGLE_CLIENT_ID says nothing: no client has the grant %s", linking.JWTBearer)
	}
}

// banks looks whether each bank answers with the metadata it should have.
func (d *doctor) banks(ctx context.Context) {
	var list []openbanking.Config
	if d.cfg.Banks != "" {
		var err error
		if list, err = bankConfigs(d.cfg, nil); err != nil {
			d.fault("banks", "%s", strings.TrimPrefix(err.Error(), "settings: "))
			return
		}
		if slices.ContainsFunc(list, func(b openbanking.Config) bool { return b.ClientSecret != "" }) {
			d.private("banks", d.cfg.Banks)
		}
	}
	for _, b := range list {
		d.bankFiles(b)
	}
	if d.cfg.Dev {
		list = append(list, openbanking.Config{ID: mockBankID, Issuer: "http://" + d.cfg.BankAddr + "/" + mockBankID})
	}
	for _, b := range list {
		d.bank(ctx, b, len(list) > 1)
		if d.cfg.PublicURL != "" {
			d.add(Advice, "banks", "%s must have %s registered as our redirect URI", b.ID, b.RedirectURI(d.cfg.PublicURL+callbackPath))
		}
	}
}

// bank looks at one bank, which is one of several or not.
func (d *doctor) bank(ctx context.Context, b openbanking.Config, several bool) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.MetadataURL(), nil)
	if err != nil {
		d.fault("banks", "%s: the issuer is no URL", b.ID)
		return
	}
	transport, err := b.Transport()
	if err != nil {
		d.fault("banks", "%s: %v", b.ID, err)
		return
	}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		grade, what := Fault, "check the network and the bank's certificate"
		if b.ID == mockBankID && d.cfg.Dev {
			grade, what = Advice, "the mock bank is open while serve --dev or bank runs"
		}
		d.add(grade, "banks", "%s does not answer (%s): %s", b.ID, kindOf(err), what)
		return
	}
	defer response.Body.Close()
	var metadata struct {
		Issuer     string `json:"issuer"`
		SaysIssuer bool   `json:"authorization_response_iss_parameter_supported"`
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil || response.StatusCode != http.StatusOK || json.Unmarshal(content, &metadata) != nil {
		d.fault("banks", "%s answers %d without OpenID metadata: check issuer", b.ID, response.StatusCode)
		return
	}
	if metadata.Issuer != b.Issuer {
		d.fault("banks", "%s calls itself by another issuer than the settings do: they must be the same to the byte", b.ID)
		return
	}
	d.fine("banks", "%s answers, and calls itself as the settings do", b.ID)
	if several && !metadata.SaysIssuer && b.Request != openbanking.Signed && b.Callback != openbanking.OwnCallback {
		d.add(Advice, "banks", "%s does not promise to say its name in its answers, so that one could be taken for another bank's (mix-up): say callback: own, or request: signed", b.ID)
	}
	d.clockAgainst(response.Header.Get("Date"), b.ID)
}

// clockAgainst compares the machine's clock with a bank's: signatures, codes and certificates are judged by it.
func (d *doctor) clockAgainst(date, bank string) {
	theirs, err := http.ParseTime(date)
	if err != nil || d.cfg.Dev {
		return
	}
	if off := d.wall().Sub(theirs).Abs(); off > 30*time.Second {
		d.fault("clock", "this machine's clock and that of %s differ by %s: set it by NTP", bank, off.Round(time.Second))
		return
	}
	d.fine("clock", "it agrees with that of %s", bank)
}
