package linking

import "time"

// The functions here are pure: everything known goes in, the name of the refusal comes out, and whether the link must end because
// somebody has a token he should not have. They are asked only after the guarded statement has refused.

// judgeCode says why a code was refused.
func judgeCode(f CodeFacts, x Exchange) (e *OAuthError, end bool) {
	no := func(reason, description string) *OAuthError { return refuse(invalidGrant, reason, description) }
	switch {
	case !f.Exchanged.IsZero():
		return no("code_used", "code was used before"), true
	case !f.Ended.IsZero():
		return no("link_ended", "code is not valid"), false
	case !f.Expires.After(x.Now):
		return no("code_expired", "code has expired"), false
	case f.Client != x.Client:
		return no("code_of_another_client", "code is not valid"), false
	case f.RedirectURI != x.RedirectURI:
		return no("redirect_differs", "redirect_uri is not the one of the authorization request"), false
	case f.Challenge != "" && x.Challenge == "":
		return no("verifier_missing", "code_verifier is missing"), false
	case f.Challenge == "" && x.Challenge != "":
		return no("verifier_without_challenge", "code_verifier without code_challenge"), false
	case f.Challenge != x.Challenge:
		return no("verifier_wrong", "code_verifier does not fit"), false
	case x.Resource != "" && f.Resource != x.Resource:
		return refuse(invalidTarget, "resource_differs", "resource is not the one of the authorization request"), false
	default:
		return no("code_refused", "code is not valid"), false
	}
}

// judgeRefresh says why a refresh token was refused.
func judgeRefresh(f RefreshFacts, r Refreshing) (e *OAuthError, end bool) {
	no := func(reason, description string) *OAuthError { return refuse(invalidGrant, reason, description) }
	switch {
	case !f.Ended.IsZero():
		return no("link_ended", "refresh_token is not valid"), false
	case f.Client != r.Client:
		return no("refresh_of_another_client", "refresh_token is not valid"), false
	case f.over(r):
		return no("refresh_reused", "refresh_token was used before"), true
	case r.Resource != "" && f.Resource != r.Resource:
		return refuse(invalidTarget, "resource_differs", "resource is not the one of the authorization request"), false
	case !r.Want.within(f.Scopes):
		return refuse(invalidScope, "scope_wider", "a refresh can only narrow the scope"), false
	default:
		return no("refresh_refused", "refresh_token is not valid"), false
	}
}

// over says whether a rotating token was used so long ago that no retry is answered any more.
func (f RefreshFacts) over(r Refreshing) bool {
	return f.Passed || !f.Used.IsZero() && r.Now.Sub(f.Used) > r.Grace
}

// judgeChatCode says why a code typed in a chat was refused.
func judgeChatCode(f ChatCodeFacts, now time.Time) error {
	if !f.Confirmed.IsZero() || f.Tries >= chatTries || !f.Expires.After(now) {
		return ErrCodeOver
	}
	return ErrWrongCode
}

// judgePushed says why a pushed request was not opened.
func judgePushed(f PushedFacts, client string, now time.Time) *OAuthError {
	no := func(reason, description string) *OAuthError { return refuse(invalidRequest, reason, description) }
	switch {
	case f.Client != client:
		return no("request_of_another_client", "request_uri is not valid")
	case !f.Spent.IsZero():
		return no("request_used", "a code was given for request_uri before")
	case !f.Expires.After(now):
		return no("request_expired", "request_uri has expired")
	default:
		return no("request_refused", "request_uri is not valid")
	}
}
