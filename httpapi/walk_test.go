package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"rosterd/scim"
	"rosterd/workspace"
)

var people = flag.Int("people", 2000, "people of TestWalksWhileOthersWrite")

// list is what the tests read of a ListResponse.
type list struct {
	TotalResults int
	NextCursor   string
	ScimType     string
	Resources    []struct{ ID string }
}

func (r *rig) list(who, path string, q url.Values) list {
	r.t.Helper()
	a := r.send(who, "GET", "/scim/v2"+path+"?"+q.Encode(), "")
	var l list
	if err := json.Unmarshal([]byte(a.body), &l); err != nil {
		r.t.Fatalf("%s: %v", a.body, err)
	}
	return l
}

// seed creates people through the connection default and returns their ids.
func (r *rig) seed(n int) []string {
	r.t.Helper()
	ids := make([]string, n)
	const at = 64
	var group sync.WaitGroup
	for first := range min(at, n) {
		group.Go(func() {
			for i := first; i < n; i += at {
				doc := scim.Object{{Name: "userName", Value: scim.Text(fmt.Sprintf("person.%d@example.com", (i*7919)%n))}, {Name: "active", Value: scim.Boolean(i%3 > 0)}}
				res, _, err := r.sys.Do(context.Background(), "acme", workspace.Envelope{Actor: workspace.ActorToken, Token: "default", Connection: "default"}, workspace.CreateUser{Doc: doc})
				if err != nil {
					r.t.Error(err)
					return
				}
				ids[i] = res.ID.String()
			}
		})
	}
	group.Wait()
	if r.t.Failed() {
		r.t.FailNow()
	}
	return ids
}

// TestCursorIsTamperEvident changes a cursor in every place, and sends what no
// cursor is.
func TestCursorIsTamperEvident(t *testing.T) {
	r := newRig(t, nil)
	r.seed(3)
	q := url.Values{"cursor": {""}, "count": {"2"}}
	whole := r.list("default", "/Users", q).NextCursor
	raw, err := base64.RawURLEncoding.DecodeString(whole)
	if err != nil || strings.Trim(whole, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Fatalf("cursor %q: %v", whole, err)
	}
	wrong := []string{"x", "%", whole + "A", whole[:len(whole)-1], strings.Repeat("A", 200), base64.RawURLEncoding.EncodeToString(raw[:sealSize])}
	for i := range raw {
		raw[i] ^= 1 << (i % 8)
		wrong = append(wrong, base64.RawURLEncoding.EncodeToString(raw))
		raw[i] ^= 1 << (i % 8)
	}
	for _, c := range wrong {
		q.Set("cursor", c)
		if l := r.list("default", "/Users", q); l.ScimType != string(scim.InvalidCursor) {
			t.Errorf("%q: %+v", c, l)
		}
	}
	q.Set("cursor", whole)
	if l := r.list("default", "/Users", q); len(l.Resources) != 1 || l.NextCursor != "" {
		t.Errorf("untouched: %+v", l)
	}
}

// TestWalkAndToken: a walk goes on with another token of its connection, and
// ends with a token that is revoked, wherever its list is kept.
func TestWalkAndToken(t *testing.T) {
	r := newRig(t, nil)
	r.seed(5)
	r.do(workspace.CreateToken{ID: "next", Name: "next", Connection: "default", Hash: sha256.Sum256([]byte("rsd_test_next")), Read: true})
	byIndex := url.Values{"startIndex": {"1"}, "count": {"2"}}
	sorted := url.Values{"cursor": {""}, "count": {"2"}, "sortBy": {"userName"}}
	plain := url.Values{"cursor": {""}, "count": {"2"}}
	r.list("default", "/Users", byIndex)
	sorted.Set("cursor", r.list("default", "/Users", sorted).NextCursor)
	plain.Set("cursor", r.list("default", "/Users", plain).NextCursor)
	byIndex.Set("startIndex", "3")
	r.do(workspace.RevokeToken{ID: "default"})
	for _, q := range []url.Values{byIndex, sorted, plain} {
		if a := r.send("default", "GET", "/scim/v2/Users?"+q.Encode(), ""); a.status != 401 {
			t.Errorf("%v after the revocation: %d %s", q, a.status, a.body)
		}
		if l := r.list("next", "/Users", q); len(l.Resources) != 2 {
			t.Errorf("%v with the next token: %+v", q, l)
		}
	}
}

// TestWalkAfterRestart: a walk in order of creation goes on; a sorted one,
// whose list is gone, is told so.
func TestWalkAfterRestart(t *testing.T) {
	r := newRig(t, nil)
	r.seed(5)
	sorted := url.Values{"cursor": {""}, "count": {"2"}, "sortBy": {"userName"}}
	plain := url.Values{"cursor": {""}, "count": {"2"}}
	sorted.Set("cursor", r.list("default", "/Users", sorted).NextCursor)
	plain.Set("cursor", r.list("default", "/Users", plain).NextCursor)
	r.srv.walks.stop()
	if l := r.list("default", "/Users", plain); len(l.Resources) != 2 || l.NextCursor == "" {
		t.Errorf("in order of creation: %+v", l)
	}
	if l := r.list("default", "/Users", sorted); l.ScimType != string(scim.ExpiredCursor) {
		t.Errorf("sorted: %+v", l)
	}
}

