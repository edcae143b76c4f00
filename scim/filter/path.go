package filter

import (
	"strings"

	"rosterd/scim"
)

// A Path names what a PATCH operation writes (RFC 7644 section 3.5.2): an
// attribute, a sub-attribute, or elements that Filter selects.
type Path struct {
	Ref    scim.Ref
	Filter Expr // nil: all elements
}

// ParsePath reads attr, attr.sub, attr[filter] or attr[filter].sub, with a
// schema URN before attr or without. It refuses an unknown attribute with 400
// invalidPath and a filter that cannot be evaluated with 400 invalidFilter.
func ParsePath(rt *scim.ResourceType, text string, d *scim.Dialect, lim scim.Limits) (*Path, *scim.Error) {
	head, rest, filtered := strings.Cut(text, "[")
	ref, ok := resolve(rt, head, d)
	if !ok {
		return nil, scim.Errorf(400, scim.InvalidPath, "path %q: there is no attribute %q in the schemas of %s", clip(text), clip(head), rt.Name)
	}
	if !filtered {
		return &Path{Ref: ref}, nil
	}
	if ref.Sub != nil || !ref.Attr.Multi || ref.Attr.Type != scim.TypeComplex {
		return nil, scim.Errorf(400, scim.InvalidPath, "path %q: %s has no elements to select", clip(text), head)
	}
	p, err := newParser(rt, "["+rest, d, lim)
	if err != nil {
		return nil, err
	}
	p.next()
	out := &Path{Ref: ref}
	if out.Filter, err = p.nested(&ref, ']'); err != nil {
		return nil, err
	}
	tail := p.next()
	if tail.kind == 0 {
		return out, nil
	}
	sub, found := p.resolve(&ref, strings.TrimPrefix(tail.text, "."))
	if !found || tail.kind != 'w' || tail.text[0] != '.' || p.peek().kind != 0 {
		return nil, scim.Errorf(400, scim.InvalidPath, "path %q: %q is no sub-attribute of %s", clip(text), clip(tail.text), head)
	}
	out.Ref.Sub = sub.Attr
	return out, nil
}

// clip bounds what a detail repeats of the request.
func clip(s string) string {
	const most = 120
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// Template returns the element that p's filter describes, where it is made of
// eq joined with and: what to create when nothing matches (interop rows 4 to
// 6). Any other filter describes none.
func (p *Path) Template() (scim.Object, bool) {
	var out scim.Object
	for _, x := range Conjuncts(p.Filter) {
		c, ok := x.(Compare)
		if !ok || c.Op != Eq || c.Value.Kind() == scim.Null || c.Ref.Sub != nil {
			return nil, false
		}
		if !out.Get(c.Ref.Attr.Name).IsUnassigned() {
			return nil, false
		}
		out = append(out, scim.Attr{Name: c.Ref.Attr.Name, Value: c.Value})
	}
	return out, true
}

// String returns p in canonical spelling.
func (p *Path) String() string {
	if p.Filter == nil {
		return p.Ref.String()
	}
	whole := scim.Ref{Ext: p.Ref.Ext, Attr: p.Ref.Attr}
	text := whole.String() + "[" + p.Filter.text() + "]"
	if p.Ref.Sub != nil {
		text += "." + p.Ref.Sub.Name
	}
	return text
}
