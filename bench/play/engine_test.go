package play

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"
)

// same is a source of one request, again and again.
type same struct {
	request Request
	times   int64 // 0: without end
	made    atomic.Int64
}

func (s *same) Next(context.Context) (Request, bool) {
	n := s.made.Add(1)
	return s.request, s.times == 0 || n <= s.times
}

// inBubble runs a test in virtual time against a server over pipes. serve says
// how long it takes for the answer to request n, counted from 0, that it
// writes; a negative time closes the connection instead.
func inBubble(t *testing.T, serve func(n int, resp *fasthttp.Response) time.Duration, test func(t *testing.T, c *Client)) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		c := NewClient("http://pipe/scim", "secret", 64)
		c.http.Dial = func(string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				defer server.Close()
				reader := bufio.NewReader(server)
				for {
					var req fasthttp.Request
					if req.Read(reader) != nil {
						return // the client has closed the connection
					}
					var resp fasthttp.Response
					took := serve(int(n.Add(1)-1), &resp)
					if took < 0 {
						return
					}
					time.Sleep(took)
					// Not with resp.Write, which starts a clock for Date that outlives the bubble.
					if _, err := fmt.Fprintf(server, "HTTP/1.1 %d \r\nContent-Length: %d\r\n\r\n%s", resp.StatusCode(), len(resp.Body()), resp.Body()); err != nil {
						return
					}
				}
			}()
			return client, nil
		}
		test(t, c)
		c.Close()
		time.Sleep(2 * maxIdle) // the client's housekeeping ends
	})
}

// steady answers every request with 200 after so long.
func steady(d time.Duration) func(int, *fasthttp.Response) time.Duration {
	return func(int, *fasthttp.Response) time.Duration { return d }
}

// near allows for what a histogram of three digits rounds.
func near(got, want, slack float64) bool { return math.Abs(got-want) <= slack+want/1000 }

// TestDriveStall is about coordinated omission: a server that answers in a
// millisecond stalls once, for two seconds out of ten. In an open loop
// everybody who wanted something in these two seconds has waited; a closed
// loop knows of one.
func TestDriveStall(t *testing.T) {
	stall := func(n int, _ *fasthttp.Response) time.Duration {
		if n == 500 {
			return 2001 * time.Millisecond
		}
		return time.Millisecond
	}
	inBubble(t, stall, func(t *testing.T, c *Client) {
		o := Drive(t.Context(), c, &same{request: Request{Method: "GET", Path: "/Users"}}, Pace{Connections: 1, Rate: 100, Duration: 10 * time.Second}, nil)
		if o.Count != 1000 || o.PerSecond != 100 || o.Unsent != 0 || o.Seconds != 10 {
			t.Errorf("%d counted in %v s, %v a second, %d unsent", o.Count, o.Seconds, o.PerSecond, o.Unsent)
		}
		// The stall, and until the backlog of 200 is worked off at 9 of 10 ms.
		if o.Waited < 200 || o.Waited > 225 {
			t.Errorf("%d requests waited", o.Waited)
		}
		if !near(o.Latency.P50, 1, 0) || !near(o.Latency.P90, 1100, 100) || !near(o.Latency.P99, 1900, 50) || !near(o.Latency.Max, 2001, 2) {
			t.Errorf("latency %+v", o.Latency)
		}
		if len(o.Series) != 10 || o.Series[4].Count != 100 || o.Series[5].Count != 0 || o.Series[6].Count+o.Series[7].Count < 300 || !near(o.Series[9].P99, 1, 0) {
			t.Errorf("series %+v", o.Series)
		}
	})
	inBubble(t, stall, func(t *testing.T, c *Client) {
		o := Drive(t.Context(), c, &same{request: Request{Method: "GET", Path: "/Users"}}, Pace{Connections: 1, Count: 1000}, nil)
		if o.Count != 1000 || !near(o.Latency.P99, 1, 0) || !near(o.Latency.Max, 2001, 2) || o.Seconds != 3 {
			t.Errorf("a closed loop: %+v", o)
		}
	})
}

// TestDriveOverload offers twice of what the server can do.
func TestDriveOverload(t *testing.T) {
	inBubble(t, steady(20*time.Millisecond), func(t *testing.T, c *Client) {
		o := Drive(t.Context(), c, &same{request: Request{Method: "GET"}}, Pace{Connections: 2, Rate: 200, Duration: 10 * time.Second}, nil)
		if o.Count < 1000 || o.Count > 1002 || o.Count+o.Unsent != 2000 || !near(o.Latency.Max, 5000, 100) {
			t.Errorf("%d sent, %d unsent, %+v", o.Count, o.Unsent, o.Latency)
		}
	})
}

// TestDriveClosed has a warm-up, a ramp, think time and a count: connections
// begin a second apart and send one request a second each.
func TestDriveClosed(t *testing.T) {
	inBubble(t, steady(200*time.Millisecond), func(t *testing.T, c *Client) {
		var seconds []int64
		o := Drive(t.Context(), c, &same{request: Request{Kind: "read", Method: "GET"}},
			Pace{Connections: 4, WarmUp: 3500 * time.Millisecond, Count: 20, Think: 800 * time.Millisecond, Ramp: 4 * time.Second},
			func(s Second) { seconds = append(seconds, s.Count) })
		if o.Count != 20 || o.Seconds != 4.7 || !near(o.Latency.Max, 200, 0) || o.Kinds[0].Kind != "read" || o.Kinds[0].Count != 20 {
			t.Errorf("outcome %+v", o)
		}
		if !slices.Equal(seconds, []int64{1, 2, 3, 4, 4, 4, 4, 4, 4}) {
			t.Errorf("by seconds %v", seconds)
		}
	})
}