// TestWalksAreBounded keeps more lists than may be kept.
func TestWalksAreBounded(t *testing.T) {
	r := newRig(t, nil)
	r.seed(4)
	view := r.view()
	l, refusal := view.As("", "").List(workspace.Query{Select: []workspace.Selector{{Type: scim.User}}})
	if refusal != nil {
		t.Fatal(refusal)
	}
	w := &walks{life: 10 * time.Minute, now: r.clock}
	defer w.stop()
	keep := func(token, text string, next int) *walk {
		r.tick(time.Millisecond)
		x := &walk{key: walkKey{"acme", token, text}, list: l}
		w.keep(x, next, 1)
		return x
	}
	mine := keep("a", "first", 2)
	other := keep("b", "first", 2)
	for i := range walksPerToken {
		keep("a", fmt.Sprint(i), 2)
	}
	if w.called(mine.number) != nil || w.called(other.number) != other || len(w.held) != walksPerToken+1 {
		t.Errorf("a token keeps %d lists, the oldest: %t", len(w.held)-1, w.called(mine.number) != nil)
	}
	for i := range walksMost {
		keep(fmt.Sprint("c", i), "first", 2)
	}
	if w.called(other.number) != nil || len(w.held) != walksMost {
		t.Errorf("%d lists are kept, the oldest: %t", len(w.held), w.called(other.number) != nil)
	}

	w.stop()
	ended, going := keep("a", "ended", 5), keep("a", "going", 3)
	if w.at(going.key, 3, 2) != going || w.at(walkKey{"acme", "b", "going"}, 3, 2) != nil || w.of(going.key, view) != going {
		t.Error("a list is not found, or by somebody else")
	}
	r.tick(walkEnded)
	if w.at(ended.key, 3, 1) != nil || w.at(going.key, 3, 1) != going {
		t.Error("a list was kept too long after its last page, or not long enough before")
	}
	r.tick(10 * time.Minute)
	if w.sweep(); len(w.held) != 0 || w.timer != nil {
		t.Errorf("%d lists are kept though nobody has asked for ten minutes", len(w.held))
	}
}

// TestWalkIsFound: which of several walks with the same key a page belongs to.
func TestWalkIsFound(t *testing.T) {
	r := newRig(t, nil)
	r.seed(9)
	key := walkKey{"acme", "a", "q"}
	w := &walks{life: time.Minute, now: r.clock}
	defer w.stop()
	keep := func(next int, conn uint64) *walk {
		l, err := r.view().As("default", "").List(workspace.Query{Select: []workspace.Selector{{Type: scim.User}}})
		if err != nil {
			t.Fatal(err)
		}
		x := &walk{key: key, list: l}
		w.keep(x, next, conn)
		return x
	}
	far, near, twin := keep(7, 1), keep(3, 2), keep(3, 3)
	for _, c := range []struct {
		start int
		conn  uint64
		want  *walk
	}{
		{7, 9, far}, {5, 9, far}, {3, 2, near}, {3, 3, twin}, {3, 1, far}, {3, 9, twin}, {9, 9, twin}, {9, 2, near},
	} {
		if got := w.at(key, c.start, c.conn); got != c.want {
			t.Errorf("from %d on connection %d: the walk of connection %d", c.start, c.conn, got.conn)
		}
	}
}

// A reading is one walk of TestWalksWhileOthersWrite.
type reading struct {
	name, who string
	query     url.Values
	byCursor  bool
	active    bool // shows active people only

	pages  int
	total  int
	shown  []string
	took   time.Duration
	slower time.Duration // the slowest page after the first
}

