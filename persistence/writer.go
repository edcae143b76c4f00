package persistence

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"

	"rosterd/workspace"
)

// An entry is one key to set, or to delete where record is nil.
type entry struct {
	key, record []byte
	update      bool // only if the key is there
}

// overhead is what Badger counts for an entry beside key and value, rounded up.
const overhead = 32

func sizeOf(entries []entry) int {
	n := 0
	for _, e := range entries {
		n += len(e.key) + len(e.record) + overhead
	}
	return n
}

// A job is what the writer makes durable as a whole.
type job struct {
	ws      workspace.ID // of an append; empty: entries without a fence
	after   uint64
	events  int
	entries []entry
	size    int
	due     time.Time // of an append: when the workspace wants a tick after it
	refusal error     // decided before the job was handed over
	done    func(error)
	since   time.Time
}

// writer is the one goroutine that writes.
type writer struct {
	s        *Store
	maxBytes int // of one transaction
	maxCount int // entries of one transaction

	mu     sync.Mutex
	filled *sync.Cond
	queue  []job
	behind []job // of snapshots and deletions; they ride with what is written anyway
	closed bool

	began time.Time
	heard atomic.Int64 // when the newest append was handed over, since began

	// tails holds what is durable of each workspace that was written. It
	// belongs to the goroutine that runs the writer.
	tails map[workspace.ID]tail

	// ready is the next transaction, or nil. To begin one after another was
	// committed, Badger waits for a goroutine of its own, which stands in line with
	// all who could run, while the disk does nothing. So each begins before the one
	// before it is committed, and does not show what that wrote; what that deleted
	// is compacted away only later.
	ready *badger.Txn

	// What fold works with, kept from one transaction to the next.
	folded  []entry
	errs    []error
	advance map[workspace.ID]tail // tails as the transaction leaves them
}

// A tail is the end of a workspace's journal.
type tail struct {
	seq uint64    // durable events
	due time.Time // what the due index says
}

func (w *writer) init(s *Store) {
	w.s = s
	w.filled = sync.NewCond(&w.mu)
	w.tails, w.advance = map[workspace.ID]tail{}, map[workspace.ID]tail{}
	w.began = time.Now()
	w.heard.Store(-int64(busyFor))
	// Badger refuses a transaction at these limits; it counts a little more
	// than entries show, and what the last append of a transaction changes in
	// the due index comes on top, hence the tenth.
	w.maxBytes = int(s.db.MaxBatchSize() / 10 * 9)
	w.maxCount = int(s.db.MaxBatchCount() / 10 * 9)
}

// Append hands a over to be written. It does not block; a.Done is called from
// the writer's goroutine, in the order of appends of a workspace, with nil
// once a is on disk, or with workspace.ErrFence, ErrTooLarge, ErrReadOnly, or
// the error that ended the store. Once the store is closed, a.Done hears
// workspace.ErrUnavailable at once, maybe before what was handed over earlier.
func (s *Store) Append(a workspace.Append) {
	j := job{ws: a.Workspace, after: a.After, due: a.Head.Due, done: a.Done, since: time.Now()}
	for _, c := range a.Commits {
		j.events += len(c.Events)
	}
	if j.events > 0 {
		j.entries = s.journalEntries(a)
	}
	j.size = sizeOf(j.entries)
	s.writer.heard.Store(int64(time.Since(s.writer.began)))
	if j.size > s.writer.maxBytes || len(j.entries) > s.writer.maxCount || slices.ContainsFunc(j.entries, oversized) {
		j.refusal, j.entries = workspace.ErrTooLarge, nil
	}
	s.writer.put(j, &s.writer.queue)
}

// maxEvent bounds a record of an append, in bytes. What a snapshot makes of it
// later may be a little longer.
const maxEvent = valueThreshold - 64<<10

func oversized(e entry) bool { return len(e.record) > maxEvent }

// bodies are buffers of records that are not sealed yet.
var bodies = sync.Pool{New: func() any { return new([]byte) }}

// recycle gives a buffer back that was taken out of bodies and may have grown. A
// bulk leaves one that is somewhat longer than a record; longer ones are dropped.
func recycle(buf []byte, from *[]byte) {
	if cap(buf) <= 2*maxRecord {
		*from = buf
		bodies.Put(from)
	}
}

