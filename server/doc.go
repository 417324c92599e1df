// Package server puts the house on the street: routes, middleware, pages, settings, wiring and lifecycle.
//
// It owns what all platforms share and nothing that a question means. Echo lives here and nowhere else; below it, rooms take
// bytes and contexts.
//
//	config.go, settings.go     every setting, where it comes from, and what is refused
//	server.go, wire.go         the rooms put together, listening and shutting down
//	webhook.go, answer.go      a platform's request becomes a turn, a reply becomes bytes
//	oauth.go, pages.go         linking in a browser
//	calls.go                   the endpoints of clients: token, revoke, introspect, userinfo, par
//	my.go, mypage.go           the customer's own page
//	errors.go, log.go          what a refusal looks like outside, and the one line it leaves
//	operations.go, metrics.go  healthz, readyz, metrics
package server
