package actors

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"rosterd/ledger"
	"rosterd/persistence/journaltest"
	"rosterd/scim"
	"rosterd/workspace"
)

// A bench is a System with Couriers on a journal in memory, in a synctest
// bubble. Clock and couriers rest until begin.
type bench struct {
	*testing.T
	cfg      Config
	journal  *journaltest.Memory
	tap      *tap
	post     *post
	sys      *System
	couriers *Couriers
	pass     func(time.Duration) // lets virtual time pass
}

// bubble runs test in a bubble of virtual time. protoactor throttles its log
// of dead letters with a timer of one second, so the bubble outlives that. A
// goroutine that is left behind ends the test as a deadlock.
func bubble(t *testing.T, tune func(*Config), test func(b *bench)) {
	synctest.Test(t, func(t *testing.T) {
		b := &bench{T: t, journal: journaltest.NewMemory(), post: &post{}, pass: func(d time.Duration) { time.Sleep(d) }}
		b.tap = &tap{Memory: b.journal}
		b.cfg = Config{
			Journal: b.tap, Now: time.Now, Idle: time.Hour, PerWorkspace: 100, Total: 200, SnapshotEvery: 1000,
			Window: 30 * time.Minute, Gaps: noGaps,
			Log: zerolog.New(io.Discard),
		}
		if tune != nil {
			tune(&b.cfg)
		}
		b.open()
		b.create("acme")
		test(b)
		b.journal.Release()
		b.close()
		b.journal.Close()
	})
}

func noGaps(ledger.Seller, ledger.Buyer, ledger.Tax) []string { return nil }

// open starts the daemon, as far as this package is it.
func (b *bench) open() {
	b.Helper()
	cfg := b.cfg
	cfg.Published = func(v *workspace.View) { b.couriers.Published(v) }
	var err error
	if b.sys, err = New(cfg); err != nil {
		b.Fatal(err)
	}
	b.couriers = NewCouriers(CourierConfig{System: b.sys, Journal: b.tap, Deliverer: b.post, Now: cfg.Now, Log: cfg.Log})
}

// begin starts clock and couriers, in the daemon's order.
func (b *bench) begin() {
	b.Helper()
	if err := b.sys.Start(); err != nil {
		b.Fatal(err)
	}
	if err := b.couriers.Start(); err != nil {
		b.Fatal(err)
	}
}

// close stops the daemon, and waits for what protoactor leaves behind.
func (b *bench) close() {
	b.Helper()
	b.couriers.Stop()
	if err := b.sys.Stop(context.Background()); err != nil {
		b.Error(err)
	}
	b.pass(2 * time.Second)
}

// restart stops the daemon, keeps it down for a time and starts it again.
func (b *bench) restart(down time.Duration) {
	b.Helper()
	b.close()
	b.pass(down)
	b.open()
	b.begin()
}

func (b *bench) do(cmd workspace.Command) reply { return b.on("acme", cmd) }

// on runs cmd as the operator.
func (b *bench) on(ws workspace.ID, cmd workspace.Command) reply {
	res, view, err := b.sys.Do(context.Background(), ws, workspace.Envelope{Actor: workspace.ActorOperator}, cmd)
	return reply{res, view, err}
}

// must runs cmd, which is not refused.
func (b *bench) must(ws workspace.ID, cmd workspace.Command) reply {
	b.Helper()
	r := b.on(ws, cmd)
	if r.err != nil {
		b.Fatalf("%s: %T: %v", ws, cmd, r.err)
	}
	return r
}

// start runs cmd and returns where its reply will be.
func (b *bench) start(cmd workspace.Command) <-chan reply {
	c := make(chan reply, 1)
	go func() { c <- b.do(cmd) }()
	return c
}

func (b *bench) create(ws workspace.ID) {
	b.Helper()
	b.must(ws, workspace.CreateWorkspace{Settings: object(`{"name":"Acme"}`)})
}

// people returns the number of users in the newest durable View.
func (b *bench) people() int {
	b.Helper()
	h := b.view("acme").Head()
	return h.Active + h.Inactive
}

// view returns the newest durable View of ws.
func (b *bench) view(ws workspace.ID) *workspace.View {
	b.Helper()
	v, err := b.sys.View(context.Background(), ws)
	if err != nil {
		b.Fatal(err)
	}
	return v
}

// head returns how the journal sums ws up, which wakes nobody.
func (b *bench) head(ws workspace.ID) workspace.Head {
	b.Helper()
	heads, err := b.journal.Heads("", 0)
	if err != nil {
		b.Fatal(err)
	}
	for _, h := range heads {
		if h.ID == ws {
			return h
		}
	}
	b.Fatalf("no head of %s", ws)
	return workspace.Head{}
}

// expire ends the retention of the events of ws up to seq, and takes a snapshot
// that covers them before.
func (b *bench) expire(ws workspace.ID, seq uint64) {
	b.Helper()
	done := make(chan error)
	b.journal.Snapshot(b.view(ws), func(err error) { done <- err })
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	b.journal.Expire(ws, seq)
}

// sleep has virtual time pass, and waits until nobody runs any more.
func (b *bench) sleep(d time.Duration) {
	b.pass(d)
	synctest.Wait()
}

// object reads JSON.
func object(json string) scim.Object {
	o, err := scim.Decode([]byte(json), scim.DefaultLimits)
	if err != nil {
		panic(err)
	}
	return o
}

// change merges JSON into the settings.
func change(json string) workspace.Command {
	return workspace.ChangeWorkspace{Patch: object(json)}
}

// Automatic booking, on without a cap, or off.
var (
	bookingOn  = change(`{"seats":{"autoBooking":true,"cap":null}}`)
	bookingOff = change(`{"seats":{"autoBooking":false}}`)
)

