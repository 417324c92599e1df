package openbanking

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"sotto/banking"
)

// permissionsFor gives the least codes that serve the permissions (Read/Write v3.1.11, account access consents).
//
// For balances: ReadAccountsBasic and ReadBalances. Basic has nicknames, kinds and currencies, which is what is said; numbers
// stay with the bank. For totals and purchases: transactions in Detail, since the merchant and its category code are Detail, with
// Credits and Debits, since refunds are credits and each side may carry reversals of the other; and ReadAccountsDetail in place of
// Basic, since without the numbers of the customer's own accounts a transfer among them would count as spending. Never ReadPAN. For
// ReadNothing: ReadAccountsBasic alone, the smallest consent there is.
func permissionsFor(permissions []banking.Permission) []string {
	var codes []string
	if len(permissions) == 0 {
		return nil
	}
	accounts := "ReadAccountsBasic"
	for _, p := range permissions {
		switch p {
		case banking.ReadBalances:
			codes = append(codes, "ReadBalances")
		case banking.ReadTotals, banking.ReadTransactions:
			accounts = "ReadAccountsDetail"
			codes = append(codes, "ReadTransactionsCredits", "ReadTransactionsDebits", "ReadTransactionsDetail")
		case banking.ReadNothing: // a consent without a permission is none, so Basic stays
		default:
			return nil
		}
	}
	codes = append(codes, accounts)
	slices.Sort(codes)
	return slices.Compact(codes)
}

// createConsent makes an account-access consent and gives its id. It is not repeated after a time-out: the standard has no
// idempotency key for it, and a consent nobody authorises does nothing.
func (b *Bank) createConsent(ctx context.Context, codes []string) (string, error) {
	type data struct {
		Permissions []string `json:"Permissions"`
	}
	body, err := json.Marshal(struct {
		Data data     `json:"Data"`
		Risk struct{} `json:"Risk"`
	}{Data: data{codes}})
	if err != nil {
		return "", fmt.Errorf("write consent: %w", err)
	}
	resp, err := b.ours(ctx, http.MethodPost, b.config.ResourceURL+"/account-access-consents", body)
	if err != nil {
		return "", err
	}
	answer, err := readSmall(resp)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusCreated {
		return "", kindOf(resp)
	}
	var consent struct {
		Data struct {
			ConsentID string `json:"ConsentId"`
			Status    string `json:"Status"`
		} `json:"Data"`
	}
	if !isJSON(resp) || json.Unmarshal(answer, &consent) != nil || consent.Data.ConsentID == "" || len(consent.Data.ConsentID) > 128 {
		return "", fmt.Errorf("%w: consent", banking.ErrGarbled)
	}
	return consent.Data.ConsentID, nil
}

// Standing reads a consent (v3.1.11 and v4.0 have different words for its states). What is over there, or gone, is banking.ErrRelink. A bank
// of v3.1 does not change the state when its customer revokes on its own pages; then its token endpoint refuses.
func (b *Bank) Standing(ctx context.Context, consentID string) error {
	resp, err := b.ours(ctx, http.MethodGet, b.config.ResourceURL+"/account-access-consents/"+url.PathEscape(consentID), nil)
	if err != nil {
		return fmt.Errorf("read consent: %w", err)
	}
	body, err := readSmall(resp)
	if err != nil {
		return fmt.Errorf("read consent: %w", err)
	}
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusBadRequest, http.StatusNotFound, http.StatusGone:
		return fmt.Errorf("%w: no such consent at the bank", banking.ErrRelink)
	default:
		return fmt.Errorf("read consent: %w", kindOf(resp))
	}
	var consent struct {
		Data struct {
			Status  string `json:"Status"`
			Expires string `json:"ExpirationDateTime"`
		} `json:"Data"`
	}
	if !isJSON(resp) || json.Unmarshal(body, &consent) != nil {
		return fmt.Errorf("%w: consent", banking.ErrGarbled)
	}
	switch consent.Data.Status {
	case "Authorised", "AUTH":
	case "AwaitingAuthorisation", "Rejected", "Revoked", "AWAU", "RJCT", "CANC", "EXPD":
		return fmt.Errorf("%w: the consent does not stand", banking.ErrRelink)
	default:
		return fmt.Errorf("%w: state of a consent", banking.ErrGarbled)
	}
	if end, err := time.Parse(time.RFC3339, consent.Data.Expires); err == nil && !b.options.Now().Before(end) {
		return fmt.Errorf("%w: the consent has expired", banking.ErrRelink)
	}
	return nil
}

// EndConsent deletes a consent at the bank. One that is already gone, or that was never known (the standard answers 400), is ended.
func (b *Bank) EndConsent(ctx context.Context, consentID string) error {
	resp, err := b.ours(ctx, http.MethodDelete, b.config.ResourceURL+"/account-access-consents/"+url.PathEscape(consentID), nil)
	if err != nil {
		return fmt.Errorf("end consent: %w", err)
	}
	if _, err := readSmall(resp); err != nil {
		return fmt.Errorf("end consent: %w", err)
	}
	switch resp.StatusCode {
	case http.StatusNoContent, http.StatusOK, http.StatusBadRequest, http.StatusNotFound, http.StatusGone:
		return nil
	}
	return fmt.Errorf("end consent: %w", kindOf(resp))
}

// ours sends a request with Sotto's own token, with a new one where the bank refuses the first.
func (b *Bank) ours(ctx context.Context, method, target string, body []byte) (*http.Response, error) {
	for try := 1; ; try++ {
		token, err := b.credentials(ctx)
		if err != nil {
			return nil, err
		}
		req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("%w: resource_url", ErrConfig)
		}
		if err := b.dress(req, token); err != nil {
			return nil, err
		}
		if body != nil {
			req.Header.Set("Content-Type", "application/json")
		}
		resp, err := b.send(req)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode != http.StatusUnauthorized || try > 1 {
			return resp, nil
		}
		drop(resp)
		b.forget(token)
	}
}

// dress puts on what every request to a resource needs. The interaction id is new for each, and comes back with the answer.
func (b *Bank) dress(req *http.Request, token banking.Secret) error {
	id, err := uuid.NewRandomFromReader(b.options.Random)
	if err != nil {
		return fmt.Errorf("no randomness: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+string(token))
	req.Header.Set("Accept", "application/json")
	req.Header.Set("X-Fapi-Interaction-Id", id.String())
	return nil
}