// journalEntries returns the records of an append: its events in chunks, the
// head, and what the events do to the index of tokens.
func (s *Store) journalEntries(a workspace.Append) []entry {
	out := make([]entry, 0, 2) // of most: a chunk and the head
	seq := a.After + 1
	buf := bodies.Get().(*[]byte)
	first, body := seq, (*buf)[:0]
	// flush makes a record of the first n bytes.
	flush := func(n int) {
		if n > 0 {
			key := journalKey(a.Workspace, first)
			out = append(out, entry{key: key, record: seal(key, body[:n])})
		}
		first, body = seq, append(body[:0], body[n:]...)
	}
	for _, c := range a.Commits {
		for part := range parts(c.Events) {
			before := len(body)
			if body = appendCommit(body, &c.Envelope, part); len(body) > maxRecord {
				flush(before)
			}
			seq += uint64(len(part))
		}
		begin := seq - uint64(len(c.Events))
		for i, ev := range c.Events {
			if hook, ok := ev.(workspace.WebhookCreated); ok { // it hears of what comes after it
				out = append(out, cursorEntry(a.Workspace, hook.ID, begin+uint64(i)))
			}
			out = append(out, derivedEntries(a.Workspace, ev)...)
		}
	}
	flush(len(body))
	key := headKey(a.Workspace)
	head := fields{out: body}
	describeHead(&head, &a.Head)
	body = head.encoded()
	out = append(out, entry{key: key, record: seal(key, body)})
	recycle(body, buf)
	return out
}

// fewEvents are not worth dividing: a command that makes so few of them makes
// them small.
const fewEvents = 8

// parts divides the events of one commit, so that no record is much larger
// than maxRecord.
func parts(events []workspace.Event) func(yield func([]workspace.Event) bool) {
	return func(yield func([]workspace.Event) bool) {
		if len(events) <= fewEvents {
			yield(events)
			return
		}
		size, from := 0, 0
		for i, ev := range events {
			n := len(eventKinds.append(nil, ev))
			if size+n > maxRecord-1024 && i > from {
				if !yield(events[from:i]) {
					return
				}
				size, from = 0, i
			}
			size += n
		}
		yield(events[from:])
	}
}

// dueEntries move a workspace in the due index.
func dueEntries(ws workspace.ID, from, to time.Time) []entry {
	if from.Equal(to) {
		return nil
	}
	var out []entry
	if !from.IsZero() {
		out = append(out, entry{key: dueKey(from, ws)})
	}
	if !to.IsZero() {
		key := dueKey(to, ws)
		out = append(out, entry{key: key, record: seal(key, nil)})
	}
	return out
}

// Acknowledge notes that a consumer is done with the events of ws up to seq. It
// does not wait for the disk: what is lost by a crash is delivered again. Only
// mails have a cursor from their first acknowledgement on; one of a webhook
// that was deleted meanwhile is ignored.
func (s *Store) Acknowledge(ws workspace.ID, consumer string, seq uint64) {
	e := cursorEntry(ws, consumer, seq)
	e.update = consumer != workspace.MailConsumer
	entries := []entry{e}
	s.writer.put(job{entries: entries, size: sizeOf(entries), done: func(error) {}}, &s.writer.queue)
}

// put adds a job to one of the queues, or refuses it once the store is closed.
func (w *writer) put(j job, queue *[]job) {
	w.mu.Lock()
	closed := w.closed
	if !closed {
		*queue = append(*queue, j)
	}
	w.mu.Unlock()
	if closed {
		j.done(workspace.ErrUnavailable)
		return
	}
	w.filled.Signal()
}

// write makes entries durable in as many transactions as they need, in order,
// and returns when they are. Appends go first, and the transactions are small
// while there are any. It returns workspace.ErrTooLarge if one is so long that
// Badger would put it into the value log, and writes nothing then.
func (w *writer) write(entries []entry) error {
	for _, e := range entries {
		if len(e.record) >= valueThreshold {
			return fmt.Errorf("record of %q with %d bytes: %w", e.key, len(e.record), workspace.ErrTooLarge)
		}
	}
	for len(entries) > 0 {
		n, size := 0, 0
		most, bytes := w.maxCount, w.maxBytes/4
		if w.busy() {
			most, bytes = rideCount, rideBytes
		}
		for n < len(entries) && n < most && (n == 0 || size+sizeOf(entries[n:n+1]) < bytes) {
			size += sizeOf(entries[n : n+1])
			n++
		}
		done := make(chan error, 1)
		w.put(job{entries: entries[:n], size: size, done: func(err error) { done <- err }}, &w.behind)
		if err := <-done; err != nil {
			return err
		}
		entries = entries[n:]
	}
	return nil
}

func (w *writer) stop() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.filled.Signal()
}

// take waits for jobs and returns all that there are, and of those behind one, or
// as many as ride together; or nil at the end.
func (w *writer) take() []job {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) == 0 && len(w.behind) == 0 && !w.closed {
		w.filled.Wait()
	}
	jobs := w.queue
	w.queue = nil
	for size := 0; len(w.behind) > 0 && (size == 0 || size+w.behind[0].size <= rideBytes); w.behind = w.behind[1:] {
		size += w.behind[0].size
		jobs = append(jobs, w.behind[0])
		w.behind[0] = job{} // the array lives on
	}
	return jobs
}

func (w *writer) run() {
	for {
		jobs := w.take()
		if jobs == nil {
			w.end()
			return
		}
		for len(jobs) > 0 {
			n := w.fold(jobs)
			jobs = jobs[n:]
		}
	}
}

