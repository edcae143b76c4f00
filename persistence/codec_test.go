package persistence

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rosterd/ledger"
	"rosterd/persistence/journaltest"
	"rosterd/scim"
	"rosterd/workspace"
)

var freeze = flag.Bool("freeze", false, "append to testdata/frozen.txt what it does not hold yet")

const frozenFile = "testdata/frozen.txt"

// A wire is one thing that records are made of, with its codec.
type wire struct {
	name   string
	typ    reflect.Type
	encode func(v any) []byte
	decode func(b []byte) (any, error)
	filled bool // never written with all fields zero
}

// wires are all events and snapshot items, the envelope and the head.
func wires() []wire {
	out := []wire{
		message("Envelope", describeEnvelope),
		message("Head", describeHead),
	}
	return slices.Concat(out, wiresOf(eventKinds), wiresOf(itemKinds), entryWires())
}

// entryWires are the entries of the ledger, each in the event that holds it.
func entryWires() []wire {
	var out []wire
	for _, e := range []ledger.Entry{
		ledger.SeatTaken{}, ledger.SeatBooked{}, ledger.SeatAwaited{}, ledger.SeatMoved{}, ledger.SeatReleased{},
		ledger.WindowOpened{}, ledger.WindowClosed{}, ledger.InvoiceIssued{}, ledger.SeatsPurchased{},
		ledger.ReleasePlanned{}, ledger.PeriodClosed{},
	} {
		typ := reflect.TypeOf(e)
		out = append(out, wire{
			"entry " + typ.Name(), typ,
			func(v any) []byte { return eventKinds.append(nil, workspace.Posted{Entry: v.(ledger.Entry)}) },
			func(b []byte) (any, error) {
				ev, rest, err := eventKinds.cut(b)
				if err == nil && len(rest) > 0 {
					err = fmt.Errorf("%d bytes left", len(rest))
				}
				if err != nil {
					return nil, err
				}
				posted, ok := ev.(workspace.Posted)
				if !ok || posted.Name != "" || reflect.TypeOf(posted.Entry) != typ {
					return nil, fmt.Errorf("this is no bare %s", typ)
				}
				return posted.Entry, nil
			},
			true,
		})
	}
	return out
}

func message[T any](name string, describe func(*fields, *T)) wire {
	return wire{
		name, reflect.TypeFor[T](),
		func(v any) []byte {
			t := v.(T)
			return encode(func(f *fields) { describe(f, &t) })
		},
		func(b []byte) (any, error) {
			var t T
			err := decode(b, func(f *fields) { describe(f, &t) })
			return t, err
		},
		false,
	}
}

func wiresOf[I any](c catalogue[I]) []wire {
	var out []wire
	for number := uint64(1); int(number) <= len(c.byNumber); number++ {
		k := c.byNumber[number]
		out = append(out, wire{
			fmt.Sprintf("%s %d %s", c.name, number, k.typ.Name()), k.typ,
			func(v any) []byte { return c.append(nil, v.(I)) },
			func(b []byte) (any, error) {
				v, rest, err := c.cut(b)
				if err == nil && len(rest) > 0 {
					err = fmt.Errorf("%d bytes left", len(rest))
				}
				return v, err
			},
			k.typ == reflect.TypeFor[workspace.Posted](),
		})
	}
	return out
}

// fill sets every field in v to something that is not zero; n makes fields
// differ.
func fill(v reflect.Value, n *int) {
	if v.Type() == reflect.TypeFor[scim.Quirks]() {
		return // of a Result, which is kept without them
	}
	*n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.UnixMilli(1764000000000 + int64(*n)).UTC()))
		return
	case scim.Value:
		v.Set(reflect.ValueOf(sampleValue(*n)))
		return
	case scim.Object:
		v.Set(reflect.ValueOf(sampleValue(*n).Obj()))
		return
	case scim.Record:
		user := scim.Object{{Name: "userName", Value: scim.Text(fmt.Sprintf("person%d@example.com", *n))}, {Name: "active", Value: scim.Boolean(true)}}
		v.Set(reflect.ValueOf(scim.Encode(scim.User, user)))
		return
	case []workspace.Outcome: // nobody keeps those of a bulk
		return
	case ledger.Date:
		v.Set(reflect.ValueOf(ledger.Date{Year: 2026, Month: 11, Day: 1 + *n%30}))
		return
	case nil:
		v.Set(reflect.ValueOf(ledger.SeatsPurchased{Seats: int64(*n)})) // an entry of Posted
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n) * 100)
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n) * 1000)
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).SetUint(uint64(*n+i) % 256)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	default:
		panic("no sample for " + v.Type().String())
	}
}

