package main

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rosterd/persistence"
)

// TestBackupIsVerified: what is not a whole backup leaves no file and is no
// success, however well the transfer went.
func TestBackupIsVerified(t *testing.T) {
	base := t.TempDir()
	s, err := persistence.Open(persistence.Config{Dir: filepath.Join(base, "data"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	var whole bytes.Buffer
	if err := errors.Join(s.Backup(&whole), s.Close()); err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole.Bytes())
	flipped[len(flipped)-1] ^= 1
	for _, c := range []struct {
		name   string
		send   []byte
		length int // what Content-Length promises
		code   int
		detail string
	}{
		{"whole", whole.Bytes(), whole.Len(), 0, ""},
		{"nothing", nil, 0, 1, "no backup"},
		{"without its end", whole.Bytes()[:whole.Len()-5], whole.Len() - 5, 1, "cut short"},
		{"wrong checksum", flipped, whole.Len(), 1, "damaged"},
		{"something behind it", append(bytes.Clone(whole.Bytes()), 'x'), whole.Len() + 1, 1, "damaged"},
		{"broken off", whole.Bytes()[:20], whole.Len(), 1, "cut short"},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", strconv.Itoa(c.length))
				_, _ = w.Write(c.send) // too few bytes break the connection off
			}))
			defer srv.Close()
			file := filepath.Join(base, strings.ReplaceAll(c.name, " ", "-"))
			code, out, errs := rosterd(t, nil, "backup", file, "--url", srv.URL, "--operator-token", "any")
			if code != c.code || !strings.Contains(errs, c.detail) || strings.Count(errs, "\n") != c.code || (out == "") != (c.code == 1) {
				t.Errorf("code %d, %q %q", code, out, errs)
			}
			switch text, err := os.ReadFile(file); {
			case c.code == 0 && !bytes.Equal(text, whole.Bytes()):
				t.Errorf("the file is not what was sent: %v", err)
			case c.code != 0 && !errors.Is(err, os.ErrNotExist):
				t.Errorf("the file is there: %v", err)
			}
		})
	}
}
