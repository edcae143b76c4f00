package httpapi

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"rosterd/workspace"
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

// A seeing gives Views, and says that it has given one.
type seeing struct {
	Workspaces
	given chan struct{}
}

func (s *seeing) Newest(ws workspace.ID) *workspace.View {
	v := s.Workspaces.Newest(ws)
	select {
	case s.given <- struct{}{}:
	default:
	}
	return v
}

// TestSlowSearch: a search whose body comes slowly is answered as of its end; so
// a token that was revoked meanwhile gets no page.
func TestSlowSearch(t *testing.T) {
	given := make(chan struct{}, 1)
	r := newRig(t, func(c *Config) { c.Workspaces = &seeing{c.Workspaces, given} })
	r.do(workspace.CreateToken{ID: "slow", Name: "slow", Connection: "default", Hash: sha256.Sum256([]byte("rsd_test_slow")), Read: true})
	body := `{"count":1` + strings.Repeat(" ", 48<<10) + `}`
	c := r.dial()
	fmt.Fprintf(c, "POST /scim/v2/Users/.search HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rsd_test_slow\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:24<<10])
	<-given
	r.do(workspace.RevokeToken{ID: "slow"})
	fmt.Fprint(c, body[24<<10:])
	head, err := bufio.NewReader(c).ReadString('\n')
	if err != nil || !strings.Contains(head, " 401 ") {
		t.Errorf("%q %v", head, err)
	}
}
