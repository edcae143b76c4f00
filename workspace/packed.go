package workspace

import (
	"encoding/binary"
	"time"

	"rosterd/ledger"
	"rosterd/scim"
)

// A packed is a user at rest: one piece of memory without a pointer in it, for
// the collector walks through everything that lives, again and again. It lives
// in memory only; what is stored has its own form (docs/format.md).
//
//	packed  = id, flags byte, version, created, modified, synced, seat,
//	          externals, groups, texts..., record
//
// Numbers are uvarints, a text is its length and its bytes, the record is the
// rest. What few users have is there only if a flag says so.
type packed string

// Flags of a packed user.
const (
	packedActive = 1 << iota
	packedBreakGlass
	packedExternal   // a guest
	packedSeated     // it has a seat that is not the zero Seat
	packedManaged    // it has a ManagedBy
	packedSynced     // it has a syncedBy that is not its ManagedBy
	packedMore       // it has what few users have
	packedEnterprise // its record has the enterprise extension
)

// seatFirst is a bit beside the state and the source of a packed seat.
const (
	seatSource = 2 // bits of the state
	seatFirst  = 1 << 7
)

// pack returns u at rest.
func (u *user) pack() packed {
	var buf [1 << 10]byte
	p := packer(append(buf[:0], u.id[:]...))
	more := u.Pushed != "" || len(u.Drift)+len(u.Named) > 0 || u.lastErr != nil
	flags := bit(u.active, packedActive) | bit(u.breakGlass, packedBreakGlass) | bit(u.Kind == External, packedExternal) |
		bit(u.seat != ledger.Seat{}, packedSeated) | bit(u.ManagedBy != "", packedManaged) |
		bit(u.syncedBy != u.ManagedBy, packedSynced) | bit(more, packedMore) | bit(u.Record.Has(scim.UserEnterprise), packedEnterprise)
	p = append(p, flags).numbers(u.version, uint64(u.created), uint64(u.modified), uint64(u.synced))
	if flags&packedSeated != 0 {
		p = p.seat(u.seat)
	}
	p = p.numbers(uint64(len(u.External)))
	for _, x := range u.External {
		p = p.text(x.Connection).text(x.Value)
	}
	p = p.numbers(uint64(len(u.groups)))
	for _, ord := range u.groups {
		p = p.numbers(uint64(ord))
	}
	if flags&packedManaged != 0 {
		p = p.text(u.ManagedBy)
	}
	if flags&packedSynced != 0 {
		p = p.text(u.syncedBy)
	}
	if more {
		p = p.more(u)
	}
	return packed(append(p, u.Record...))
}

func bit(is bool, flag byte) byte {
	if is {
		return flag
	}
	return 0
}

// A packer is appended to, like any slice: through a pointer, the buffer that it
// begins with would be garbage of every user that is packed.
type packer []byte

func (p packer) numbers(all ...uint64) packer {
	for _, n := range all {
		p = binary.AppendUvarint(p, n)
	}
	return p
}

func (p packer) text(s string) packer { return append(p.numbers(uint64(len(s))), s...) }

func (p packer) seat(s ledger.Seat) packer {
	return append(p, byte(s.State)|byte(s.Source)<<seatSource|bit(s.First, seatFirst)).
		numbers(uint64(s.Billed), uint64(s.Since), s.Order)
}

func (p packer) more(u *user) packer {
	p = p.text(u.Pushed).numbers(uint64(len(u.Drift)))
	for _, path := range u.Drift {
		p = p.text(path)
	}
	p = p.numbers(uint64(len(u.Named)))
	for _, n := range u.Named {
		p = p.text(n.Connection).text(string(n.Sent)).numbers(uint64(len(n.Groups)))
		for _, id := range n.Groups {
			p = append(p, id[:]...)
		}
	}
	if u.lastErr == nil {
		return p.numbers(0)
	}
	return p.numbers(uint64(u.lastErr.Status)+1, uint64(u.lastErr.At.UnixMilli())).text(u.lastErr.Detail)
}

// id returns whose p is.
func (p packed) id() (id ResourceID) {
	copy(id[:], p)
	return id
}

// active reports whether the user that p holds is active.
func (p packed) active() bool { return p[len(ResourceID{})]&packedActive != 0 }