// TestDriveRefusals counts what is not 2xx, calls Done for everything, and
// ends with its source.
func TestDriveRefusals(t *testing.T) {
	serve := func(n int, resp *fasthttp.Response) time.Duration {
		switch n % 3 {
		case 1:
			resp.SetStatusCode(409)
			resp.SetBodyString(`{"scimType":"uniqueness","detail":"taken"}`)
		case 2:
			resp.SetStatusCode(502)
			resp.SetBodyString("<html>")
		}
		return time.Millisecond
	}
	inBubble(t, serve, func(t *testing.T, c *Client) {
		var bodies atomic.Int64
		e := &same{request: Request{Kind: "create", Method: "POST", Body: []byte("{}"), Done: func(a Answer, err error) {
			if err != nil || a.OK() == (len(a.Body) > 0) {
				t.Errorf("%+v, %v", a, err)
			}
			bodies.Add(1)
		}}}
		e.times = 30
		o := Drive(t.Context(), c, e, Pace{Connections: 3}, nil)
		want := []Refusal{{409, "uniqueness", 10, "taken"}, {502, "", 10, ""}}
		if o.Count != 10 || o.Failed() != 20 || bodies.Load() != 30 || !slices.Equal(o.Kinds[0].Refusals, want) {
			t.Errorf("outcome %+v", o)
		}
	})
}

// TestDriveNoAnswer drives a server that is not there.
func TestDriveNoAnswer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	c := NewClient("http://"+listener.Addr().String(), "", 1)
	o := Drive(t.Context(), c, &same{request: Request{Method: "GET"}}, Pace{Count: 3}, nil)
	if o.Count != 0 || o.Unanswered != 3 || o.Kinds[0].Refusals[0].Status != 0 || o.Kinds[0].Refusals[0].Detail == "" {
		t.Errorf("outcome %+v", o)
	}
}

// TestDriveAt lets the source say when.
func TestDriveAt(t *testing.T) {
	inBubble(t, steady(time.Second), func(t *testing.T, c *Client) {
		e := &same{request: Request{Method: "GET", At: 5 * time.Second}}
		e.times = 3
		o := Drive(t.Context(), c, e, Pace{Connections: 2}, nil)
		if o.Count != 3 || o.Seconds != 7 || !near(o.Latency.P50, 1000, 0) || !near(o.Latency.Max, 2000, 2) {
			t.Errorf("outcome %+v", o)
		}
	})
}

// instants is a source of requests at these milliseconds.
type instants struct {
	at   []int
	made atomic.Int64
}

func (s *instants) Next(context.Context) (Request, bool) {
	n := int(s.made.Add(1) - 1)
	if n >= len(s.at) {
		return Request{}, false
	}
	return Request{Method: "GET", At: time.Duration(s.at[n]) * time.Millisecond}, true
}

// TestDriveWarmUp: a request counts if its instant is not before the end of the
// warm-up, whenever a connection took it and whenever it was sent. Answers take
// 300 ms, the warm-up is a second, and what is sent is counted or warm-up.
func TestDriveWarmUp(t *testing.T) {
	for _, c := range []struct {
		name    string
		at      []int
		pace    Pace
		counted int64
		waited  int64
	}{
		{"taken before, due after", []int{998, 999, 1000, 1001}, Pace{Connections: 4}, 2, 0},
		{"due before, sent after", []int{800, 900, 950, 1000, 1100, 3000}, Pace{Connections: 1}, 3, 2},
		{"with a count", []int{800, 900, 950, 1000, 1100, 3000}, Pace{Connections: 1, Count: 2}, 2, 2},
		{"with a count, taken before", []int{700, 1400, 1450}, Pace{Connections: 2, Count: 1}, 1, 0},
		{"few counted, many connections", []int{800, 900, 950, 1000, 3000, 4000}, Pace{Connections: 3, Count: 1}, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, steady(300*time.Millisecond), func(t *testing.T, client *Client) {
				c.pace.WarmUp = time.Second
				o := Drive(t.Context(), client, &instants{at: c.at}, c.pace, nil)
				var sent, warmUp int64
				for _, s := range o.Series {
					sent += s.Count
				}
				for _, at := range c.at {
					if at < 1000 {
						warmUp++
					}
				}
				if o.Count != c.counted || sent != warmUp+o.Count || o.Waited != c.waited {
					t.Errorf("%d counted, %d sent, %d waited", o.Count, sent, o.Waited)
				}
			})
		})
	}
}

func TestDriveStops(t *testing.T) {
	inBubble(t, steady(time.Second), func(t *testing.T, c *Client) {
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		o := Drive(ctx, c, &same{request: Request{Method: "GET"}}, Pace{Connections: 2}, nil)
		if o.Count != 6 || o.Seconds != 3 {
			t.Errorf("outcome %+v", o)
		}
	})
}

func TestPaceInstants(t *testing.T) {
	p := Pace{Rate: 100, Ramp: 4 * time.Second}
	for n, want := range map[int64]time.Duration{0: 0, 50: 2 * time.Second, 200: 4 * time.Second, 300: 5 * time.Second} {
		if got := p.instant(n); got != want {
			t.Errorf("request %d is due at %v, want %v", n, got, want)
		}
		if got := p.scheduled(want); got != n {
			t.Errorf("%d requests before %v, want %d", got, want, n)
		}
	}
	steady := Pace{Rate: 4}
	if steady.instant(3) != 750*time.Millisecond || steady.scheduled(time.Second) != 4 {
		t.Errorf("%v, %d", steady.instant(3), steady.scheduled(time.Second))
	}
}