// TestWalksWhileOthersWrite reads all people page by page, by cursor and by
// startIndex, while 16 connections create, change and delete. Whoever is there
// all the time appears exactly once (row 68, RFC 9865).
func TestWalksWhileOthersWrite(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxConnections = 200 })
	ids := r.seed(*people)
	before := heap()
	var doomed []string // the others stay
	stays := map[string]bool{}
	for i, id := range ids {
		if stays[id] = i%4 != 1; !stays[id] {
			doomed = append(doomed, id)
		}
	}
	page := fmt.Sprint(min(max(*people/50, 20), 1000))
	readings := []*reading{
		{name: "cursor", who: "default", byCursor: true, query: url.Values{"count": {page}}},
		{name: "cursor, filtered", who: "okta", byCursor: true, active: true, query: url.Values{"count": {page}, "filter": {"active eq true"}}},
		{name: "cursor, sorted", who: "entra", byCursor: true, query: url.Values{"count": {page}, "sortBy": {"userName"}, "sortOrder": {"descending"}}},
		{name: "startIndex", who: "onelogin", query: url.Values{"count": {page}}},
		{name: "startIndex, filtered", who: "strict", active: true, query: url.Values{"count": {page}, "filter": {"active eq true"}}},
	}
	stop := make(chan struct{})
	var writers, readers sync.WaitGroup
	var mu sync.Mutex
	writes := 0
	for n := range 16 {
		writers.Go(func() {
			w := writer{rig: r, n: n, rand: rand.New(rand.NewPCG(uint64(n), 7)), client: &http.Client{Transport: &http.Transport{}}, ids: ids, stays: stays, doomed: doomed}
			made := w.run(stop)
			mu.Lock()
			defer mu.Unlock()
			writes += made
		})
	}
	for _, x := range readings {
		readers.Go(func() { x.run(r) })
	}
	readers.Wait()
	close(stop)
	writers.Wait()
	t.Logf("%d people, %d writes, %d MB kept for the walks and by what was written", *people, writes, (heap()-before)>>20)
	for _, x := range readings {
		t.Logf("%-22s %5d pages in %v, the slowest after the first %v", x.name, x.pages, x.took.Round(time.Millisecond), x.slower.Round(time.Microsecond))
		seen := map[string]int{}
		for _, id := range x.shown {
			if seen[id]++; seen[id] > 1 {
				t.Errorf("%s: %s appears %d times", x.name, id, seen[id])
			}
		}
		if !x.byCursor && len(x.shown) != x.total {
			t.Errorf("%s: %d of %d", x.name, len(x.shown), x.total)
		}
		for i, id := range ids {
			if stays[id] && (!x.active || i%3 > 0) && seen[id] != 1 {
				t.Errorf("%s: %s was there all the time and appears %d times", x.name, id, seen[id])
			}
		}
	}
}

// heap returns the bytes that live.
func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func (x *reading) run(r *rig) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	began := time.Now()
	for start, cursor := 1, ""; ; x.pages++ {
		q := url.Values{"attributes": {"id"}}
		for k, v := range x.query {
			q[k] = v
		}
		if x.byCursor {
			q.Set("cursor", cursor)
		} else {
			q.Set("startIndex", fmt.Sprint(start))
		}
		asked := time.Now()
		var l list
		if err := call(client, r, x.who, "GET", "/Users?"+q.Encode(), "", &l); err != nil {
			r.t.Errorf("%s: %v", x.name, err)
			return
		}
		if x.pages > 0 {
			x.slower = max(x.slower, time.Since(asked))
		}
		if x.total != 0 && l.TotalResults != x.total {
			r.t.Errorf("%s: %d results, then %d", x.name, x.total, l.TotalResults)
		}
		x.total = l.TotalResults
		for _, u := range l.Resources {
			x.shown = append(x.shown, u.ID)
		}
		start, cursor = start+len(l.Resources), l.NextCursor
		if x.took = time.Since(began); x.byCursor && cursor == "" || !x.byCursor && start > l.TotalResults {
			return
		}
	}
}

// call sends one request on a connection that is kept.
func call(client *http.Client, r *rig, who, method, target, body string, into *list) error {
	req, err := http.NewRequest(method, "http://"+r.addr+"/scim/v2"+target, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer rsd_test_"+who)
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 && res.StatusCode != 404 {
		err = errors.New(res.Status + " " + string(text))
	}
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// A writer is one of the connections that write meanwhile.
type writer struct {
	*rig
	n           int
	rand        *rand.Rand
	client      *http.Client
	ids, doomed []string
	stays       map[string]bool
}

// run writes until stop is closed, and returns how often. Those who stay are
// changed and never deleted.
func (w *writer) run(stop <-chan struct{}) int {
	defer w.client.CloseIdleConnections()
	for made := 0; ; made++ {
		select {
		case <-stop:
			return made
		default:
		}
		var err error
		switch id := w.ids[w.rand.IntN(len(w.ids))]; w.rand.IntN(4) {
		case 0:
			err = call(w.client, w.rig, "default", "POST", "/Users?attributes=id", fmt.Sprintf(`{"userName":"new.%d.%d@example.com"}`, w.n, made), nil)
		case 1:
			err = call(w.client, w.rig, "default", "DELETE", "/Users/"+w.doomed[w.rand.IntN(len(w.doomed))], "", nil)
		case 2:
			err = call(w.client, w.rig, "default", "PATCH", "/Users/"+id+"?attributes=id", fmt.Sprintf(`{"Operations":[{"op":"replace","path":"title","value":"T%d"}]}`, made), nil)
		default: // sorted walks must not be led astray by a new name
			if w.stays[id] {
				err = call(w.client, w.rig, "default", "PATCH", "/Users/"+id+"?attributes=id", fmt.Sprintf(`{"Operations":[{"op":"replace","path":"userName","value":"renamed.%d.%d@example.com"}]}`, w.n, made), nil)
			}
		}
		if err != nil {
			w.t.Error(err)
			return made
		}
	}
}
