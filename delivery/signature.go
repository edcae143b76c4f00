package delivery

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// Secrets are as the Standard Webhooks specification has them: this prefix,
// then 24 to 64 bytes in base64.
const (
	secretPrefix = "whsec_"
	minSecret    = 24
	maxSecret    = 64
)

// NewSecret returns entropy, 24 to 64 random bytes, as the signing secret of a
// webhook.
func NewSecret(entropy []byte) string {
	if len(entropy) < minSecret || len(entropy) > maxSecret {
		panic(fmt.Sprintf("delivery: a secret of %d bytes", len(entropy)))
	}
	return secretPrefix + base64.StdEncoding.EncodeToString(entropy)
}

// key returns the bytes of a secret.
func key(secret string) ([]byte, bool) {
	text, found := strings.CutPrefix(secret, secretPrefix)
	b, err := base64.StdEncoding.DecodeString(text)
	return b, found && err == nil && len(b) >= minSecret && len(b) <= maxSecret
}

// sign returns the value of webhook-signature: one signature per secret, so
// that a receiver who knows any of them can verify it while they are rotated.
// It reports false if there is no secret, or one is malformed.
func sign(secrets []string, id string, at time.Time, body []byte) (string, bool) {
	var out []string
	for _, secret := range secrets {
		k, ok := key(secret)
		if !ok {
			return "", false
		}
		mac := hmac.New(sha256.New, k)
		fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
		mac.Write(body)
		out = append(out, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(out, " "), len(out) > 0
}
