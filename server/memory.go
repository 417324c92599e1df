package server

import "runtime/debug"

// settle is what a house does about memory once it is open. What opening took, migrations above all, is not needed again.
func settle() {
	debug.FreeOSMemory()
	letGoOfProgram()
}
