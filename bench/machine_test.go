package main

import "testing"

// TestFileSystem finds the mount that a directory is on.
func TestFileSystem(t *testing.T) {
	const mounts = "/dev/vda / ext4 rw,relatime 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/vdb /tmp/store xfs rw,noatime 0 0\nproc /proc proc rw 0 0\nbroken\n"
	for _, c := range []struct{ dir, want string }{
		{"/home/x", "ext4 on /dev/vda (rw,relatime)"},
		{"/tmp", "tmpfs on tmpfs (rw)"},
		{"/tmp/stores", "tmpfs on tmpfs (rw)"},
		{"/tmp/store", "xfs on /dev/vdb (rw,noatime)"},
		{"/tmp/store/a/b", "xfs on /dev/vdb (rw,noatime)"},
	} {
		if got := fileSystem(mounts, c.dir); got != c.want {
			t.Errorf("%s: %s, want %s", c.dir, got, c.want)
		}
	}
	if got := fileSystem("", "/tmp"); got != "" {
		t.Errorf("no mounts: %q", got)
	}
}

// TestCPUModel reads /proc/cpuinfo, which has no model name on some machines.
func TestCPUModel(t *testing.T) {
	for text, want := range map[string]string{
		"processor\t: 0\nvendor_id\t: x\nmodel name\t: AMD EPYC\nmodel name\t: other\n": "AMD EPYC",
		"processor\t: 0\nBogoMIPS\t: 50\n":                                              "",
	} {
		if got := cpuModel(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
