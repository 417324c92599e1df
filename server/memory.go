package server

import "runtime/debug"

// growth is how much a house may put on, in percent of what it holds, before garbage is collected. It holds a few megabytes, so that Go's
// own 100 would collect every other hundred turns, and that is a tenth of what a turn costs.
const growth = 200

// settle is what a house does about memory once it is open. What opening took, migrations above all, is not needed again.
func settle() {
	if was := debug.SetGCPercent(growth); was != 100 {
		debug.SetGCPercent(was) // somebody has set GOGC
	}
	debug.FreeOSMemory()
	letGoOfProgram()
}
