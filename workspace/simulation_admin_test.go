package workspace

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"rosterd/scim"
)

// What admins do in a play, and how one request is sent.

// act sends a line as scripts write it, and asks the law for the status.
func (p *play) act(line, key string, law law) {
	p.t.Helper()
	line = p.unalias(line)
	who, rest, _ := strings.Cut(line, " ")
	env := Envelope{Actor: ActorToken, Token: who, Connection: who}
	var cmd Command
	var refusal *scim.Error
	if who == "admin" {
		env = Envelope{Actor: ActorOperator, IdempotencyKey: key}
		if key != "" {
			env.BodyHash = sha256.Sum256([]byte(line))
		}
		cmd = p.adminCommand(rest)
	} else if cmd, refusal = p.scimCommand(who, rest); refusal != nil {
		p.fail("%s: %v", line, refusal)
	}
	before, clamped := len(p.log), p.now.Truncate(time.Millisecond)
	if newest := p.state.view.at; clamped.Before(newest) {
		clamped = newest
	}
	_, res, err := p.do(env, cmd)
	p.trail = append(p.trail, p.alias(fmt.Sprintf("%s %s %s: %v", p.now.Format(time.DateTime), line, key, err)))
	if p.after != nil {
		p.after(line, key)
	}
	n := p.law
	if n == nil {
		return
	}
	n.now, n.said = clamped, nil
	n.settle()
	want := 0
	if key == "" {
		want = law(n, res.ID)
	} else {
		want = n.once(key, line, func() int { return law(n, res.ID) })
	}
	if got := statusOf(res, err); got != want {
		p.fail("%s: status %d, want %d", line, got, want)
	}
	p.compare(p.log[before:])
}

func statusOf(res Result, err error) int {
	switch refusal, ok := err.(*scim.Error); {
	case ok:
		return refusal.Status
	case res.Created:
		return 201
	}
	return 200
}

// A law says what a request makes of the naive model, and its status. id is that
// of what the machine wrote, for what is new.
type law = func(n *naive, id ResourceID) int

// write sends an admin's write, sometimes with one of a few Idempotency-Keys,
// and sometimes again.
func (p *play) write(law law, format string, args ...any) {
	key, line := "", p.unalias("admin "+fmt.Sprintf(format, args...)) // an alias may name somebody else by the time it is sent again
	if p.rand.IntN(4) == 0 {
		key = fmt.Sprintf("k%d", p.rand.IntN(40))
	}
	p.act(line, key, law)
	if key != "" {
		p.newest = func() { p.act(line, key, law) }
	}
}

// admin is what an admin does to people.
func (p *play) admin() {
	who, name := p.someone(), fmt.Sprintf("user%d@example.com", p.rand.IntN(people))
	id, kind, yes := p.idOf(who), p.pick("member", "member", "external"), p.rand.IntN(2) == 0
	switch p.rand.IntN(12) {
	case 0, 1:
		p.write(func(n *naive, id ResourceID) int { return n.add(name, kind == "external", id) }, `add %s {"userName":%q}`, kind, name)
	case 2:
		p.write(func(n *naive, _ ResourceID) int { return n.switchPerson(id, false) }, "deactivate %s", who)
	case 3, 4:
		p.write(func(n *naive, _ ResourceID) int { return n.switchPerson(id, true) }, "reactivate %s", who)
	case 5:
		p.write(func(n *naive, _ ResourceID) int { return n.remove(id, false) }, "delete %s", who)
	case 6:
		p.write(func(n *naive, _ ResourceID) int { return n.appoint(id) }, "member %s %s", admins, who)
	case 7:
		p.write(func(n *naive, _ ResourceID) int { return n.dismiss(id) }, "unmember %s %s", admins, who)
	case 8:
		p.write(func(n *naive, _ ResourceID) int { return n.allow(id) }, "allow %s %s", admins, who)
	case 9:
		p.write(func(n *naive, _ ResourceID) int { return n.openRole(yes) }, "assignable %s %t", admins, yes)
	case 10:
		if conn := p.conn(); p.rand.IntN(6) == 0 && conn == "onelogin" {
			p.write(func(n *naive, _ ResourceID) int { return n.disconnect(conn) }, "disconnect %s", conn)
		}
	default:
		if p.newest != nil {
			p.newest()
		}
	}
}

// money is what an admin does to seats and invoices.
func (p *play) money() {
	seats := int64(p.rand.IntN(5)) - 1
	switch p.rand.IntN(8) {
	case 0, 1:
		p.write(func(n *naive, _ ResourceID) int { return n.purchase(seats) }, "purchase %d the shop", seats)
	case 2, 3, 4:
		seats += p.rand.Int64N(p.state.view.books.Purchased + 1)
		p.write(func(n *naive, _ ResourceID) int { return n.release(seats) }, "release %d", seats)
	case 5:
		p.write(func(n *naive, _ ResourceID) int { return n.closeNow() }, "close")
	default:
		number := fmt.Sprintf("acme-%06d", 1+p.rand.IntN(p.state.view.books.InvoiceCount()+1))
		reason := p.pick("undone", "a mistake", "")
		p.write(func(n *naive, _ ResourceID) int { return n.correct(number, seats, reason) }, "correct %s %d %s", number, seats, reason)
	}
}

