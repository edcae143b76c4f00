package httpapi

import (
	"strings"
	"testing"
)

// TestPageBytes: a page that would be too long is refused, never cut, since who
// counts on by count would skip what is missing; one resource is always a page.
func TestPageBytes(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.PageBytes = 1000 })
	for _, name := range []string{"ada", "bob", "eve"} {
		if a := r.send("default", "POST", "/scim/v2/Users", `{"userName":"`+name+`@example.com","title":"`+strings.Repeat("x", 700)+`"}`); a.status != 201 {
			t.Fatal(a.body)
		}
	}
	for address, status := range map[string]int{
		"?count=3": 400, "?count=3&cursor": 400, "?count=3&sortBy=userName": 400,
		"?count=1": 200, "?count=2&startIndex=3": 200, "?count=1&cursor": 200, "?count=3&attributes=userName": 200,
	} {
		a := r.send("default", "GET", "/scim/v2/Users"+address, "")
		if a.status != status || status == 400 && !strings.Contains(a.body, `"scimType":"tooMany"`) {
			t.Errorf("%s: %d %.200s", address, a.status, a.body)
		}
	}
}
