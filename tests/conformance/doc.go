// Package conformance proves that an implementation of a port keeps the promises on the port's methods.
//
// Each function takes a factory, so that every case starts with an empty store, and can be given any engine. The package knows the
// ports and nothing of what implements them.
package conformance
