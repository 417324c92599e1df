package mockbank

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxConsent bounds the body of a consent request.
const maxConsent = 16 << 10

// wireConsent is what a client asks for, and the common part of the answer.
type wireConsent struct {
	ID          string   `json:"ConsentId,omitzero"`
	Created     string   `json:"CreationDateTime,omitzero"`
	Status      string   `json:"Status,omitzero"`
	Updated     string   `json:"StatusUpdateDateTime,omitzero"`
	Permissions []string `json:"Permissions"`
	Expires     string   `json:"ExpirationDateTime,omitzero"`
	From        string   `json:"TransactionFromDateTime,omitzero"`
	To          string   `json:"TransactionToDateTime,omitzero"`
}

type consentRequest struct {
	Data *struct {
		Permissions []string `json:"Permissions"`
		Expires     string   `json:"ExpirationDateTime"`
		From        string   `json:"TransactionFromDateTime"`
		To          string   `json:"TransactionToDateTime"`
	} `json:"Data"`
	Risk jsontext.Value `json:"Risk"`
}

type consentResponse struct {
	Data  wireConsent `json:"Data"`
	Risk  struct{}    `json:"Risk"`
	Links links       `json:"Links"`
	Meta  meta        `json:"Meta"`
}

// permissionCodes are all of v3.1.11.
func permissionCodes() []string {
	return []string{
		"ReadAccountsBasic", "ReadAccountsDetail", "ReadBalances", "ReadBeneficiariesBasic", "ReadBeneficiariesDetail",
		"ReadDirectDebits", "ReadOffers", "ReadPAN", "ReadParty", "ReadPartyPSU", "ReadProducts",
		"ReadScheduledPaymentsBasic", "ReadScheduledPaymentsDetail", "ReadStandingOrdersBasic", "ReadStandingOrdersDetail",
		"ReadStatementsBasic", "ReadStatementsDetail", "ReadTransactionsBasic", "ReadTransactionsCredits",
		"ReadTransactionsDebits", "ReadTransactionsDetail",
	}
}

// fault is what is wrong with a request's body.
type fault struct{ code, message, path string }

func (a *albion) createConsent(w http.ResponseWriter, r *http.Request, c call) {
	if c.holder.customer() {
		refuse(w, http.StatusForbidden, codePermissionDenied, "Consents are for the client's own token", "")
		return
	}
	req, wrong := a.readConsentRequest(w, r)
	if wrong != nil {
		refuse(w, http.StatusBadRequest, wrong.code, wrong.message, wrong.path)
		return
	}
	id, err := a.secretString()
	if err != nil {
		refuse(w, http.StatusInternalServerError, codeUnexpected, "No consent could be made", "")
		return
	}
	now := a.now().Truncate(time.Second)
	made := consent{
		ID: "aac-" + id[:32], Client: c.holder.client, Permissions: req.Data.Permissions,
		Expires: req.Data.Expires, From: req.Data.From, To: req.Data.To,
		Status: awaitingAuthorisation, Created: now, Updated: now,
	}
	a.state.mu.Lock()
	err = a.state.commit(now, made)
	a.state.mu.Unlock()
	if err != nil {
		refuse(w, http.StatusInternalServerError, codeUnexpected, "No consent could be made", "")
		return
	}
	a.writeConsent(w, http.StatusCreated, made)
}

// readConsentRequest applies the rules of the standard for what may be asked.
func (a *albion) readConsentRequest(w http.ResponseWriter, r *http.Request) (consentRequest, *fault) {
	var req consentRequest
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxConsent))
	if err != nil {
		return req, &fault{codeInvalidFormat, "The body is too large or was cut off", ""}
	}
	if err := json.Unmarshal(body, &req, json.RejectUnknownMembers(true)); err != nil {
		if errors.Is(err, json.ErrUnknownName) {
			return req, &fault{codeFieldUnexpected, "The body has a field that is not in the standard", ""}
		}
		return req, &fault{codeInvalidFormat, "The body is not a consent request", ""}
	}
	switch {
	case req.Data == nil:
		return req, &fault{codeFieldMissing, "Data is missing", "Data"}
	case len(req.Risk) == 0:
		return req, &fault{codeFieldMissing, "Risk is missing", "Risk"}
	case req.Risk.Kind() != '{':
		return req, &fault{codeFieldInvalid, "Risk is an empty object", "Risk"}
	}
	var risk map[string]jsontext.Value
	if err := json.Unmarshal(req.Risk, &risk); err != nil || len(risk) > 0 {
		return req, &fault{codeFieldUnexpected, "Risk is an empty object", "Risk"}
	}
	if wrong := checkPermissions(req.Data.Permissions); wrong != nil {
		return req, wrong
	}
	return req, a.checkDates(req)
}

