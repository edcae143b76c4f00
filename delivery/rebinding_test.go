package delivery

import (
	"context"
	"encoding/binary"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// quiet is for servers whose clients are expected to fail.
var quiet = log.New(io.Discard, "", 0)

// names is a DNS server that answers every question for an address with a
// loopback one.
type names struct {
	asked   atomic.Int32
	serving sync.WaitGroup
}

// dial is a net.Resolver's Dial. A connection that is no packet connection is
// spoken to as over TCP: each message after its length (RFC 1035 section 4.2.2).
func (n *names) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	n.serving.Go(func() {
		defer server.Close()
		var size [2]byte
		for {
			if _, err := io.ReadFull(server, size[:]); err != nil {
				return
			}
			question := make([]byte, binary.BigEndian.Uint16(size[:]))
			if _, err := io.ReadFull(server, question); err != nil {
				return
			}
			n.asked.Add(1)
			answer := loopback(question)
			if _, err := server.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
				return
			}
		}
	})
	return client, nil
}

// loopback answers a question of type A or AAAA (RFC 1035 section 4.1).
func loopback(question []byte) []byte {
	end := 12 // of the question section: labels up to an empty one, type, class
	for question[end] != 0 {
		end += 1 + int(question[end])
	}
	end += 5
	kind := question[end-3]
	out := append([]byte{question[0], question[1], 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0}, question[12:end]...)
	out = append(out, 0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 0) // the name again, type, class, no time to live
	if kind == 1 {
		return append(out, 0, 4, 127, 0, 0, 1)
	}
	return append(append(out, 0, 16), net.IPv6loopback...)
}

// TestRebinding: a name that nothing is wrong with, as far as CheckURL can see,
// resolves to this machine when the connection is made.
func TestRebinding(t *testing.T) {
	base, calls := endpoint(t, status(200))
	port := base[strings.LastIndexByte(base, ':'):]
	n := &names{}
	deliver := func(cfg Config, url string) error {
		w := webhooks(t, cfg)
		w.dialer.Resolver = &net.Resolver{PreferGo: true, Dial: n.dial}
		return w.Deliver(t.Context(), hook(url))
	}
	const host = "hooks.example.com"
	if err := deliver(Config{AllowPrivate: true}, "http://"+host+port); err != nil || len(calls) != 1 {
		t.Fatalf("the name does not lead to the endpoint: %v", err)
	}
	<-calls
	asked := n.asked.Load()
	e := failure(t, deliver(Config{}, "https://"+host+port+"/?hunter2"))
	if e.Permanent || !strings.Contains(e.Text, host+port+" resolves to an address that is not public") {
		t.Errorf("%+v", e)
	}
	if n.asked.Load() == asked || len(calls) > 0 {
		t.Errorf("%d questions, %d calls", n.asked.Load()-asked, len(calls))
	}
	n.serving.Wait()
}

// TestLiteralsAreRefusedBeforeDialing: no attempt is made. They were registered
// while private addresses were allowed, and may be again: nothing is given up
// for one start without the flag.
func TestLiteralsAreRefusedBeforeDialing(t *testing.T) {
	w := webhooks(t, Config{})
	w.dialer.Control = nil // so that only the check of the URL can refuse
	for _, url := range []string{"https://127.0.0.1:1/", "https://localhost:1/", "https://[::ffff:169.254.169.254]/", "https://0x7f000001/", "http://example.com/"} {
		if e := failure(t, w.Deliver(t.Context(), hook(url))); e.Permanent {
			t.Errorf("%s: %+v", url, e)
		}
	}
}
