// Package tests plays conversations against the whole house, and checks the drawing of docs/architecture.md.
package tests
