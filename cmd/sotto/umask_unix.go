//go:build unix

package main

import "syscall"

// closeToOthers makes every file that is made from here on readable by its owner only.
func closeToOthers() { syscall.Umask(0o077) }