// end takes back the transaction that is ready. Badger merges away what was
// deleted before the newest transaction that is over, at the end as well: so that
// this is all, one begins and ends behind the last that wrote.
func (w *writer) end() {
	if w.ready != nil {
		w.ready.Discard()
	}
	_ = w.s.db.View(func(*badger.Txn) error { return nil }) // the error is that of the function
}

// fold writes as many of jobs as fit into one transaction and answers them. It
// returns how many it took.
func (w *writer) fold(jobs []job) int {
	n, size, count, events := 0, 0, 0, 0
	errs, entries := w.errs[:0], w.folded[:0]
	clear(w.advance)
	for _, j := range jobs {
		if n > 0 && (size+j.size > w.maxBytes || count+len(j.entries) > w.maxCount) {
			break
		}
		n++
		moves, err := w.admit(j)
		errs = append(errs, err)
		if err != nil {
			continue
		}
		size, count, events = size+j.size+sizeOf(moves), count+len(j.entries)+len(moves), events+j.events
		entries = append(append(entries, j.entries...), moves...)
	}
	if err := w.commit(entries, events); err != nil {
		for i := range errs {
			errs[i] = err
		}
	} else {
		maps.Copy(w.tails, w.advance)
	}
	clear(entries) // what they hold is Badger's by now
	w.folded, w.errs = entries, errs
	for i, j := range jobs[:n] {
		if errs[i] == nil && j.ws != "" {
			w.s.cfg.Metrics.JournalAppend(time.Since(j.since))
		}
		j.done(errs[i])
	}
	return n
}

// admit decides whether j may be written, and returns what it changes in the
// due index.
func (w *writer) admit(j job) ([]entry, error) {
	if err := w.s.Err(); err != nil {
		return nil, err
	}
	if j.ws == "" {
		if w.s.space.short.Load() {
			return nil, workspace.ErrReadOnly
		}
		return nil, nil
	}
	t, ok := w.advance[j.ws]
	if !ok {
		var err error
		if t, err = w.tail(j.ws); err != nil {
			w.s.fail(err)
			return nil, err
		}
	}
	switch {
	case j.after != t.seq:
		return nil, workspace.ErrFence
	case j.refusal != nil:
		return nil, j.refusal
	case j.events == 0:
		return nil, nil
	case w.s.space.short.Load():
		return nil, workspace.ErrReadOnly
	}
	w.advance[j.ws] = tail{t.seq + uint64(j.events), j.due}
	return dueEntries(j.ws, t.due, j.due), nil
}

// tail returns what is durable of ws.
func (w *writer) tail(ws workspace.ID) (tail, error) {
	if t, ok := w.tails[ws]; ok {
		return t, nil
	}
	var t tail
	err := w.s.db.View(func(txn *badger.Txn) error {
		h, err := readHead(txn, ws)
		t = tail{h.Seq, h.Due}
		return err
	})
	w.tails[ws] = t
	return t, err
}

// commit writes entries as one synced transaction. Any error is final.
func (w *writer) commit(entries []entry, events int) error {
	if len(entries) == 0 {
		return nil
	}
	txn := w.begin(entries)
	defer txn.Discard()
	for _, e := range entries {
		if err := e.put(txn); err != nil {
			w.s.fail(fmt.Errorf("transaction of %d entries: %w", len(entries), err))
			return w.s.Err()
		}
	}
	w.ready = w.s.db.NewTransaction(true)
	if err := txn.Commit(); err != nil {
		w.s.fail(fmt.Errorf("commit: %w", err))
	}
	w.s.cfg.Metrics.JournalSync(events)
	return w.s.Err()
}

// begin returns a transaction for entries, the one that is ready if none of them
// asks what is there.
func (w *writer) begin(entries []entry) *badger.Txn {
	txn := w.ready
	w.ready = nil
	if txn != nil && slices.ContainsFunc(entries, func(e entry) bool { return e.update }) {
		txn.Discard()
		txn = nil
	}
	if txn == nil {
		txn = w.s.db.NewTransaction(true)
	}
	return txn
}

// put writes e into a transaction, which shows what was put into it before.
func (e entry) put(txn *badger.Txn) error {
	if e.update {
		if _, err := txn.Get(e.key); errors.Is(err, badger.ErrKeyNotFound) {
			return nil
		} else if err != nil {
			return err
		}
	}
	if e.record == nil {
		return txn.Delete(e.key)
	}
	return txn.Set(e.key, e.record)
}

// readHead returns the head of ws; the zero Head if it has none.
func readHead(txn *badger.Txn, ws workspace.ID) (workspace.Head, error) {
	var h workspace.Head
	key := headKey(ws)
	it, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return h, nil
	}
	if err != nil {
		return h, err
	}
	err = it.Value(func(record []byte) error {
		body, err := unseal(key, record)
		if err != nil {
			return err
		}
		return decode(body, func(f *fields) { describeHead(f, &h) })
	})
	return h, err
}
