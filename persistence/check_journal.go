package persistence

import (
	"github.com/dgraph-io/badger/v4"

	"rosterd/workspace"
)

// journal checks that every event of ws that must be there is: from the first
// one, or the one that the retention has left, to the last one that the head
// counts, without a gap.
func (c *checker) journal(ws workspace.ID) {
	head, err := readHead(c.txn, ws)
	if err != nil {
		return // records has said so
	}
	first, err := firstKept(c.txn, ws)
	if err != nil {
		c.say("workspace %s: first event: %v", ws, err)
		return
	}
	it := c.txn.NewIterator(badger.IteratorOptions{Prefix: prefixOf(kindJournal, ws), PrefetchValues: true, PrefetchSize: 8})
	defer it.Close()
	last := uint64(0) // 0: no record yet
	for it.Rewind(); it.Valid(); it.Next() {
		seq, err := seqOf(it.Item().Key(), ws)
		switch {
		case err != nil:
			c.say("workspace %s: %v", ws, err)
			return
		case last == 0 && seq > first:
			c.say("workspace %s: the journal begins with event %d, and event %d must be there", ws, seq, first)
		case last != 0 && seq != last+1:
			c.say("workspace %s: the journal goes on with event %d after %d", ws, seq, last)
		}
		if last, _, err = span(it.Item(), ws); err != nil {
			return // records has said so
		}
	}
	switch {
	case last == 0 && first != head.Seq+1:
		c.say("workspace %s: the journal is empty, and event %d must be there", ws, first)
	case last != 0 && last != head.Seq:
		c.say("workspace %s: the journal ends with event %d, and the head says %d", ws, last, head.Seq)
	}
}

// headless finds what belongs to workspaces that have no head: nobody would
// ever look at it.
func (c *checker) headless() {
	for _, ws := range c.workspaces {
		delete(c.owners, ws)
	}
	for ws := range c.owners {
		c.say("workspace %s: it has no head", ws)
	}
}
