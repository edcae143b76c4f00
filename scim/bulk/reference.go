package bulk

import (
	"bytes"
	"strings"

	"rosterd/scim"
)

// prefix begins a reference: "bulkId:x" stands for the id of what the POST with
// the bulkId x made (RFC 7644 section 3.7.2). It may be the id in a path, any
// text in data, and a quoted text in the path of a PATCH operation.
const prefix = "bulkId:"

// mayRefer reports whether the text of an operation, or of a bulk, may hold a
// reference. Any letter of the prefix may be escaped, as \u and its number, which
// begins with 003, 004, 006 or 007; addresses are full of other escapes.
func mayRefer(raw []byte) bool {
	if bytes.Contains(raw, []byte(prefix)) {
		return true
	}
	escape := []byte(`\u00`)
	for {
		_, after, found := bytes.Cut(raw, escape)
		if !found {
			return false
		}
		if len(after) > 0 && strings.IndexByte("3467", after[0]) >= 0 {
			return true
		}
		raw = after
	}
}

// references returns the bulkIds that op refers to, each once for each place.
func (op *Operation) references() []string {
	var out []string
	op.Resolve(func(bulkID string) string {
		out = append(out, bulkID)
		return ""
	})
	return out
}

// Resolve returns op with what id says in the place of each reference. op is
// unchanged, and shared where there is none.
func (op *Operation) Resolve(id func(bulkID string) string) Operation {
	if op.alone {
		return *op
	}
	r := resolver{id: id, patch: op.Method == "PATCH"}
	out := *op
	out.ID = r.text(op.ID)
	if v, changed := r.value(scim.ObjectOf(op.Data...)); changed {
		out.Data = v.Obj()
	}
	return out
}

type resolver struct {
	id    func(string) string
	patch bool
}

func (r *resolver) text(s string) string {
	if name, ok := strings.CutPrefix(s, prefix); ok {
		return r.id(name)
	}
	return s
}

// value returns v with its references replaced, and whether there are any.
// What has none is not copied.
func (r *resolver) value(v scim.Value) (scim.Value, bool) {
	switch v.Kind() {
	case scim.String:
		if strings.HasPrefix(v.Str(), prefix) {
			return scim.Text(r.text(v.Str())), true
		}
	case scim.List:
		var out []scim.Value
		for i, e := range v.List() {
			if w, changed := r.value(e); changed {
				if out == nil {
					out = append(out, v.List()...)
				}
				out[i] = w
			}
		}
		if out != nil {
			return scim.ListOf(out...), true
		}
	case scim.Complex:
		var out scim.Object
		for i, a := range v.Obj() {
			if w, changed := r.attribute(a); changed {
				if out == nil {
					out = append(out, v.Obj()...)
				}
				out[i].Value = w
			}
		}
		if out != nil {
			return scim.ObjectOf(out...), true
		}
	}
	return v, false
}

func (r *resolver) attribute(a scim.Attr) (scim.Value, bool) {
	if r.patch && a.Value.Kind() == scim.String && strings.EqualFold(a.Name, "path") {
		return r.path(a.Value.Str())
	}
	return r.value(a.Value)
}

// path replaces references in the value filters of a path, as in
// members[value eq "bulkId:x"].
func (r *resolver) path(text string) (scim.Value, bool) {
	parts := strings.Split(text, `"`)
	changed := false
	for i := 1; i < len(parts); i += 2 {
		if strings.HasPrefix(parts[i], prefix) {
			parts[i], changed = r.text(parts[i]), true
		}
	}
	return scim.Text(strings.Join(parts, `"`)), changed
}
