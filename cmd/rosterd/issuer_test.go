package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestCheckIssuer: a document that contradicts the issuer is wrong; one that
// cannot be fetched leaves the issuer unchecked, and says so.
func TestCheckIssuer(t *testing.T) {
	answer := func(status int, body string) string {
		var url string
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if q.URL.Path != "/.well-known/openid-configuration" {
				t.Errorf("%s was asked for", q.URL.Path)
			}
			w.Header().Set("Content-Type", "application/json")
			if status < 0 { // promise more than there is
				w.Header().Set("Content-Length", "5000")
			}
			w.WriteHeader(max(status, -status))
			fmt.Fprint(w, strings.ReplaceAll(body, "SELF", url))
		}))
		t.Cleanup(s.Close)
		url = s.URL
		return url
	}
	const document = `{"issuer":"SELF","authorization_endpoint":"SELF/authorize","token_endpoint":"SELF/token","jwks_uri":"SELF/keys"}`
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	unreachable := "http://" + nobody.Addr().String()
	if err := nobody.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, issuer string
		wrong        bool
		detail       string // part of it; "" is all well
	}{
		{"good document", answer(200, document), false, ""},
		{"another issuer", answer(200, strings.ReplaceAll(document, `"issuer":"SELF"`, `"issuer":"https://other.example.com"`)), true, "names another issuer"},
		{"a slash more", answer(200, document) + "/", true, "names another issuer"},
		{"no document", answer(404, "not found"), true, "no valid OpenID Connect discovery document at http://127.0.0.1"},
		{"invalid JSON", answer(200, `{"issuer":`), true, "no valid OpenID Connect discovery document"},
		{"a page", answer(200, "<html>Welcome</html>"), true, "no valid OpenID Connect discovery document"},
		{"server in trouble", answer(503, "later"), false, "was not checked"},
		{"answer that breaks off", answer(-200, document), false, "was not checked"},
		{"unreachable", unreachable, false, "was not checked: its discovery document cannot be fetched"},
		{"no such host", "http://issuer..example.com", false, "was not checked: its host name cannot be resolved"},
	} {
		wrong, detail := checkIssuer(t.Context(), c.issuer)
		if wrong != c.wrong || !strings.Contains(detail, c.detail) || (detail == "") != (c.detail == "") {
			t.Errorf("%s: %v %q", c.name, wrong, detail)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if wrong, detail := checkIssuer(gone, answer(200, document)); wrong || !strings.Contains(detail, "was not checked") {
		t.Errorf("cancelled: %v %q", wrong, detail)
	}
}
