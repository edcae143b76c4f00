package persistence

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rosterd/persistence/journaltest"
	"rosterd/workspace"
)

// differences returns what Check says.
func differences(t *testing.T, s *Store) []string {
	t.Helper()
	var lines []string
	if err := s.Check(func(line string) { lines = append(lines, line) }); err != nil {
		t.Fatal(err)
	}
	return lines
}

// put changes the store behind its back; a nil body deletes the key.
func put(t *testing.T, s *Store, key, body []byte) {
	t.Helper()
	e := entry{key: key}
	if body != nil {
		e.record = seal(key, body)
	}
	if err := s.writer.write([]entry{e}); err != nil {
		t.Fatal(err)
	}
}

// A patient is a store with workspace acme, whose journal is five people
// behind base, each in a record of its own. A snapshot holds two of them.
type patient struct {
	*testing.T
	s    *Store
	w    *journaltest.Writer
	base uint64
}

func newPatient(t *testing.T) *patient {
	s := open(t, config(t.TempDir()))
	p := &patient{T: t, s: s, w: journaltest.NewWriter(t, s, "acme", 1)}
	p.base = p.w.State.Seq()
	for n := range 5 {
		if n == 2 {
			p.snapshot()
		}
		p.w.Must(t, journaltest.Guest(n))
	}
	return p
}

func (p *patient) snapshot() {
	p.Helper()
	if err := p.s.snapshot(p.w.State.View()); err != nil {
		p.Fatal(err)
	}
}

// lose deletes the record of person n, counted from 1.
func (p *patient) lose(n uint64) { put(p.T, p.s, journalKey("acme", p.base+n), nil) }

// retain lets the retention of all events pass and adds two more.
func (p *patient) retain() {
	p.w.Pass(2 * p.s.cfg.Retention)
	p.s.cfg.Now = func() time.Time { return p.w.Now() }
	p.s.retainAll()
	p.w.Must(p.T, journaltest.Guest(5))
	p.w.Must(p.T, journaltest.Guest(6))
}

// TestCheckFindsDifferences harms a store in every way that it could have been
// harmed, and wants to hear of it.
func TestCheckFindsDifferences(t *testing.T) {
	for _, c := range []struct {
		name string
		harm func(*patient)
		want string // part of what is said, with @n for person n; empty: nothing
	}{
		{"nothing", func(*patient) {}, ""},
		{"first record lost", func(p *patient) { put(p.T, p.s, journalKey("acme", 1), nil) },
			"workspace acme: the journal begins with event @0, and event 1 must be there"},
		{"record lost behind the snapshot", func(p *patient) { p.lose(2) },
			"workspace acme: the journal goes on with event @3 after @1"},
		{"record lost at the snapshot", func(p *patient) { p.lose(3) },
			"workspace acme: the journal goes on with event @4 after @2"},
		{"last record lost", func(p *patient) { p.lose(5) },
			"workspace acme: the journal ends with event @4, and the head says @5"},
		{"last record lost that a snapshot holds", func(p *patient) { p.snapshot(); p.lose(5) },
			"workspace acme: the journal ends with event @4, and the head says @5"},
		{"all records lost that a snapshot holds", func(p *patient) {
			p.snapshot()
			for seq := range p.w.State.Seq() {
				put(p.T, p.s, journalKey("acme", seq+1), nil)
			}
		}, "workspace acme: the journal is empty, and event 1 must be there"},
		{"retention", (*patient).retain, ""},
		{"mark of the retention lost", func(p *patient) { p.retain(); put(p.T, p.s, firstKey("acme"), nil) },
			"workspace acme: the journal begins with event @6, and event 1 must be there"},
		{"record lost after the retention", func(p *patient) { p.retain(); p.lose(6) }, // with the periods that ended meanwhile
			", and event @6 must be there"},
		{"record changed", func(p *patient) { damage(p.T, p.s, journalKey("acme", p.base+1)) }, "corrupt record: checksum of"},
		{"head counts wrong", func(p *patient) {
			h := p.w.State.View().Head()
			h.Active++
			put(p.T, p.s, headKey("acme"), encode(func(f *fields) { describeHead(f, &h) }))
		}, "workspace acme: its head says"},
		{"head lost", func(p *patient) { put(p.T, p.s, headKey("acme"), nil) }, "workspace acme: it has no head"},
		{"token not in the index", func(p *patient) { put(p.T, p.s, tokenKey([32]byte{1}), nil) },
			"workspace acme: a token is not in the index"},
		{"token too many in the index", func(p *patient) { put(p.T, p.s, tokenKey([32]byte{2}), []byte("acme")) },
			"workspace acme: the index holds a token that is not there"},
		{"snapshot of something else", func(p *patient) {
			memory := journaltest.NewMemory()
			defer memory.Close()
			other := journaltest.NewWriter(p.T, memory, "acme", 1)
			for other.State.Seq() < p.w.State.Seq() {
				other.Must(p.T, journaltest.Guest(int(100+other.State.Seq())))
			}
			if err := p.s.snapshot(other.State.View()); err != nil {
				p.Fatal(err)
			}
		}, "workspace acme: the snapshot at event @5 is not what the events give"},
		{"unknown key", func(p *patient) { put(p.T, p.s, []byte("zebra"), []byte("stripes")) }, `key "zebra" is of no known kind`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPatient(t)
			c.harm(p)
			for n := range uint64(8) {
				c.want = strings.ReplaceAll(c.want, fmt.Sprintf("@%d", n), fmt.Sprint(p.base+n))
			}
			lines := strings.Join(differences(t, p.s), "\n")
			if (lines == "") != (c.want == "") || !strings.Contains(lines, c.want) {
				t.Errorf("check says:\n%s\nwant: %s", lines, c.want)
			}
			if err := p.s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLoadWantsTheNextEvent: a record lost right behind the snapshot.
func TestLoadWantsTheNextEvent(t *testing.T) {
	p := newPatient(t)
	p.lose(3)
	if _, err := p.s.Load("acme"); err == nil || !strings.Contains(err.Error(), "goes on with event") {
		t.Errorf("got %v", err)
	}
	if ws, _, err := p.s.WorkspaceOfToken([32]byte{1}); ws != workspace.ID("acme") || err != nil {
		t.Errorf("token: %v %v", ws, err)
	}
	ended(t, p.s, p.w)
}