// unpack makes u the user that p holds. Its texts share the memory of p, and
// its short lists that of u.
func (u *user) unpack(ord uint32, p packed) {
	*u = user{id: p.id(), ord: ord}
	flags := p[len(u.id)]
	r := unpacker(p[len(u.id)+1:])
	u.active, u.breakGlass, u.enterprise = flags&packedActive != 0, flags&packedBreakGlass != 0, flags&packedEnterprise != 0
	if flags&packedExternal != 0 {
		u.Kind = External
	}
	u.version, u.created, u.modified, u.synced = r.number(), int64(r.number()), int64(r.number()), int64(r.number())
	if flags&packedSeated != 0 {
		u.seat = r.seat()
	}
	for n, list := r.number(), u.externals[:0]; n > 0; n-- {
		list = append(list, ExternalID{r.text(), r.text()})
		u.External = list
	}
	for n, list := r.number(), u.ordinals[:0]; n > 0; n-- {
		list = append(list, uint32(r.number()))
		u.groups = list
	}
	if flags&packedManaged != 0 {
		u.ManagedBy = r.text()
	}
	u.syncedBy = u.ManagedBy
	if flags&packedSynced != 0 {
		u.syncedBy = r.text()
	}
	if flags&packedMore != 0 {
		r.more(u)
	}
	u.Record = scim.Record(r)
}

// An unpacker is what is left to read of a packed user.
type unpacker string

func (r *unpacker) take(n uint64) string {
	s := string((*r)[:n])
	*r = (*r)[n:]
	return s
}

func (r *unpacker) number() (n uint64) {
	for i := 0; ; i++ {
		c := (*r)[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			*r = (*r)[i+1:]
			return n
		}
	}
}

func (r *unpacker) text() string { return r.take(r.number()) }

func (r *unpacker) seat() (s ledger.Seat) {
	how := r.take(1)[0]
	s.State, s.Source, s.First = ledger.State(how&(1<<seatSource-1)), ledger.Source(how&^seatFirst>>seatSource), how&seatFirst != 0
	s.Billed, s.Since, s.Order = uint32(r.number()), int64(r.number()), r.number()
	return s
}

// cut divides p around its seat, whether it has one or not.
func (p packed) cut() (before packed, seat ledger.Seat, behind unpacker) {
	const flags = len(ResourceID{})
	r := unpacker(p[flags+1:])
	for range 4 { // the numbers before it
		r.number()
	}
	before = p[:len(p)-len(r)]
	if p[flags]&packedSeated != 0 {
		seat = r.seat()
	}
	return before, seat, r
}

// seat returns the seat of the user that p holds.
func (p packed) seat() ledger.Seat {
	_, seat, _ := p.cut()
	return seat
}

// withSeat returns p with another seat. Every new person gets one right after
// the record, which is not taken apart for it.
func (p packed) withSeat(seat ledger.Seat) packed {
	const flags = len(ResourceID{})
	var buf [1 << 10]byte
	before, _, behind := p.cut()
	out := packer(append(buf[:0], before...))
	out[flags] &^= packedSeated
	if seat != (ledger.Seat{}) {
		out[flags] |= packedSeated
		out = out.seat(seat)
	}
	return packed(append(out, behind...))
}

func (r *unpacker) more(u *user) {
	u.Pushed = r.text()
	for n := r.number(); n > 0; n-- {
		u.Drift = append(u.Drift, r.text())
	}
	for n := r.number(); n > 0; n-- {
		named := Naming{Connection: r.text(), Sent: scim.Record(r.text())}
		for n := r.number(); n > 0; n-- {
			named.Groups = append(named.Groups, packed(r.take(uint64(len(ResourceID{})))).id())
		}
		u.Named = append(u.Named, named)
	}
	if status := r.number(); status != 0 {
		u.lastErr = &UserError{Status: int(status - 1), At: time.UnixMilli(int64(r.number())).UTC()}
		u.lastErr.Detail = r.text()
	}
}

// user returns the user with an ordinal, or nil.
func (v *View) user(ord uint32) *user {
	p, ok := v.users.Get(ord)
	if !ok {
		return nil
	}
	u := new(user)
	u.unpack(ord, p)
	return u
}

// eachUser calls yield with every user, oldest first, until it returns false.
// What it is given is overwritten for the next.
func (v *View) eachUser(yield func(*user) bool) {
	var u user
	v.users.Scan(func(ord uint32, p packed) bool {
		u.unpack(ord, p)
		return yield(&u)
	})
}

// setUser stores u.
func (s *State) setUser(u *user) { s.view.users.Set(u.ord, u.pack()) }
