package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// issuerClient asks for discovery documents.
var issuerClient = &http.Client{Timeout: 3 * time.Second}

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
