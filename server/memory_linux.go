package server

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// letGoOfProgram unmaps the pages of the program's own file that the start has touched: nearly all of them, because every package that is
// linked in is initialised, and Linux maps 64 KiB around each page in use. What is needed again is mapped again, from the page cache. Only
// mappings that cannot be written and hold nothing of their own are let go, so nothing can be lost; see proc(5) and madvise(2).
func letGoOfProgram() {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	mappings, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer mappings.Close()
	var clean [][2]uint64
	var from, to uint64 // of the mapping that is being read, where it is one of these
	for lines := bufio.NewScanner(mappings); lines.Scan(); {
		switch f := strings.Fields(lines.Text()); {
		case len(f) >= 5 && !strings.HasSuffix(f[0], ":"): // 00400000-010b2000 r-xp 00000000 fe:00 2490396 /usr/bin/sotto
			from, to = 0, 0
			if len(f) == 6 && f[5] == program && !strings.Contains(f[1], "w") {
				begin, end, _ := strings.Cut(f[0], "-")
				from, _ = strconv.ParseUint(begin, 16, 64)
				to, _ = strconv.ParseUint(end, 16, 64)
			}
		case len(f) == 3 && f[0] == "Anonymous:" && f[1] == "0" && from < to:
			clean = append(clean, [2]uint64{from, to})
		}
	}
	for _, m := range clean {
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(m[0]), uintptr(m[1]-m[0]), syscall.MADV_DONTNEED)
	}
}
