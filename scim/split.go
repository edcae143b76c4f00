package scim

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Split reads a body like Decode, but leaves the elements of the array called
// name as they stand in body: each is JSON, and nothing more is known of it; a
// name may stand in it twice. The elements alias body; without such an array
// there are none. Whoever decodes them can refuse each alone.
//
// An array of more than most elements gets the refusal more, before anything of
// it is decoded; other refusals are those of Decode.
func Split(body []byte, name string, most int, more *Error, lim Limits) (rest Object, elements [][]byte, refusal *Error) {
	rest, refusal = decodeBut(body, name, lim, func(r *reader) (err error) {
		elements, err = r.pieces(body, name, most, more)
		return err
	})
	return rest, elements, refusal
}

// DecodeBut reads a body like Decode, but leaves the attribute called name as it
// stands in body, which it aliases; nil if there is none.
func DecodeBut(body []byte, name string, lim Limits) (rest Object, value []byte, refusal *Error) {
	rest, refusal = decodeBut(body, name, lim, func(r *reader) (err error) {
		value, err = r.piece(body)
		return err
	})
	return rest, value, refusal
}

// decodeBut decodes all of body but the value of name, which take reads.
func decodeBut(body []byte, name string, lim Limits, take func(*reader) error) (Object, *Error) {
	r := new(reader)
	r.left = lim.Values
	r.body = *bytes.NewBuffer(body)
	// objectBut looks for a name that stands twice, in any letter case, and so do
	// those who decode the elements.
	r.Reset(&r.body, jsontext.AllowDuplicateNames(true))
	if r.PeekKind() != '{' {
		return Decode(body, lim) // it refuses that
	}
	o, err := r.objectBut(name, lim.Depth, take)
	if err != nil {
		return nil, syntaxError(err)
	}
	if _, err := r.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, Errorf(400, InvalidSyntax, "there is something behind the JSON object, at byte %d", r.InputOffset())
	}
	return o, nil
}

func (r *reader) objectBut(name string, depth int, take func(*reader) error) (o Object, err error) {
	if _, err := r.ReadToken(); err != nil {
		return nil, err
	}
	taken := false
	for r.PeekKind() != '}' {
		key, _, err := r.name()
		if err != nil {
			return nil, err
		}
		ours := strings.EqualFold(key, name)
		if _, twice := o.Fold(key); twice || ours && taken {
			return nil, Errorf(400, InvalidSyntax, "attribute %q stands in one object twice; names differ by more than letter case", key)
		}
		if len(o) >= maxNames {
			return nil, Errorf(400, InvalidSyntax, "an object has more than %d attributes", maxNames)
		}
		if ours {
			taken = true
			err = take(r)
		} else {
			var v Value
			v, err = r.value(depth - 1)
			o = append(o, Attr{key, v})
		}
		if err != nil {
			return nil, err
		}
	}
	_, err = r.ReadToken()
	return o, err
}

// piece reads a value without decoding it.
func (r *reader) piece(body []byte) ([]byte, error) {
	v, err := r.ReadValue()
	end := r.InputOffset()
	return body[end-int64(len(v)) : end], err
}

// pieces reads an array of at most most values without decoding them.
func (r *reader) pieces(body []byte, name string, most int, more *Error) ([][]byte, error) {
	if k := r.PeekKind(); k != '[' && k != 0 {
		return nil, Errorf(400, InvalidSyntax, "%s: send an array", name)
	}
	if _, err := r.ReadToken(); err != nil {
		return nil, err
	}
	var out [][]byte
	for r.PeekKind() != ']' {
		if len(out) == most {
			return nil, more
		}
		v, err := r.piece(body)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	_, err := r.ReadToken()
	return out, err
}
