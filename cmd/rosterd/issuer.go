package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// issuerClient asks for discovery documents.
var issuerClient = &http.Client{Timeout: 3 * time.Second, Transport: wholeDocuments{http.DefaultTransport}}

// wholeDocuments returns answers that are there as a whole, or none: a server
// that is in trouble, or an answer that breaks off, says nothing about the
// issuer.
type wholeDocuments struct{ http.RoundTripper }

// maxDocument bounds a discovery document, which has a few kilobytes.
const maxDocument = 1 << 20

// RoundTrip implements http.RoundTripper.
func (t wholeDocuments) RoundTrip(q *http.Request) (*http.Response, error) {
	a, err := t.RoundTripper.RoundTrip(q)
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	if a.StatusCode >= http.StatusInternalServerError || a.StatusCode == http.StatusTooManyRequests {
		return nil, fmt.Errorf("answered %d", a.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(a.Body, maxDocument))
	if err != nil {
		return nil, err
	}
	a.Body = io.NopCloser(bytes.NewReader(body))
	return a, nil
}

// checkIssuer reads the discovery document of an OpenID Connect issuer. wrong:
// the document contradicts the issuer; otherwise detail says why it could not
// be read, and is empty if all is well.
func checkIssuer(ctx context.Context, issuer string) (wrong bool, detail string) {
	_, err := oidc.NewProvider(oidc.ClientContext(ctx, issuerClient), issuer)
	var network *url.Error
	var name *net.DNSError
	switch {
	case err == nil:
		return false, ""
	case errors.As(err, &name):
		return false, "the issuer was not checked: its host name cannot be resolved from here"
	case errors.As(err, &network):
		return false, "the issuer was not checked: its discovery document cannot be fetched from here"
	case strings.Contains(err.Error(), "did not match"):
		return true, "the discovery document names another issuer; write the issuer exactly as it stands there"
	}
	return true, "there is no valid OpenID Connect discovery document at " + strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
}
