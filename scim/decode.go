package scim

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Decode reads a request body as a new Decoder does.
func Decode(body []byte, lim Limits) (Object, *Error) { return new(Decoder).Decode(body, lim) }

// A Decoder reads request bodies, one after the other, and keeps its memory
// for the next. Its zero value is ready. What it reads is in Room, if there is
// one.
type Decoder struct {
	Room *Room
	// Elements bounds those of an array that is an attribute of the body; 0: no
	// bound. More of them are 413, before they are read.
	Elements int

	r      *reader
	values int
}

// Decode reads a request body: one JSON object in UTF-8 and nothing behind
// it, nested no deeper than lim.Depth, no name twice in any letter case
// (RFC 7643 section 2.1, interop row 53). Attributes keep the client's spelling
// and order. Nothing of the result aliases body. More than lim.Values are 413,
// since a value may take thirty times the memory of its text; every other
// refusal is 400 invalidSyntax.
func (d *Decoder) Decode(body []byte, lim Limits) (Object, *Error) {
	r := d.r
	if r == nil {
		r = &reader{attrs: make([]Attr, 0, 32), list: make([]Value, 0, 8)}
	}
	d.r = nil // what a refusal leaves in it would have to be cleared
	r.reset(body)
	r.left, r.room = lim.Values, d.Room
	r.most, r.bounded = d.Elements, lim.Depth-1
	if k := r.PeekKind(); k != '{' && k != 0 {
		return nil, Errorf(400, InvalidSyntax, "the body is a JSON %s; send a JSON object", kindName(k))
	}
	v, err := r.value(lim.Depth)
	if err != nil {
		return nil, syntaxError(err)
	}
	if _, err := r.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, Errorf(400, InvalidSyntax, "there is something behind the JSON object, at byte %d", r.InputOffset())
	}
	d.values = lim.Values - r.left
	if cap(r.attrs) <= attrsKept && cap(r.list) <= listKept {
		r.reset(nil)
		d.r = r
	}
	return v.Obj(), nil
}

// Values returns how many values the body had that d read last.
func (d *Decoder) Values() int { return d.values }

func kindName(k jsontext.Kind) string {
	switch k {
	case '[':
		return "array"
	case '"':
		return "string"
	case '0':
		return "number"
	case 'n':
		return "null"
	}
	return "boolean"
}

// syntaxError turns a decoder's error into a refusal.
func syntaxError(err error) *Error {
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal
	}
	var syn *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF):
		return Errorf(400, InvalidSyntax, "the body is empty; send a JSON object")
	case errors.As(err, &syn):
		return Errorf(400, InvalidSyntax, "the body is not JSON in UTF-8: error at byte %d", syn.ByteOffset)
	}
	return Errorf(400, InvalidSyntax, "the body is not JSON in UTF-8, or it ends too early")
}

// A reader builds values from tokens. Objects and lists grow on its stacks and
// are copied to their room when they end.
type reader struct {
	jsontext.Decoder
	body  bytes.Buffer
	src   []byte // the body, if strings may share copies of its parts
	text  string // the copy of such a part
	at    int    // where in src it begins
	attrs []Attr
	list  []Value
	room  *Room // of the results
	left  int   // how many values it may still read

	most    int // elements of arrays at the depth bounded; 0: any number
	bounded int

	last  *knownName               // that was read
	after [maxKnown + 1]*knownName // what came behind each the last time, by its place
}

// Stacks that one body let grow beyond these are not kept for others.
const (
	attrsKept = 256
	listKept  = 1024
)

// sharedText is the length, in bytes, of the parts of a body of which strings
// share a copy. Whoever keeps one of them keeps the others, so it must not be
// long, and what is kept for ever is cloned.
const sharedText = 4 << 10

func (r *reader) reset(body []byte) {
	r.body = *bytes.NewBuffer(body)
	r.Reset(&r.body, jsontext.AllowDuplicateNames(true)) // object looks for names in any letter case
	r.src, r.text, r.at = body, "", 0
}

func (r *reader) value(depth int) (Value, error) {
	if depth == 0 {
		return Value{}, Errorf(400, InvalidSyntax, "the body is nested too deeply, at byte %d", r.InputOffset())
	}
	if r.left == 0 {
		return Value{}, Errorf(413, "", "the body has too many values, at byte %d; send it in parts", r.InputOffset())
	}
	r.left--
	if r.PeekKind() == '"' {
		raw, err := r.ReadValue()
		if err != nil {
			return Value{}, err
		}
		s, err := r.unquote(raw)
		return Text(s), err
	}
	tok, err := r.ReadToken()
	if err != nil {
		return Value{}, err
	}
	switch tok.Kind() {
	case '{':
		return r.object(depth)
	case '[':
		return r.elements(depth)
	case '0':
		return number(tok.String()), nil
	case 't', 'f':
		return Boolean(tok.Bool()), nil
	}
	return Value{}, nil
}

// unquote returns what raw, the JSON string that was just read, says.
func (r *reader) unquote(raw jsontext.Value) (string, error) {
	if r.src != nil && bytes.IndexByte(raw, '\\') < 0 {
		end := int(r.InputOffset()) - 1
		return r.shared(end-(len(raw)-2), end), nil
	}
	s, err := jsontext.AppendUnquote(nil, raw)
	return string(s), err
}

