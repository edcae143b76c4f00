package httpapi

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rosterd/scim"
)

// FuzzDecodeFilter: what a client encodes as RFC 3986 says arrives as it is,
// whatever the dialect; anything else arrives somehow or is refused.
func FuzzDecodeFilter(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if _, query, ok := strings.Cut(line, "?"); ok && line[0] == '>' {
				f.Add(strings.TrimSpace(query))
			}
		}
	}
	f.Add("filter=userName eq \"a\x00b@example.test\"")
	generic, _ := scim.DialectByName("generic")
	strict, _ := scim.DialectByName("strict")
	f.Fuzz(func(t *testing.T, query string) {
		sent := "count=1&filter=" + strings.ReplaceAll(url.QueryEscape(query), "+", "%20") + "&startIndex=1"
		for _, d := range []*scim.Dialect{generic, strict} {
			raw, _ := rawArgument([]byte(sent), "filter")
			if got, err := decodeFilter(raw, d); err != nil || got != query {
				t.Fatalf("%s: %q became %q: %v", d.Name, query, got, err)
			}
			raw, _ = rawArgument([]byte(query), "filter")
			got, err := decodeFilter(raw, d)
			if err != nil && (err.Status != 400 || err.Type != scim.InvalidFilter || err.Detail == "") {
				t.Fatalf("refused as %v", err)
			}
			if err == nil && len(got) > len(raw) {
				t.Fatalf("%q became %q", raw, got)
			}
		}
	})
}