// sampleValue holds a value of every kind.
func sampleValue(n int) scim.Value {
	return scim.ObjectOf(
		scim.Attr{Name: "text", Value: scim.Text(fmt.Sprintf("Grüße %d", n))},
		scim.Attr{Name: "list", Value: scim.ListOf(scim.Boolean(true), scim.Boolean(false), scim.Integer(int64(-n)), scim.Value{}, scim.ListOf())},
		scim.Attr{Name: "number", Value: scim.Number("1.5e300")},
		scim.Attr{Name: "complex", Value: scim.ObjectOf(scim.Attr{Name: "", Value: scim.Text("")})},
	)
}

func sample(t reflect.Type) any {
	v := reflect.New(t).Elem()
	n := 0
	fill(v, &n)
	return v.Interface()
}

// render shows a value as text, without what is zero, so that fields which are
// added later do not change what is shown of old bytes.
func render(v reflect.Value) string {
	if v.IsZero() {
		return "-"
	}
	switch x := v.Interface().(type) {
	case time.Time:
		return x.Format(time.RFC3339Nano)
	case scim.Value:
		return string(scim.AppendObject(nil, scim.Object{{Name: "", Value: x}}))
	case scim.Object:
		return string(scim.AppendObject(nil, x))
	case workspace.ResourceID:
		return x.String()
	case scim.Record:
		return fmt.Sprintf("%x", string(x))
	}
	switch v.Kind() {
	case reflect.Pointer:
		return render(v.Elem())
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return fmt.Sprintf("%x", v.Interface())
		}
		var parts []string
		for i := range v.Len() {
			parts = append(parts, render(v.Index(i)))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Struct:
		var parts []string
		for i := range v.NumField() {
			if !v.Field(i).IsZero() {
				parts = append(parts, v.Type().Field(i).Name+": "+render(v.Field(i)))
			}
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case reflect.String:
		return fmt.Sprintf("%q", v.String())
	case reflect.Interface:
		return v.Elem().Type().Name() + render(v.Elem())
	}
	return fmt.Sprint(v.Interface())
}

func TestEveryFieldSurvives(t *testing.T) {
	for _, w := range wires() {
		values := []any{sample(w.typ)}
		if !w.filled {
			values = append(values, reflect.Zero(w.typ).Interface())
		}
		for _, v := range values {
			b := w.encode(v)
			got, err := w.decode(b)
			if err != nil {
				t.Errorf("%s: %v", w.name, err)
			} else if !cmp.Equal(got, v, journaltest.Exact) {
				t.Errorf("%s: is %+v, was %+v", w.name, got, v)
			} else if again := w.encode(got); !bytes.Equal(again, b) { // cmp does not look at the order of attributes
				t.Errorf("%s: encoded again it is %x, was %x", w.name, again, b)
			}
		}
	}
}

// TestWeight: what the shell is told of the size of a commit is no less than what
// its record takes.
func TestWeight(t *testing.T) {
	envelope := sample(reflect.TypeFor[workspace.Envelope]()).(workspace.Envelope)
	for _, w := range slices.Concat(wiresOf(eventKinds), entryWires()) {
		ev, ok := sample(w.typ).(workspace.Event)
		if !ok {
			ev = workspace.Posted{Entry: sample(w.typ).(ledger.Entry), Name: "person@example.com"}
		}
		c := workspace.Commit{Envelope: envelope, Events: []workspace.Event{ev}}
		whole, largest := c.Weight()
		if took := len(appendCommit(nil, &envelope, c.Events)); took > whole || len(w.encode(sample(w.typ))) > largest {
			t.Errorf("%s weighs %d, its event %d; it takes %d", w.name, whole, largest, took)
		}
	}
}

// TestFrozenBytes decodes what every released version wrote. Lines of the file
// are never changed; when a type gains a field, -freeze appends its new form.
func TestFrozenBytes(t *testing.T) {
	text, err := os.ReadFile(frozenFile)
	if err != nil && !*freeze {
		t.Fatal(err)
	}
	byName := map[string]wire{}
	for _, w := range wires() {
		byName[w.name] = w
	}
	newest := map[string]string{}
	for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		lines := strings.Split(block, "\n")
		if len(lines) != 3 {
			if block == "" {
				continue
			}
			t.Fatalf("a block is a name, bytes and what they mean, not %q", block)
		}
		newest[lines[0]] = lines[1]
		b, err := hex.DecodeString(lines[1])
		if err != nil {
			t.Fatalf("%s: %v", lines[0], err)
		}
		v, err := byName[lines[0]].decode(b)
		if err != nil {
			t.Errorf("%s cannot be read any more: %v", lines[0], err)
		} else if got := render(reflect.ValueOf(v)); got != lines[2] {
			t.Errorf("%s means\n%s\nand meant\n%s", lines[0], got, lines[2])
		}
	}
	var added []byte
	for _, w := range wires() {
		v := sample(w.typ)
		b := hex.EncodeToString(w.encode(v))
		if newest[w.name] != b {
			added = fmt.Appendf(added, "%s\n%s\n%s\n\n", w.name, b, render(reflect.ValueOf(v)))
		}
	}
	if *freeze {
		if err := os.WriteFile(frozenFile, append(text, added...), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if len(added) > 0 {
		t.Errorf("not frozen yet (go test -run TestFrozenBytes -freeze, if a field was added):\n%s", added)
	}
}

func TestUnknownNumbersAreErrors(t *testing.T) {
	for _, w := range wires() {
		body := w.encode(sample(w.typ))
		if w.name == "Envelope" || w.name == "Head" {
			if _, err := w.decode(append(body, 63<<1, 1)); err == nil {
				t.Errorf("%s: field 63 is accepted", w.name)
			}
			continue
		}
		body[0] = 99
		if _, err := w.decode(body); err == nil || !strings.Contains(err.Error(), "unknown to this version") {
			t.Errorf("%s with number 99: %v", w.name, err)
		}
	}
	for _, b := range [][]byte{
		{2 << 1, 3},                   // an actor of kind 3
		{1<<1 | 1, 1, 0},              // an instant that is text
		{3<<1 | 1, 9, 'x'},            // longer than the message
		{3<<1 | 1, 1, 'x', 2 << 1, 1}, // fields out of order
		{2 << 1, 0},                   // a field that should be absent
		{2 << 1, 0x81, 0},             // a number that takes too many bytes
		{7<<1 | 1, 1, 1},              // a hash of one byte
		{2 << 1},
	} {
		var env workspace.Envelope
		if err := decode(b, func(f *fields) { describeEnvelope(f, &env) }); err == nil {
			t.Errorf("envelope %x is accepted", b)
		}
	}
}

func TestEveryFlippedBitIsAnError(t *testing.T) {
	for _, length := range []int{0, 1, 100, packFrom + 1} {
		key := journalKey("acme", 7)
		record := seal(key, bytes.Repeat([]byte("x"), length))
		if _, err := unseal(key, record); err != nil {
			t.Fatal(err)
		}
		for i := range len(record) * 8 {
			record[i/8] ^= 1 << (i % 8)
			if _, err := unseal(key, record); err == nil {
				t.Errorf("bit %d of a record of %d bytes", i, len(record))
			}
			record[i/8] ^= 1 << (i % 8)
		}
		for i := range len(key) * 8 {
			key[i/8] ^= 1 << (i % 8)
			if _, err := unseal(key, record); err == nil {
				t.Errorf("bit %d of the key", i)
			}
			key[i/8] ^= 1 << (i % 8)
		}
	}
}

// FuzzRecordDecode feeds bytes to every decoder of bodies. None may panic, and
// what one of them accepts has no other encoding.
func FuzzRecordDecode(f *testing.F) {
	all := wires()
	for i, w := range all {
		f.Add(uint8(i), w.encode(sample(w.typ)))
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		w := all[int(which)%len(all)]
		v, err := w.decode(b)
		if err == nil && !bytes.Equal(w.encode(v), b) {
			t.Errorf("%s: %x decodes to %+v, which is %x", w.name, b, v, w.encode(v))
		}
		_ = decodeJournal(b, func(workspace.Envelope, workspace.Event) error { return nil })
		_ = decodeItems(b, func(workspace.SnapshotItem) bool { return true })
	})
}

// encode returns the message that describe describes.
func encode(describe func(*fields)) []byte {
	var f fields
	describe(&f)
	return f.encoded()
}

// created is the commit of a person who is new, and of whose seat an entry of
// the ledger tells.
func created(t testing.TB) workspace.Commit {
	t.Helper()
	w := journaltest.NewWriter(t, journaltest.NewMemory(), "acme", 1)
	w.Must(t, journaltest.Person(1))
	c := w.Log[len(w.Log)-1]
	if _, ok := c.Events[len(c.Events)-1].(workspace.Posted); !ok {
		t.Fatalf("%T is no entry of the ledger", c.Events[len(c.Events)-1])
	}
	return c
}

// TestAppendCommitAllocs: what is written of a commit makes a piece of garbage
// for its envelope and for each event, and none for what an event could be.
func TestAppendCommitAllocs(t *testing.T) {
	c := created(t)
	room := make([]byte, 0, maxRecord)
	n := testing.AllocsPerRun(1000, func() { appendCommit(room, &c.Envelope, c.Events) })
	if n > float64(len(c.Events)+1) {
		t.Errorf("%.0f pieces of garbage for %d events", n, len(c.Events))
	}
}

func BenchmarkAppendCommit(b *testing.B) {
	c := created(b)
	room := make([]byte, 0, maxRecord)
	b.ReportAllocs()
	for b.Loop() {
		appendCommit(room, &c.Envelope, c.Events)
	}
}