// checkPermissions refuses the combinations the standard calls illegal.
func checkPermissions(asked []string) *fault {
	const path = "Data.Permissions"
	if len(asked) == 0 {
		return &fault{codeFieldMissing, "At least one permission is needed", path}
	}
	for _, p := range asked {
		if !slices.Contains(permissionCodes(), p) {
			return &fault{codeFieldInvalid, "A permission is not one of the standard", path}
		}
	}
	has := consent{Permissions: asked}.may
	depth := has("ReadTransactionsBasic") || has("ReadTransactionsDetail")
	side := has("ReadTransactionsCredits") || has("ReadTransactionsDebits")
	switch {
	case !has("ReadAccountsBasic") && !has("ReadAccountsDetail"):
		return &fault{codeFieldInvalid, "ReadAccountsBasic or ReadAccountsDetail is needed", path}
	case depth && !side:
		return &fault{codeFieldInvalid, "Transactions need ReadTransactionsCredits or ReadTransactionsDebits", path}
	case side && !depth:
		return &fault{codeFieldInvalid, "Credits and debits need ReadTransactionsBasic or ReadTransactionsDetail", path}
	}
	return nil
}

func (a *albion) checkDates(req consentRequest) *fault {
	read := func(raw, path string) (time.Time, *fault) {
		if raw == "" {
			return time.Time{}, nil
		}
		t, err := time.Parse(time.RFC3339, raw)
		if err != nil || len(raw) > 40 {
			return t, &fault{codeFieldDate, "A date and time with its offset is needed", path}
		}
		return t, nil
	}
	end, wrong := read(req.Data.Expires, "Data.ExpirationDateTime")
	if wrong != nil {
		return wrong
	}
	if !end.IsZero() && !end.After(a.now()) {
		return &fault{codeFieldDate, "The consent would have expired", "Data.ExpirationDateTime"}
	}
	from, wrong := read(req.Data.From, "Data.TransactionFromDateTime")
	if wrong != nil {
		return wrong
	}
	to, wrong := read(req.Data.To, "Data.TransactionToDateTime")
	if wrong != nil {
		return wrong
	}
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		return &fault{codeFieldDate, "The transactions would end before they begin", "Data.TransactionToDateTime"}
	}
	return nil
}

// ownConsent finds the consent of the path, if it is the calling client's and
// has not been deleted. The caller holds the state's lock.
func (a *albion) ownConsent(w http.ResponseWriter, c call) (consent, bool) {
	if c.holder.customer() {
		refuse(w, http.StatusForbidden, codePermissionDenied, "Consents are for the client's own token", "")
		return consent{}, false
	}
	found, ok := a.state.consents[c.id]
	if !ok || found.Client != c.holder.client || found.Deleted {
		refuse(w, http.StatusBadRequest, codeNotFound, "There is no such consent", "ConsentId")
		return consent{}, false
	}
	return found, true
}

func (a *albion) readConsent(w http.ResponseWriter, _ *http.Request, c call) {
	a.state.mu.Lock()
	found, ok := a.ownConsent(w, c)
	a.state.mu.Unlock()
	if ok {
		a.writeConsent(w, http.StatusOK, found)
	}
}

// deleteConsent ends a consent on the client's side; its tokens end with it.
func (a *albion) deleteConsent(w http.ResponseWriter, _ *http.Request, c call) {
	a.state.mu.Lock()
	defer a.state.mu.Unlock()
	found, ok := a.ownConsent(w, c)
	if !ok {
		return
	}
	now := a.now()
	found.Deleted, found.Updated = true, now
	if err := a.state.commit(now, found); err != nil {
		refuse(w, http.StatusInternalServerError, codeUnexpected, "The consent could not be deleted", "")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (a *albion) writeConsent(w http.ResponseWriter, status int, c consent) {
	writeJSON(w, status, consentResponse{
		Data: wireConsent{
			ID: c.ID, Status: c.Status, Permissions: c.Permissions, Expires: c.Expires, From: c.From, To: c.To,
			Created: wireTime(c.Created.In(a.zone)), Updated: wireTime(c.Updated.In(a.zone)),
		},
		Links: links{Self: a.opts.BaseURL + "/" + bankID + resourceBase + "/account-access-consents/" + c.ID},
		Meta:  meta{TotalPages: 1},
	})
}
