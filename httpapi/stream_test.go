package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rosterd/workspace"
)

// A backupFunc is a store whose backup is written by a function.
type backupFunc struct {
	Store
	write func(io.Writer) error
}

func (b backupFunc) Backup(w io.Writer) error { return b.write(w) }

// request opens a connection, sends a request of the operator and reads the
// head of the answer. The test's end closes the connection.
func (r *rig) request(method, target, protocol string) (*http.Response, net.Conn) {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		r.t.Fatal(err)
	}
	fmt.Fprintf(c, "%s %s %s\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", method, target, protocol, operatorToken)
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		r.t.Fatal(err)
	}
	return res, c
}

// streaming is a rig whose backup is what write writes, and its log.
func streaming(t *testing.T, write func(io.Writer) error) (*rig, *lines) {
	log := new(lines)
	r := newRig(t, func(c *Config) {
		c.Store, c.Log = backupFunc{c.Store, write}, zerolog.New(log)
	})
	return r, log
}

// accessLine waits for the access line of the backup.
func accessLine(t *testing.T, log *lines) (line struct {
	Status, Bytes int
	Broken        bool
}) {
	t.Helper()
	for { // the test's own time limit ends it
		for text := range strings.Lines(log.String()) {
			if strings.Contains(text, `"route":"/backup"`) {
				if err := json.Unmarshal([]byte(text), &line); err != nil {
					t.Fatal(err)
				}
				return line
			}
		}
	}
}

// TestBackupIsStreamed: the client has the first part while the second is not
// even written, and the access line comes at the end.
func TestBackupIsStreamed(t *testing.T) {
	const size = 300 << 10 // more than one chunk
	part := []byte(strings.Repeat("x", size))
	read := make(chan struct{})
	r, log := streaming(t, func(w io.Writer) error {
		if _, err := w.Write(part); err != nil {
			return err
		}
		<-read
		_, err := w.Write(part)
		return err
	})
	res, c := r.request("GET", "/api/v1/backup", "HTTP/1.1")
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/octet-stream" || res.Header.Get("X-Request-Id") == "" {
		t.Errorf("%s %v", res.Status, res.Header)
	}
	if _, err := io.ReadFull(res.Body, make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(log.String(), "/backup") {
		t.Error("the access line is there before the end")
	}
	close(read)
	if rest, err := io.ReadAll(res.Body); len(rest) != size || err != nil {
		t.Errorf("the second part has %d bytes: %v", len(rest), err)
	}
	if line := accessLine(t, log); line.Status != 200 || line.Bytes != 2*size || line.Broken {
		t.Errorf("access line %+v", line)
	}
	fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	if res, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || res.StatusCode != 200 {
		t.Errorf("the next request of the connection: %v", err)
	}
}

// TestBackupThatFails breaks the connection off, so that no client takes it
// for a whole one.
func TestBackupThatFails(t *testing.T) {
	for name, sent := range map[string]int{"at once": 0, "later": 100_000} {
		t.Run(name, func(t *testing.T) {
			r, log := streaming(t, func(w io.Writer) error {
				if _, err := w.Write(make([]byte, sent)); err != nil {
					return err
				}
				return errors.New("disk on fire")
			})
			res, _ := r.request("GET", "/api/v1/backup", "HTTP/1.1")
			if body, err := io.ReadAll(res.Body); !errors.Is(err, io.ErrUnexpectedEOF) || len(body) != sent {
				t.Errorf("%d bytes, %v", len(body), err)
			}
			if line := accessLine(t, log); line.Bytes != sent || !line.Broken {
				t.Errorf("access line %+v", line)
			}
			if !strings.Contains(log.String(), "disk on fire") {
				t.Error("the reason is not in the log")
			}
		})
	}
}

