package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A receiver is the application behind the webhooks of all workspaces. Now and
// then it is out of order: it answers 500 before or after it has taken a
// message.
type receiver struct {
	url    string
	mu     sync.Mutex
	boxes  map[string]*inbox // guarded by mu; by path
	random *rand.Rand        // guarded by mu; nil: always in order
}

// An inbox is what one endpoint received, each message once.
type inbox struct {
	secret  string
	bodies  map[string]string // by webhook-id
	seqs    []uint64          // in order of arrival
	repeats int
	faults  []string
}

// startReceiver listens on loopback until the test's end.
func startReceiver(t *testing.T, random *rand.Rand) *receiver {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{url: "http://" + l.Addr().String(), boxes: map[string]*inbox{}, random: random}
	server := &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return r
}

// open tells the receiver the secret of an endpoint.
func (r *receiver) open(path, secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.boxes[path] = &inbox{secret: secret, bodies: map[string]string{}}
}

// box returns what an endpoint received so far.
func (r *receiver) box(path string) inbox {
	r.mu.Lock()
	defer r.mu.Unlock()
	return *r.boxes[path]
}

// ServeHTTP implements http.Handler.
func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil { // the daemon was killed while it sent
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	box, ok := r.boxes[q.URL.Path]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	const oneIn = 1000
	before := r.random != nil && r.random.IntN(oneIn) == 0
	after := r.random != nil && r.random.IntN(oneIn) == 0
	if !before {
		box.take(q.Header, string(body))
	}
	if before || after {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// take verifies a message and notes it unless it was there before.
func (b *inbox) take(h http.Header, body string) {
	id := h.Get("Webhook-Id")
	fault := func(format string, args ...any) { b.faults = append(b.faults, id+": "+fmt.Sprintf(format, args...)) }
	if why := forged(b.secret, h, body); why != "" {
		fault("%s", why)
	}
	if before, ok := b.bodies[id]; ok {
		b.repeats++
		if before != body {
			fault("the same id with another body: %s and %s", before, body)
		}
		return
	}
	var e shownEntry
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		fault("%v: %s", err, body)
	}
	b.bodies[id] = body
	b.seqs = append(b.seqs, e.Seq)
}

// forged verifies a signature as the Standard Webhooks specification has it,
// and says what is wrong with it.
func forged(secret string, h http.Header, body string) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) < 24 {
		return "the secret is none"
	}
	stamp, err := strconv.ParseInt(h.Get("Webhook-Timestamp"), 10, 64)
	if age := time.Since(time.Unix(stamp, 0)); err != nil || age < -time.Minute || age > 5*time.Minute {
		return "the timestamp is " + h.Get("Webhook-Timestamp")
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.%s", h.Get("Webhook-Id"), stamp, body)
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); h.Get("Webhook-Signature") != want {
		return "the signature is " + h.Get("Webhook-Signature")
	}
	return ""
}

// compare holds what an endpoint received against the log entries that it was
// to receive: each once, in order, with the body that the log shows.
func (b *inbox) compare(t *testing.T, path string, want []shownEntry) {
	t.Helper()
	for _, f := range b.faults {
		t.Errorf("%s: %s", path, f)
	}
	bodies := map[string]bool{}
	for _, body := range b.bodies {
		bodies[body] = true
	}
	for i, e := range want {
		switch {
		case i >= len(b.seqs):
			t.Errorf("%s: entry %d (%s) is missing at the end", path, e.Seq, e.Kind)
			return
		case b.seqs[i] != e.Seq:
			t.Errorf("%s: message %d is about entry %d, want %d (%s)", path, i, b.seqs[i], e.Seq, e.Kind)
			return
		case !bodies[e.raw]:
			t.Errorf("%s: the message about entry %d is not what the log says: %s", path, e.Seq, e.raw)
		}
	}
	if len(b.seqs) != len(want) || len(b.bodies) != len(want) {
		t.Errorf("%s: %d messages with %d ids, want %d", path, len(b.seqs), len(b.bodies), len(want))
	}
}