// settings is a change of the settings.
func (p *play) settings() {
	switch p.rand.IntN(9) {
	case 0, 1:
		p.booking()
	case 2, 3:
		limit, text := p.limit()
		p.set(func(t *naiveTerms) { t.cap = limit }, `"seats":{"cap":%s}`, text)
	case 4, 5:
		p.price()
	case 6:
		when := p.pick("refuse", "wait")
		p.set(func(t *naiveTerms) { t.refuse = when == "refuse" }, `"seats":{"whenFull":%q}`, when)
	case 7:
		p.calendar()
	default:
		p.write(func(*naive, ResourceID) int { return 400 }, "set {%s}", p.pick(refusedSettings...))
	}
}

func (p *play) set(change func(*naiveTerms), format string, args ...any) {
	p.write(func(n *naive, _ ResourceID) int { return n.set(change) }, "set {%s}", fmt.Sprintf(format, args...))
}

// booking switches automatic booking, now and then without a word about the
// cap, which is refused when it was off.
func (p *play) booking() {
	limit, text := p.limit()
	switch k := p.rand.IntN(30); {
	case k < 6:
		p.set(func(t *naiveTerms) { t.auto = false }, `"seats":{"autoBooking":false}`)
	case k < 10:
		p.write(func(n *naive, _ ResourceID) int {
			if !n.terms.auto {
				return 400
			}
			return n.set(func(*naiveTerms) {})
		}, `set {"seats":{"autoBooking":true}}`)
	default:
		p.set(func(t *naiveTerms) { t.auto, t.cap = true, limit }, `"seats":{"autoBooking":true,"cap":%s}`, text)
	}
}

// limit is a cap near the seats that there are, or none, and its JSON.
func (p *play) limit() (int64, string) {
	if p.rand.IntN(2) == 0 {
		return -1, "null"
	}
	b := p.state.view.books.Position
	limit := max(0, b.Purchased+b.Booked+int64(p.rand.IntN(7))-2)
	return limit, fmt.Sprint(limit)
}

// price changes price, currency, interval and tax; windows that are open keep
// theirs.
func (p *play) price() {
	minor, currency, interval := int64(p.rand.IntN(5000)), p.pick("EUR", "EUR", "CHF", "JPY"), p.pick("month", "month", "year")
	day, month := 1+p.rand.IntN(31), time.Month(1+p.rand.IntN(12))
	tax := func(t *naiveTerms, category, percent, reason string) {
		t.price.category, t.price.percent, t.price.reason = category, percent, reason
	}
	switch p.rand.IntN(9) {
	case 0:
		p.set(func(t *naiveTerms) { t.price.minor = minor }, `"price":{"minor":%d}`, minor)
	case 1:
		p.set(func(t *naiveTerms) { t.price.minor, t.price.currency = minor, currency }, `"price":{"minor":%d,"currency":%q}`, minor, currency)
	case 2:
		p.set(func(t *naiveTerms) { t.price.yearly = interval == "year" }, `"price":{"interval":%q}`, interval)
	case 3:
		p.set(func(t *naiveTerms) { t.price.anchorDay, t.price.anchorMonth = day, month }, `"price":{"anchorDay":%d,"anchorMonth":%d}`, day, month)
	case 4, 5:
		percent := p.pick("19", "7", "8.1", "0", "5.5", "100")
		p.set(func(t *naiveTerms) { tax(t, "S", percent, "") }, `"price":{"vatPercent":%q}`, percent)
	default:
		category, reason := p.pick("E", "E", "E", "AE"), p.pick("because", "why not", "so there")
		p.set(func(t *naiveTerms) { tax(t, category, "0", reason) }, `"price":{"tax":{"category":%q,"percent":"0","reason":%q}}`, category, reason)
	}
}

// calendar changes what days depend on, and which windows share an invoice.
func (p *play) calendar() {
	zone, collect, language := p.zone(), p.pick("window", "day", "period"), p.pick("de-DE", "en")
	switch p.rand.IntN(3) {
	case 0:
		p.set(func(t *naiveTerms) { t.zone = zone }, `"timezone":%q`, zone)
	case 1:
		p.set(func(t *naiveTerms) { t.language = language }, `"locale":%q`, language)
	default:
		p.set(func(t *naiveTerms) { t.collect = collect }, `"invoice":{"collect":%q}`, collect)
	}
}

// refusedSettings are 400, each for a reason of its own.
var refusedSettings = []string{
	`"seats":{"cap":-1}`, `"seats":{"cap":2.5}`, `"seats":{"purchased":99}`, `"seats":{"whenFull":"panic"}`, `"price":{"currency":"KWD"}`,
	`"price":{"anchorDay":0}`, `"price":{"anchorDay":32}`, `"price":{"vatPercent":"100.1"}`, `"price":{"minor":-1}`, `"timezone":"Mars/Olympus"`,
	`"invoice":{"collect":"year"}`, `"price":{"tax":{"category":"AE","percent":"19","reason":"x"}}`,
}
