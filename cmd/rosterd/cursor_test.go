package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestCursorAfterKill: a walk by cursor goes on in the next process. A sorted
// one, whose list was kept in memory, is told to begin again.
func TestCursorAfterKill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	p := startProcess(t, dir)
	token := openWorkspace(t, p, dir)
	call := func(method, target, body string) (out struct {
		NextCursor, ScimType string
		Resources            []struct{ UserName string }
	}) {
		req, err := http.NewRequest(method, p.url+"/scim/v2"+target, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	for i := range 3 {
		call("POST", "/Users", fmt.Sprintf(`{"userName":"%d@example.com"}`, i))
	}
	plain, sorted := call("GET", "/Users?count=2&cursor", ""), call("GET", "/Users?count=2&cursor&sortBy=userName", "")
	p.kill()
	p = startProcess(t, dir)
	if page := call("GET", "/Users?cursor="+plain.NextCursor, ""); len(page.Resources) != 1 || page.Resources[0].UserName != "2@example.com" || page.NextCursor != "" {
		t.Errorf("in order of creation: %+v", page)
	}
	if page := call("GET", "/Users?sortBy=userName&cursor="+sorted.NextCursor, ""); page.ScimType != "expiredCursor" {
		t.Errorf("sorted: %+v", page)
	}
}
