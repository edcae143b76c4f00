package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// describeMachine says on what it is measured, with the stores in dir.
func describeMachine(dir string) machineReport {
	m := machineReport{Kernel: "unknown", CPU: "unknown", Cores: runtime.NumCPU(), FileSystem: "unknown"}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		m.Kernel = unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:]) + " " + unix.ByteSliceToString(name.Machine[:])
	}
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		m.MemoryMB = int64(info.Totalram) * int64(info.Unit) / megabyte
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		m.CPU = cmp.Or(cpuModel(string(text)), m.CPU)
	}
	if text, err := os.ReadFile("/proc/self/mounts"); err == nil {
		if whole, err := filepath.Abs(dir); err == nil {
			dir = whole
		}
		if resolved, err := filepath.EvalSymlinks(dir); err == nil {
			dir = resolved
		}
		m.FileSystem = cmp.Or(fileSystem(string(text), dir), m.FileSystem)
	}
	return m
}

// cpuModel returns the name of the first processor of a /proc/cpuinfo.
func cpuModel(text string) string {
	for line := range strings.Lines(text) {
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// fileSystem returns what a /proc/mounts says about where dir is: type, device
// and options.
func fileSystem(mounts, dir string) string {
	best, found := "", ""
	for line := range strings.Lines(mounts) {
		f := strings.Fields(line)
		if len(f) < 4 {
			continue
		}
		at := f[1]
		if (dir == at || at == "/" || strings.HasPrefix(dir, at+"/")) && len(at) >= len(best) {
			best, found = at, fmt.Sprintf("%s on %s (%s)", f[2], f[0], f[3])
		}
	}
	return found
}
