package persistence

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"

	"rosterd/workspace"
)

// Check recounts everything in the store, in time proportional to its size,
// and calls report with one line for each difference: records against their
// checksums, journals against gaps, snapshots against a replay of the events,
// heads against the states they sum up, the indexes of tokens and due instants
// and the cursors of webhooks against the workspaces. The error is for what
// kept Check from reading.
func (s *Store) Check(report func(line string)) error {
	return s.db.View(func(txn *badger.Txn) error {
		c := checker{txn: txn, report: report, tokens: map[[32]byte]workspace.ID{}}
		if err := c.records(); err != nil {
			return err
		}
		for _, ws := range c.workspaces {
			c.journal(ws)
			c.workspace(ws)
		}
		c.headless()
		c.index()
		c.dues()
		for ws := range c.cursors {
			if _, ok := slices.BinarySearch(c.workspaces, ws); !ok { // key order is theirs
				c.say("workspace %s: there are cursors, and no such workspace", ws)
			}
		}
		return nil
	})
}

type checker struct {
	txn        *badger.Txn
	report     func(string)
	workspaces []workspace.ID                     // with a head
	owners     map[workspace.ID]bool              // with anything else
	indexed    map[[32]byte]workspace.ID          // what the index of tokens says
	tokens     map[[32]byte]workspace.ID          // what the workspaces say
	indexedDue map[workspace.ID]time.Time         // what the due index says
	due        map[workspace.ID]time.Time         // what the workspaces say
	cursors    map[workspace.ID]map[string]uint64 // by consumer
}

func (c *checker) say(format string, args ...any) { c.report(fmt.Sprintf(format, args...)) }

// records verifies every key and checksum.
func (c *checker) records() error {
	c.indexed, c.owners = map[[32]byte]workspace.ID{}, map[workspace.ID]bool{}
	c.indexedDue, c.due = map[workspace.ID]time.Time{}, map[workspace.ID]time.Time{}
	c.cursors = map[workspace.ID]map[string]uint64{}
	it := c.txn.NewIterator(badger.IteratorOptions{PrefetchValues: true, PrefetchSize: 16})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		key := it.Item().KeyCopy(nil)
		err := it.Item().Value(func(record []byte) error {
			body, err := unseal(key, record)
			if err != nil {
				c.say("%v", err)
				return nil
			}
			c.record(key, body)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) record(key, body []byte) {
	switch key[0] {
	case kindHead:
		c.workspaces = append(c.workspaces, workspace.ID(key[1:len(key)-1]))
	case kindToken:
		var hash [32]byte
		copy(hash[:], key[1:])
		c.indexed[hash] = workspace.ID(body)
	case kindDue:
		at, ws, err := dueOf(key)
		if _, twice := c.indexedDue[ws]; twice || err != nil {
			c.say("due index: %q does not belong there", key)
		}
		c.indexedDue[ws] = at
	case kindCursor:
		ws, consumer, seq, err := cursorOf(key, body)
		if err != nil {
			c.say("%v", err)
			return
		}
		if c.cursors[ws] == nil {
			c.cursors[ws] = map[string]uint64{}
		}
		c.cursors[ws][consumer] = seq
	case kindJournal, kindSnapshot, kindFirst:
		ws, _, _ := bytes.Cut(key[1:], []byte{0})
		c.owners[workspace.ID(ws)] = true
	default:
		c.say("key %q is of no known kind", key)
	}
}

// workspace compares what is derived of one workspace with its events.
func (c *checker) workspace(ws workspace.ID) {
	defer func() { // Apply asserts; a corrupt journal must not stop the check
		if p := recover(); p != nil {
			c.say("workspace %s: %v", ws, p)
		}
	}()
	st, err := c.state(ws)
	if err != nil {
		c.say("workspace %s: %v", ws, err)
		return
	}
	head, err := readHead(c.txn, ws)
	if err != nil {
		c.say("workspace %s: head: %v", ws, err)
	} else if now := st.View().Head(); !reflect.DeepEqual(head, now) {
		c.say("workspace %s: its head says %+v, its events %+v", ws, head, now)
	}
	if at := st.View().Head().Due; !at.IsZero() {
		c.due[ws] = at
	}
	for _, line := range st.View().Recount() {
		c.say("workspace %s: %s", ws, line)
	}
	for _, t := range st.View().Tokens() {
		c.tokens[t.Hash] = ws
	}
	c.consumers(ws, st.View())
}

// consumers compares the cursors of ws with its webhooks.
func (c *checker) consumers(ws workspace.ID, v *workspace.View) {
	for _, w := range v.Webhooks() {
		if at, ok := c.cursors[ws][w.ID]; !ok || at < w.Since {
			c.say("workspace %s: webhook %s hears of what comes after event %d, and its cursor is at %d", ws, w.ID, w.Since, at)
		}
	}
	for _, consumer := range slices.Sorted(maps.Keys(c.cursors[ws])) {
		at := c.cursors[ws][consumer]
		if _, ok := v.Webhook(consumer); !ok && consumer != workspace.MailConsumer {
			c.say("workspace %s: there is a cursor of %s, and no such webhook", ws, consumer)
		}
		if at > v.Seq() {
			c.say("workspace %s: %s is done with event %d of %d", ws, consumer, at, v.Seq())
		}
	}
}

// state returns the state of ws from its events alone where they are all kept,
// compared with that from its newest snapshot.
func (c *checker) state(ws workspace.ID) (*workspace.State, error) {
	seq, found, err := newestSnapshot(c.txn, ws)
	if err != nil {
		return nil, err
	}
	fromSnapshot := workspace.New(ws)
	if found {
		if fromSnapshot, err = loadSnapshot(c.txn, ws, seq); err != nil {
			return nil, err
		}
	}
	if err := replay(c.txn, ws, fromSnapshot); err != nil {
		return nil, err
	}
	if _, err := c.txn.Get(journalKey(ws, 1)); !found || err != nil {
		return fromSnapshot, nil // journal says whether they must all be there
	}
	st := workspace.New(ws)
	if err := replay(c.txn, ws, st); err != nil {
		return nil, err
	}
	if !slices.EqualFunc(slices.Collect(st.View().Snapshot()), slices.Collect(fromSnapshot.View().Snapshot()), sameItem) {
		c.say("workspace %s: the snapshot at event %d is not what the events give", ws, seq)
	}
	return st, nil
}

// sameItem reports whether a snapshot would hold a and b in the same bytes.
func sameItem(a, b workspace.SnapshotItem) bool {
	return bytes.Equal(itemKinds.append(nil, a), itemKinds.append(nil, b))
}

// dues compares the due index with the workspaces.
func (c *checker) dues() {
	for ws, at := range c.due {
		if !c.indexedDue[ws].Equal(at) {
			c.say("workspace %s: it is due at %v, the index says %v", ws, at, c.indexedDue[ws])
		}
	}
	for ws := range c.indexedDue {
		if _, ok := c.due[ws]; !ok {
			c.say("workspace %s: the due index holds it, and nothing is due", ws)
		}
	}
}

// index compares the index of tokens with the workspaces.
func (c *checker) index() {
	for hash, ws := range c.tokens {
		if c.indexed[hash] != ws {
			c.say("workspace %s: a token is not in the index", ws)
		}
	}
	for hash, ws := range c.indexed {
		if c.tokens[hash] != ws {
			c.say("workspace %s: the index holds a token that is not there", ws)
		}
	}
}
