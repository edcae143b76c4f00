package delivery

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
)

// TestTrouble: what no server of these tests can be made to do.
func TestTrouble(t *testing.T) {
	invalid := func(reason x509.InvalidReason) error {
		return &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: reason}}
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{&net.DNSError{Err: "no such host", IsNotFound: true}, "the host name of example.com does not exist"},
		{&net.DNSError{Err: "server misbehaving"}, "the host name of example.com cannot be resolved at the moment"},
		{invalid(x509.Expired), "the certificate of example.com has expired or is not valid yet"},
		{invalid(x509.TooManyIntermediates), "the certificate of example.com is not valid"},
	} {
		if got := trouble("example.com", c.err); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
