package play

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// readBack are the attributes that are compared with what changes said of them.
var readBack = []string{"userName", "displayName", "name.familyName", "active"}

// attribute returns one of readBack.
func (r Resource) attribute(name string) string {
	switch name {
	case "userName":
		return r.UserName
	case "displayName":
		return r.DisplayName
	case "name.familyName":
		return r.Name.Family
	}
	if r.Inactive() {
		return "false"
	}
	return "true"
}

// changed returns what a PUT or a PATCH says of readBack. Nil is anything: what
// a PUT leaves out, or a PATCH removes, may be empty or a default of the
// server's.
func changed(method string, body []byte) map[string]*string {
	all, unknown := map[string]*string{}, map[string]*string{}
	for _, name := range readBack {
		unknown[name] = nil
	}
	if method == http.MethodPut {
		said(unknown, "", body)
		return unknown
	}
	var patch struct {
		Operations []struct {
			Op    string         `json:"op"`
			Path  string         `json:"path"`
			Value jsontext.Value `json:"value"`
		} `json:"Operations"`
	}
	if err := json.Unmarshal(body, &patch, json.MatchCaseInsensitiveNames(true)); err != nil {
		return unknown // a server that accepts it knows more than we do
	}
	for _, op := range patch.Operations {
		if strings.EqualFold(op.Op, "remove") {
			op.Value = nil
		}
		said(all, op.Path, op.Value)
	}
	return all
}

// said adds what a value at a path says, the parts of an object each at its own.
func said(all map[string]*string, path string, value jsontext.Value) {
	for _, urn := range []string{urnUser, urnGroup} {
		if len(path) > len(urn) && strings.EqualFold(path[:len(urn)+1], urn+":") {
			path = path[len(urn)+1:]
		}
	}
	if value.Kind() == '{' {
		var parts document
		_ = json.Unmarshal(value, &parts) // the server has accepted it
		for name, part := range parts {
			said(all, strings.TrimPrefix(path+"."+name, "."), part)
		}
		return
	}
	for _, name := range readBack {
		switch {
		case strings.EqualFold(path, name):
			all[name] = plain(name, value)
		case len(path) < len(name) && name[len(path)] == '.' && strings.EqualFold(path, name[:len(path)]):
			all[name] = nil
		}
	}
}

// plain returns a value as Resource.attribute does, nil if it is neither a
// string nor a boolean.
func plain(name string, value jsontext.Value) *string {
	text := string(value)
	switch value.Kind() {
	case '"':
		if err := json.Unmarshal(value, &text); err != nil {
			return nil
		}
	case 't', 'f':
	default:
		return nil
	}
	if name == "active" {
		text = strings.ToLower(text) // there are clients that write "True"
	}
	return &text
}

// A register holds the values that an attribute may have.
type register []possible

// A possible value was acknowledged, or may have been written all the same.
type possible struct {
	value *string   // nil: any
	acked time.Time // what is sent after this replaces it
	lasts bool      // nothing replaces it: it may yet happen
}

// anything is the register of an attribute that nothing is known of.
var anything = register{{}}

// write returns the register after a write of a value. Of two writes that were
// in flight at the same time, either may be the last.
func (r register) write(value *string, sent, answered time.Time, err error) register {
	switch {
	case err == nil:
		kept := slices.DeleteFunc(slices.Clone(r), func(p possible) bool { return !p.lasts && p.acked.Before(sent) })
		return append(kept, possible{value: value, acked: answered})
	case doubtful(err):
		return append(slices.Clone(r), possible{value: value, lasts: true})
	}
	return r
}

// allows reports whether a value is one that the attribute may have.
func (r register) allows(value string) bool {
	return slices.ContainsFunc(r, func(p possible) bool { return p.value == nil || *p.value == value })
}

// compare returns what a resource has that its registers do not allow.
func compare(got Resource, registers map[string]register) error {
	for _, name := range readBack {
		if r, known := registers[name]; known && !r.allows(got.attribute(name)) {
			return fmt.Errorf("%s is %q, changed to %s", name, got.attribute(name), r)
		}
	}
	return nil
}

// String lists the values of a register that does not allow any.
func (r register) String() string {
	var all []string
	for _, p := range r {
		all = append(all, strconv.Quote(*p.value))
	}
	return strings.Join(all, " or ")
}
