package scim

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Decode reads a request body: one JSON object in UTF-8 and nothing behind
// it, nested no deeper than lim.Depth, no name twice in any letter case
// (RFC 7643 section 2.1, interop row 53). Attributes keep the client's spelling
// and order. Nothing of the result aliases body. Every refusal is 400
// invalidSyntax.
func Decode(body []byte, lim Limits) (Object, *Error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(body))
	if k := d.PeekKind(); k != '{' && k != 0 {
		return nil, Errorf(400, InvalidSyntax, "the body is a JSON %s; send a JSON object", kindName(k))
	}
	v, err := readValue(d, lim.Depth)
	if err != nil {
		return nil, syntaxError(err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, Errorf(400, InvalidSyntax, "there is something behind the JSON object, at byte %d", d.InputOffset())
	}
	return v.Obj, nil
}

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
	case errors.Is(err, jsontext.ErrDuplicateName):
		return Errorf(400, InvalidSyntax, "an attribute stands in the body twice")
	case errors.As(err, &syn):
		return Errorf(400, InvalidSyntax, "the body is not JSON in UTF-8: error at byte %d", syn.ByteOffset)
	}
	return Errorf(400, InvalidSyntax, "the body is not JSON in UTF-8, or it ends too early")
}

func readValue(d *jsontext.Decoder, depth int) (Value, error) {
	if depth == 0 {
		return Value{}, Errorf(400, InvalidSyntax, "the body is nested too deeply, at byte %d", d.InputOffset())
	}
	tok, err := d.ReadToken()
	if err != nil {
		return Value{}, err
	}
	switch tok.Kind() {
	case '{':
		return readObject(d, depth)
	case '[':
		return readList(d, depth)
	case '"':
		return Text(tok.String()), nil
	case '0':
		return number(tok.String()), nil
	case 't', 'f':
		return Boolean(tok.Bool()), nil
	}
	return Value{}, nil
}

func number(text string) Value {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return Integer(n)
	}
	return Value{Kind: Decimal, Str: text}
}

func readObject(d *jsontext.Decoder, depth int) (Value, error) {
	v := Value{Kind: Complex, Obj: Object{}}
	for d.PeekKind() != '}' {
		tok, err := d.ReadToken()
		if err != nil {
			return Value{}, err
		}
		name := tok.String()
		if _, twice := v.Obj.Fold(name); twice {
			return Value{}, Errorf(400, InvalidSyntax, "attribute %q stands in one object twice; names differ by more than letter case", name)
		}
		if len(v.Obj) >= maxNames {
			return Value{}, Errorf(400, InvalidSyntax, "an object has more than %d attributes", maxNames)
		}
		val, err := readValue(d, depth-1)
		if err != nil {
			return Value{}, err
		}
		v.Obj = append(v.Obj, Attr{name, val})
	}
	_, err := d.ReadToken()
	return v, err
}

// maxNames bounds the names of one object: looking for one that stands twice
// costs the square of it. No client sends a tenth.
const maxNames = 256

func readList(d *jsontext.Decoder, depth int) (Value, error) {
	v := Value{Kind: List, List: []Value{}}
	for d.PeekKind() != ']' {
		e, err := readValue(d, depth-1)
		if err != nil {
			return Value{}, err
		}
		v.List = append(v.List, e)
	}
	_, err := d.ReadToken()
	return v, err
}

// describe says what a client sent, for the detail of a refusal.
func describe(v Value) string {
	switch v.Kind {
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
	if len(v.Str) > most {
		return strconv.Quote(strings.ToValidUTF8(v.Str[:most], "")) + "…"
	}
	return strconv.Quote(v.Str)
}
