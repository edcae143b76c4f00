package persistence

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"sync"
	"time"

	"rosterd/workspace"
)

// A kindOf is one type of event or snapshot item with its wire number.
type kindOf[I any] struct {
	number uint64
	typ    reflect.Type
	encode func(dst []byte, v I) []byte
	decode func(b []byte) (I, error)
}

// kind describes the fields of T, for encoding and decoding alike.
func kind[T any, I any](number uint64, describe func(*fields, *T)) kindOf[I] {
	type encoder struct {
		f fields
		t T
	}
	spare := &sync.Pool{New: func() any { return new(encoder) }}
	return kindOf[I]{
		number: number,
		typ:    reflect.TypeFor[T](),
		encode: func(dst []byte, v I) []byte {
			e := spare.Get().(*encoder)
			e.f.out, e.t = dst, any(v).(T)
			describe(&e.f, &e.t)
			out := e.f.encoded()
			*e = encoder{} // what v holds must not live on
			spare.Put(e)
			return out
		},
		decode: func(b []byte) (I, error) {
			var t T
			err := decode(b, func(f *fields) { describe(f, &t) })
			return any(t).(I), err
		},
	}
}

// A catalogue finds kinds by type and by number.
type catalogue[I any] struct {
	name     string
	byType   map[reflect.Type]kindOf[I]
	byNumber map[uint64]kindOf[I]
}

func newCatalogue[I any](name string, kinds ...kindOf[I]) catalogue[I] {
	c := catalogue[I]{name, map[reflect.Type]kindOf[I]{}, map[uint64]kindOf[I]{}}
	for _, k := range kinds {
		c.byType[k.typ], c.byNumber[k.number] = k, k
	}
	if len(c.byType) != len(kinds) || len(c.byNumber) != len(kinds) {
		panic("persistence: a number or type of " + name + " stands twice")
	}
	return c
}

// append appends number, length and body of v.
func (c catalogue[I]) append(dst []byte, v I) []byte {
	k, ok := c.byType[reflect.TypeOf(v)]
	if !ok {
		panic(fmt.Sprintf("persistence: no wire number for %T", v))
	}
	dst = binary.AppendUvarint(dst, k.number)
	return sized(dst, func(dst []byte) []byte { return k.encode(dst, v) })
}

// cut reads what append wrote from the front of b.
func (c catalogue[I]) cut(b []byte) (v I, rest []byte, err error) {
	number, n := uvarint(b)
	if n == 0 {
		return v, nil, fmt.Errorf("%w: %s number", ErrCorrupt, c.name)
	}
	body, rest, err := cutSized(b[n:])
	if err != nil {
		return v, nil, err
	}
	k, ok := c.byNumber[number]
	if !ok {
		return v, nil, fmt.Errorf("%w: %s %d is unknown to this version", ErrCorrupt, c.name, number)
	}
	v, err = k.decode(body)
	return v, rest, err
}

// A journal record holds events of one workspace with contiguous sequence
// numbers from the one in its key, under their envelopes:
//
//	commit*
//	commit = sized envelope, uvarint count, event*
//	event  = uvarint number, sized message

// appendCommit appends one commit.
func appendCommit(dst []byte, env *workspace.Envelope, events []workspace.Event) []byte {
	dst = sized(dst, func(dst []byte) []byte {
		f := fields{out: dst}
		describeEnvelope(&f, env)
		return f.encoded()
	})
	dst = binary.AppendUvarint(dst, uint64(len(events)))
	for _, ev := range events {
		dst = eventKinds.append(dst, ev)
	}
	return dst
}

// decodeJournal calls yield with each event of a record body.
func decodeJournal(b []byte, yield func(workspace.Envelope, workspace.Event) error) error {
	for len(b) > 0 {
		head, rest, err := cutSized(b)
		if err != nil {
			return err
		}
		var env workspace.Envelope
		if err := decode(head, func(f *fields) { describeEnvelope(f, &env) }); err != nil {
			return err
		}
		count, n := uvarint(rest)
		if n == 0 || count > uint64(len(rest)) {
			return fmt.Errorf("%w: number of events", ErrCorrupt)
		}
		b = rest[n:]
		for range count {
			var ev workspace.Event
			if ev, b, err = eventKinds.cut(b); err != nil {
				return err
			}
			if err := yield(env, ev); err != nil {
				return err
			}
		}
	}
	return nil
}

func describeEnvelope(f *fields, e *workspace.Envelope) {
	f.time(1, &e.At)
	number(f, 2, &e.Actor, workspace.ActorToken)
	text(f, 3, &e.Token)
	text(f, 4, &e.Connection)
	text(f, 5, &e.RequestID)
	text(f, 6, &e.IdempotencyKey)
	f.fixed(7, e.BodyHash[:])
}

func describeHead(f *fields, h *workspace.Head) {
	text(f, 1, &h.ID)
	text(f, 2, &h.Name)
	f.uint(3, &h.Seq)
	f.time(4, &h.Created)
	f.int(5, &h.Active)
	f.int(6, &h.Inactive)
	f.int(7, &h.Managed)
	f.int(8, &h.Groups)
	f.int(9, &h.Connections)
	f.bool(10, &h.NoAdmin)
	number(f, 11, &h.Gate, workspace.GateClosed)
	f.time(12, &h.TokenExpires)
	f.time(13, &h.Due)
	f.int64(14, &h.Purchased)
	f.int64(15, &h.Booked)
	f.int64(16, &h.Seated)
	f.int64(17, &h.Waiting)
	f.time(18, &h.WaitingSince)
	f.time(19, &h.WindowEnds)
	f.int(20, &h.Invoices)
	f.int(21, &h.DeadHooks)
	f.int(22, &h.DeadMails)
	f.message(23, func(f *fields) { marks(f, &h.Marks) })
	list(f, 30, &h.LaterExpiries, func(f *fields, at *time.Time) { f.time(1, at) })
	f.time(31, &h.GraceEnds)
}
