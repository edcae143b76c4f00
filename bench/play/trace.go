package play

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxTraceLine bounds a line of a trace: a group of 100,000 members fits.
const maxTraceLine = 16 << 20

// A traceLine is one request of a trace, a line of JSON. In its path and body,
// ${7} stands for the id of what line 7 has created, or of the one resource
// that its filter has found.
type traceLine struct {
	Method string         `json:"method"`
	Path   string         `json:"path"`            // below the SCIM base, with its query
	Body   jsontext.Value `json:"body,omitzero"`   // absent: none
	Offset *float64       `json:"offset,omitzero"` // milliseconds from the start; nil: as soon as a connection is free
	needs  []int          // lines whose ids are in it
}

// placeholder matches the id of an earlier line.
var placeholder = regexp.MustCompile(`\$\{([0-9]+)\}`)

// A Trace is a Source of the requests of a recording, in their order. One that
// needs an id waits until it is known, and is left out if the server refused
// to give it.
type Trace struct {
	lines []traceLine
	own   bool // paced by the offsets

	mu        sync.Mutex // guards everything that follows
	changed   sync.Cond
	next      int
	answers   []traced // by line
	skipped   int
	acked     map[string]State               // by path of the resource
	registers map[string]map[string]register // by path of the resource and attribute
}

// traced is what is known of a line's answer.
type traced struct {
	needed bool   // by a later line
	over   bool   // answered, given up, or left out
	id     string // of what it created or found
}

// ReadTrace reads a trace, one request a line; empty lines are counted and
// left out. The error names the line.
func ReadTrace(from io.Reader) (*Trace, error) {
	t := &Trace{acked: map[string]State{}, registers: map[string]map[string]register{}}
	t.changed.L = &t.mu
	scanner := bufio.NewScanner(from)
	scanner.Buffer(make([]byte, 64<<10), maxTraceLine)
	for number := 1; scanner.Scan(); number++ {
		line, err := parseTraceLine(scanner.Bytes(), number)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		t.lines = append(t.lines, line)
		t.own = t.own || line.Offset != nil
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", len(t.lines)+1, err)
	}
	if t.Requests() == 0 {
		return nil, errors.New("there is no request in it")
	}
	t.answers = make([]traced, len(t.lines))
	for _, line := range t.lines {
		for _, n := range line.needs {
			t.answers[n-1].needed = true
		}
	}
	return t, nil
}

func parseTraceLine(text []byte, number int) (line traceLine, err error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return line, nil
	}
	if err := json.Unmarshal(text, &line, json.RejectUnknownMembers(true)); err != nil {
		return line, err
	}
	methods := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	switch {
	case !slices.Contains(methods, line.Method):
		return line, fmt.Errorf("method %q is none of %s", line.Method, strings.Join(methods, ", "))
	case !strings.HasPrefix(line.Path, "/"):
		return line, fmt.Errorf("path %q does not begin with /", line.Path)
	case line.Method == http.MethodGet && line.Body != nil:
		return line, errors.New("a GET has no body")
	case line.Offset != nil && (*line.Offset < 0 || *line.Offset > float64(24*time.Hour/time.Millisecond)):
		return line, fmt.Errorf("offset %v is not within a day", *line.Offset)
	}
	for _, text := range [][]byte{[]byte(line.Path), line.Body} {
		for _, match := range placeholder.FindAllSubmatch(text, -1) {
			n, err := strconv.Atoi(string(match[1]))
			if err != nil || n < 1 || n >= number {
				return line, fmt.Errorf("%s is no earlier line", match[0])
			}
			line.needs = append(line.needs, n)
		}
	}
	return line, nil
}

// Requests returns how many requests the trace has.
func (t *Trace) Requests() int {
	n := 0
	for _, line := range t.lines {
		if line.Method != "" {
			n++
		}
	}
	return n
}

// IgnoreOffsets leaves the pace to the run.
func (t *Trace) IgnoreOffsets() { t.own = false }

// Skipped returns how many requests were left out, for want of an id.
func (t *Trace) Skipped() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.skipped
}

// Next returns the next request.
func (t *Trace) Next(ctx context.Context) (Request, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.next < len(t.lines) {
		at := t.next
		t.next++
		line := t.lines[at]
		known := t.await(ctx, line.needs)
		switch {
		case ctx.Err() != nil:
			return Request{}, false
		case line.Method == "":
			t.conclude(at, "")
		case !known:
			t.skipped++
			t.conclude(at, "")
		default:
			return t.request(at, line), true
		}
	}
	return Request{}, false
}