// window opens a window in ws: n people wait, and automatic booking is switched
// on.
func (b *bench) window(ws workspace.ID, n int) {
	b.Helper()
	for i := range n {
		b.must(ws, journaltest.Person(i))
	}
	b.must(ws, bookingOn)
}

// posted returns the ledger's entries in the journal of ws, with the instants
// at which they were posted.
func (b *bench) posted(ws workspace.ID) (out []entryAt) {
	b.Helper()
	err := b.journal.ReadLog(context.Background(), ws, 0, func(_ uint64, env workspace.Envelope, ev workspace.Event) bool {
		if p, ok := ev.(workspace.Posted); ok {
			out = append(out, entryAt{env.At, p.Entry})
		}
		return true
	})
	if err != nil {
		b.Fatal(err)
	}
	return out
}

type entryAt struct {
	at    time.Time
	entry ledger.Entry
}

// entriesOf returns the entries of one type, and when they were posted.
func entriesOf[T ledger.Entry](b *bench, ws workspace.ID) (entries []T, at []time.Time) {
	b.Helper()
	for _, e := range b.posted(ws) {
		if x, ok := e.entry.(T); ok {
			entries, at = append(entries, x), append(at, e.at)
		}
	}
	return entries, at
}

// closed fails t unless ws has closed n windows and issued one invoice for
// each, and returns the newest of them with the instants they were posted at.
func (b *bench) closed(ws workspace.ID, n int) (ledger.WindowClosed, ledger.InvoiceIssued, time.Time) {
	b.Helper()
	windows, at := entriesOf[ledger.WindowClosed](b, ws)
	invoices, _ := entriesOf[ledger.InvoiceIssued](b, ws)
	if len(windows) != n || len(invoices) != n {
		b.Fatalf("%s: %d windows closed, %d invoices issued; want %d", ws, len(windows), len(invoices), n)
	}
	if n == 0 {
		return ledger.WindowClosed{}, ledger.InvoiceIssued{}, time.Time{}
	}
	return windows[n-1], invoices[n-1], at[n-1]
}

// A tap is a journal that is listened to, and loses what it is told to lose.
type tap struct {
	*journaltest.Memory
	loading func(workspace.ID)                                  // called before each Load
	reading func(ws workspace.ID, after uint64)                 // called before each ReadLog
	losing  func(workspace.ID, string, uint64) bool             // whether an acknowledgement is lost
	stale   func(yield func(workspace.ID, time.Time) bool) bool // the due index instead of the true one

	mu sync.Mutex // guards the fields, which tests change while others call
}

// set changes the tap.
func (t *tap) set(change func(*tap)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(t)
}

func (t *tap) Load(ws workspace.ID) (*workspace.State, error) {
	t.mu.Lock()
	loading := t.loading
	t.mu.Unlock()
	if loading != nil {
		loading(ws)
	}
	return t.Memory.Load(ws)
}

func (t *tap) ReadLog(ctx context.Context, ws workspace.ID, after uint64, fn func(uint64, workspace.Envelope, workspace.Event) bool) error {
	t.mu.Lock()
	reading := t.reading
	t.mu.Unlock()
	if reading != nil {
		reading(ws, after)
	}
	return t.Memory.ReadLog(ctx, ws, after, fn)
}

func (t *tap) Acknowledge(ws workspace.ID, consumer string, seq uint64) {
	t.mu.Lock()
	losing := t.losing
	t.mu.Unlock()
	if losing == nil || !losing(ws, consumer, seq) {
		t.Memory.Acknowledge(ws, consumer, seq)
	}
}

func (t *tap) Due(yield func(workspace.ID, time.Time) bool) error {
	if t.stale != nil {
		t.stale(yield)
		return nil
	}
	return t.Memory.Due(yield)
}

// A post is a Deliverer that writes down what it is given.
type post struct {
	mu     sync.Mutex
	none   bool // there is no mail server
	answer func(ctx context.Context, endpoint string) error
	hooks  []sent[Hook]
	mails  []sent[workspace.Notice]
}

// sent is one attempt to deliver.
type sent[T any] struct {
	at   time.Time
	id   string
	what T
	err  error
}

// reply makes what an endpoint, by URL or address, answers from now on.
func (p *post) reply(answer func(ctx context.Context, endpoint string) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func (p *post) ask(ctx context.Context, endpoint string) error {
	p.mu.Lock()
	answer := p.answer
	p.mu.Unlock()
	if answer == nil {
		return nil
	}
	return answer(ctx, endpoint)
}

func (p *post) Hook(ctx context.Context, h Hook) error {
	at := time.Now()
	err := p.ask(ctx, h.URL)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hooks = append(p.hooks, sent[Hook]{at, h.ID, h, err})
	return err
}

func (p *post) Mail(ctx context.Context, id string, n workspace.Notice) error {
	at := time.Now()
	err := p.ask(ctx, n.To)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mails = append(p.mails, sent[workspace.Notice]{at, id, n, err})
	return err
}

func (p *post) Mails() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.none
}

// close has there be no mail server, or one again.
func (p *post) close(none bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.none = none
}

// tried returns the attempts at an endpoint so far, oldest first.
func (p *post) tried(url string) (out []sent[Hook]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.hooks {
		if s.what.URL == url {
			out = append(out, s)
		}
	}
	return out
}

// letters returns the attempts to mail so far, oldest first.
func (p *post) letters() []sent[workspace.Notice] {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]sent[workspace.Notice](nil), p.mails...)
}

func id(n int) workspace.ID { return workspace.ID(fmt.Sprintf("ws-%05d", n)) }