// TestBackupWithoutABody: HEAD makes no backup, and HTTP/1.0 cannot tell a
// whole one from a part.
func TestBackupWithoutABody(t *testing.T) {
	r, log := streaming(t, func(io.Writer) error {
		t.Error("a backup is made")
		return nil
	})
	if res, _ := r.request("HEAD", "/api/v1/backup", "HTTP/1.1"); res.StatusCode != 200 {
		t.Errorf("HEAD: %s", res.Status)
	}
	if line := accessLine(t, log); line.Bytes != 0 || line.Broken {
		t.Errorf("access line %+v", line)
	}
	if res, _ := r.request("GET", "/api/v1/backup", "HTTP/1.0"); res.StatusCode != 505 {
		t.Errorf("HTTP/1.0: %s", res.Status)
	}
}

// TestShutdownEndsStreams: a client that does not read cannot hold up a stop
// for longer than the stop may take, and nothing reads the store after it.
func TestShutdownEndsStreams(t *testing.T) {
	began, ended := make(chan struct{}), make(chan error, 1)
	r, _ := streaming(t, func(w io.Writer) error {
		close(began)
		for {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				ended <- err
				return err
			}
		}
	})
	r.request("GET", "/api/v1/backup", "HTTP/1.1")
	<-began
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := r.srv.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("shutdown: %v", err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("it ended without an error")
		}
	default:
		t.Error("it goes on after the stop")
	}
}

// TestShutdownTellsStreams: a stream that waits for news hears of a stop.
func TestShutdownTellsStreams(t *testing.T) {
	began := make(chan struct{})
	r := newRig(t, func(c *Config) {})
	r.srv.routes[1] = append(r.srv.routes[1], &route{
		method: "GET", template: "/wait", surface: "ops", segments: []string{"wait"},
		handle: func(x *exchange) {
			x.stream("text/plain", func(w io.Writer) error {
				close(began)
				<-x.ctx.Done()
				_, err := io.WriteString(w, "bye")
				return err
			})
		},
	})
	res, _ := r.request("GET", "/wait", "HTTP/1.1")
	<-began
	stopped := make(chan error, 1)
	go func() { stopped <- r.srv.Shutdown(t.Context()) }()
	if body, err := io.ReadAll(res.Body); string(body) != "bye" || err != nil {
		t.Errorf("%q %v", body, err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// A slow connection notes the deadlines that are set on it.
type slow struct {
	net.Conn
	deadlines []time.Time
}

func (c *slow) SetWriteDeadline(t time.Time) error {
	c.deadlines = append(c.deadlines, t)
	return nil
}

// TestStreamDeadlines: what bounds a stream is the time of a chunk, not that
// of the whole.
func TestStreamDeadlines(t *testing.T) {
	c := new(slow)
	st := &stream{all: newStreams(), conn: c, out: io.Discard}
	if _, err := st.Write(make([]byte, 3*streamChunk)); err != nil {
		t.Fatal(err)
	}
	if len(c.deadlines) != 3 {
		t.Errorf("%d deadlines", len(c.deadlines))
	}
	for _, d := range c.deadlines {
		if left := time.Until(d); left <= writeTimeout/2 || left > writeTimeout {
			t.Errorf("deadline in %v", left)
		}
	}
}

// A slowLog is a store whose log is read slowly.
type slowLog struct {
	Store
	began, goOn chan struct{}
}

func (s slowLog) ReadLog(ctx context.Context, _ workspace.ID, _ uint64, _ func(uint64, workspace.Envelope, workspace.Event) bool) error {
	close(s.began)
	<-s.goOn
	return ctx.Err()
}

// TestLogDuringAStop: a read that is under way when a stop begins ends well.
func TestLogDuringAStop(t *testing.T) {
	slow := slowLog{began: make(chan struct{}), goOn: make(chan struct{})}
	r := newRig(t, func(c *Config) { slow.Store, c.Store = c.Store, slow })
	answered := make(chan int, 1)
	go func() { answered <- r.send("operator", "GET", "/api/v1/workspaces/acme/log", "").status }()
	<-slow.began
	stopped := make(chan error, 1)
	go func() { stopped <- r.srv.Shutdown(t.Context()) }()
	for { // until nobody listens any more
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			break
		}
		c.Close()
	}
	close(slow.goOn)
	if status := <-answered; status != 200 {
		t.Errorf("%d", status)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