// request puts the ids of earlier lines into one. REQUIRES: t.mu held.
func (t *Trace) request(at int, line traceLine) Request {
	r := Request{Kind: line.kind(), Method: line.Method, Path: line.Path, Body: line.Body}
	if len(line.needs) > 0 {
		r.Path, r.Body = string(t.fill([]byte(line.Path))), t.fill(line.Body)
	}
	if t.own && line.Offset != nil {
		r.At = time.Duration(*line.Offset * float64(time.Millisecond))
	}
	r.Done = func(a Answer, err error) { t.done(at, r, a, err) }
	return r
}

// fill puts ids in the place of placeholders. REQUIRES: t.mu held.
func (t *Trace) fill(text []byte) []byte {
	return placeholder.ReplaceAllFunc(text, func(match []byte) []byte {
		n, _ := strconv.Atoi(string(match[2 : len(match)-1])) // it has been read before
		return []byte(t.answers[n-1].id)
	})
}

// await waits until it is known what came of these lines, and reports whether
// all have an id. REQUIRES: t.mu held.
func (t *Trace) await(ctx context.Context, lines []int) bool {
	for _, n := range lines {
		for !t.answers[n-1].over && ctx.Err() == nil {
			stop := context.AfterFunc(ctx, t.wake)
			t.changed.Wait()
			stop()
		}
		if t.answers[n-1].id == "" {
			return false
		}
	}
	return true
}

func (t *Trace) wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changed.Broadcast()
}

// conclude notes what came of a line. REQUIRES: t.mu held.
func (t *Trace) conclude(at int, id string) {
	t.answers[at].over, t.answers[at].id = true, id
	t.changed.Broadcast()
}

// done reads an answer: what was created is there, what was deleted is gone,
// what was changed is as it was changed.
func (t *Trace) done(at int, r Request, a Answer, err error) {
	now, id := time.Now(), ""
	creates := r.Method == http.MethodPost && err == nil && a.Status == http.StatusCreated
	if creates || t.answers[at].needed && err == nil {
		id = a.only()
	}
	path, _, _ := strings.Cut(r.Path, "?")
	var changes map[string]*string
	if r.Method == http.MethodPut || r.Method == http.MethodPatch {
		changes = changed(r.Method, r.Body)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case creates && id != "":
		t.acked[path+"/"+id] = Present
		delete(t.registers, path+"/"+id) // of another one that had this id
	case r.Method == http.MethodDelete:
		state := t.acked[path]
		state.write(Absent, written(a, err))
		t.acked[path] = state
	case len(changes) > 0:
		t.change(path, changes, a, now, err)
	}
	t.conclude(at, id)
}

// change notes what became of a write that was answered now. REQUIRES: t.mu
// held.
func (t *Trace) change(path string, changes map[string]*string, a Answer, now time.Time, err error) {
	err = written(a, err)
	if _, known := t.acked[path]; !known && err == nil {
		t.acked[path] = Present // found, and not created
	}
	if t.registers[path] == nil {
		t.registers[path] = map[string]register{}
	}
	for name, value := range changes {
		before, known := t.registers[path][name]
		if !known {
			before = anything
		}
		t.registers[path][name] = before.write(value, a.Sent, now, err)
	}
}

// only returns the id of the resource that an answer is about: what was
// created, or the only one that a filter has found.
func (a Answer) only() string {
	var found struct {
		ID        string     `json:"id"`
		Resources []Resource `json:"Resources"`
	}
	if err := json.Unmarshal(a.Body, &found); err != nil || !a.OK() {
		return ""
	}
	if found.ID == "" && len(found.Resources) == 1 {
		return found.Resources[0].ID
	}
	return found.ID
}

// kind names a request by its method and the type it is about.
func (l traceLine) kind() string {
	path, query, _ := strings.Cut(l.Path, "?")
	path, rest, below := strings.Cut(path[1:], "/")
	kind := l.Method + " /" + path
	if below && rest != "" {
		kind += "/{id}"
	}
	if strings.Contains(query, "filter=") {
		kind += "?filter"
	}
	return kind
}

// Verify reads back what was created or changed, with what the last change said
// of it, and that what was deleted is gone.
func (t *Trace) Verify(ctx context.Context, c *Client, connections int) (Report, error) {
	var v verification
	var paths []string
	for path, state := range t.acked {
		if state != Unknown {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	cycle := newCycle(phase{func() int { return len(paths) }, func(talk *talk, i int) {
		got, err := read(talk, paths[i])
		switch {
		case t.acked[paths[i]] == Absent:
			err = gone(err)
		case err == nil:
			err = compare(got, t.registers[paths[i]])
		}
		v.compared(talk, paths[i], err)
	}})
	Drive(ctx, c, cycle, Pace{Connections: connections}, nil)
	cycle.close()
	return v.report, ctx.Err()
}
