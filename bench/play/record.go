package play

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// idText matches where an id can be in a body or an address: a user's or
// group's own, a member's, and what a filter compares with.
var idText = regexp.MustCompile(`("value":"|"id":"|eq \\"|eq%20%22|eq\+%22|^/Users/|^/Groups/)([^"\\%/?]+)`)

// A recording writes down the requests of a client as a trace, with
// placeholders for the ids of what they created or found.
type recording struct {
	mu    sync.Mutex // guards everything that follows
	to    *bufio.Writer
	start time.Time
	lines int
	ids   map[string]int // line that created it
	err   error          // the first one of writing
}

// Record writes every request that is sent from now on to a trace. It is to be
// called before the first one. The returned function ends the trace; its error
// says that not all of it could be written.
func (c *Client) Record(to io.Writer) (end func() error) {
	r := &recording{to: bufio.NewWriter(to), start: time.Now(), ids: map[string]int{}}
	c.trace = r
	return func() error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.err != nil {
			return r.err
		}
		return r.to.Flush()
	}
}

// write adds a request and returns its line. Nil records nothing.
func (r *recording) write(method, path string, body []byte) int {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	offset := float64(time.Since(r.start).Milliseconds())
	text, err := json.Marshal(traceLine{Method: method, Path: string(r.hide([]byte(path))), Body: r.hide(body), Offset: &offset})
	if err == nil {
		_, err = r.to.Write(append(text, '\n'))
	}
	if r.err == nil {
		r.err = err
	}
	r.lines++
	return r.lines
}

// hide puts placeholders in the place of ids. REQUIRES: r.mu held.
func (r *recording) hide(text []byte) []byte {
	return idText.ReplaceAllFunc(text, func(match []byte) []byte {
		part := idText.FindSubmatch(match)
		line, known := r.ids[string(part[2])]
		if !known {
			return match
		}
		return append(bytes.Clone(part[1]), "${"+strconv.Itoa(line)+"}"...)
	})
}

// learn notes the id of what a line has created, or its filter has found,
// unless an earlier line has it.
func (r *recording) learn(line int, method, path string, a Answer) {
	if r == nil || a.Status != http.StatusCreated && (method != http.MethodGet || !strings.Contains(path, "filter=")) {
		return
	}
	if id := a.only(); id != "" {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.ids[id] == 0 {
			r.ids[id] = line
		}
	}
}