// shared returns src[from:end], mostly as a part of a copy of what stands around
// it.
func (r *reader) shared(from, end int) string {
	if from < r.at || end > r.at+len(r.text) {
		if end-from > sharedText {
			return string(r.src[from:end])
		}
		r.at, r.text = from, string(r.src[from:min(from+sharedText, len(r.src))])
	}
	return r.text[from-r.at : end-r.at]
}

func number(text string) Value {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return Integer(n)
	}
	return Number(text)
}

func (r *reader) object(depth int) (Value, error) {
	start := len(r.attrs)
	var seen nameSet
	for r.PeekKind() != '}' {
		name, number, err := r.name()
		if err != nil {
			return Value{}, err
		}
		if seen.has(number, name, r.attrs[start:]) {
			return Value{}, Errorf(400, InvalidSyntax, "attribute %q stands in one object twice; names differ by more than letter case", name)
		}
		if len(r.attrs)-start >= maxNames {
			return Value{}, Errorf(400, InvalidSyntax, "an object has more than %d attributes", maxNames)
		}
		val, err := r.value(depth - 1)
		if err != nil {
			return Value{}, err
		}
		r.attrs = append(r.attrs, Attr{name, val})
	}
	v := ObjectOf(append(r.room.object(len(r.attrs)-start), r.attrs[start:]...)...)
	clear(r.attrs[start:])
	r.attrs = r.attrs[:start]
	_, err := r.ReadToken()
	return v, err
}

// maxNames bounds the names of one object: looking for one that stands twice
// costs the square of it. No client sends a tenth.
const maxNames = 256

// name reads the name of an attribute. Those of the schemas are not copied and
// have a number; others have 0. A client writes one person like the other, so
// what came behind the last name before is tried first.
func (r *reader) name() (string, uint8, error) {
	raw, err := r.ReadValue()
	if err != nil {
		return "", 0, err
	}
	if len(raw) > 2 {
		text := raw[1 : len(raw)-1]
		known := r.after[r.last.place()]
		if known == nil || string(text) != known.name {
			known = knownNames[string(text)]
			r.after[r.last.place()] = known
		}
		if r.last = known; known != nil {
			return known.name, known.number, nil
		}
	}
	name, err := r.unquote(raw)
	return name, 0, err
}

// A nameSet holds the names of one object, to find one that stands twice.
type nameSet struct {
	known [4]uint64 // bits by number
	other bool      // there are names without a number
}

// has reports whether attrs, whose names the set holds, have name in any letter
// case, and adds it.
func (s *nameSet) has(number uint8, name string, attrs Object) bool {
	bit := uint64(1) << (number % 64)
	twice := number != 0 && s.known[number/64]&bit != 0
	if number == 0 || s.other {
		_, twice = attrs.Fold(name)
	}
	s.known[number/64] |= bit
	s.other = s.other || number == 0
	return twice
}

// A knownName is a name of the schemas or of messages, in one spelling.
type knownName struct {
	name   string
	number uint8  // from 1; the same for names that differ in letter case only
	at     uint16 // from 1; each has its own
}

// maxKnown bounds the known names.
const maxKnown = 255

// place returns where n stands among the known names; 0 for one that is not known.
func (n *knownName) place() uint16 {
	if n == nil {
		return 0
	}
	return n.at
}

// knownNames holds the names of the schemas and of messages.
var knownNames = newKnownNames()

func newKnownNames() map[string]*knownName {
	out := map[string]*knownName{}
	numbers := map[string]uint8{}
	add := func(name string) {
		key := strings.ToLower(name)
		if out[name] != nil || len(out) == maxKnown {
			return
		}
		if numbers[key] == 0 {
			numbers[key] = uint8(len(numbers) + 1)
		}
		out[name] = &knownName{name, numbers[key], uint16(len(out) + 1)}
	}
	for _, name := range []string{"Operations", "op", "path"} {
		add(name)
	}
	for _, rt := range ResourceTypes {
		for _, a := range rt.Attributes {
			add(a.Name)
			for _, sub := range a.Sub {
				add(sub.Name)
				for _, part := range sub.Sub {
					add(part.Name)
				}
			}
		}
	}
	return out
}

func (r *reader) elements(depth int) (Value, error) {
	start := len(r.list)
	for r.PeekKind() != ']' {
		if r.most > 0 && depth == r.bounded && len(r.list)-start == r.most {
			return Value{}, Errorf(413, "", "the body has an array of more than %d elements", r.most)
		}
		e, err := r.value(depth - 1)
		if err != nil {
			return Value{}, err
		}
		r.list = append(r.list, e)
	}
	v := ListOf(append(r.room.list(len(r.list)-start), r.list[start:]...)...)
	clear(r.list[start:])
	r.list = r.list[:start]
	_, err := r.ReadToken()
	return v, err
}

// describe says what a client sent, for the detail of a refusal.
func describe(v Value) string {
	switch v.Kind() {
	case Null:
		return "null"
	case Bool, Int, Decimal:
		return string(AppendValue(nil, v))
	case Complex:
		return "an object"
	case List:
		return "an array"
	}
	const most = 64
	if len(v.Str()) > most {
		return strconv.Quote(strings.ToValidUTF8(v.Str()[:most], "")) + "…"
	}
	return strconv.Quote(v.Str())
}
