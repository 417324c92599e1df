// Package dev is everything that --dev invents: keys, clients, customers' credentials, an Alexa certificate authority, and dev.json,
// which is all a test client needs to act as a platform.
//
// Everything secret in it is random per state directory and never a constant. Nothing in it is fit for the street, and it must not
// know how the house is wired: it hands out values and files.
//
//	house.go    what is invented, and where it is kept
//	file.go     dev.json
//	files.go    a state directory that only its owner can read
//	browser.go  a headless customer: forms, cookies, hops
//	person.go   links an assistant the way a customer would
//	alexa.go    the certificate authority that stands in for Amazon's
package dev
