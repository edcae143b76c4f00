package scim

import (
	"slices"
	"strings"
)

// A Projection says which attributes an answer holds (RFC 7644 section
// 3.4.2.5). The nil Projection holds what the schemas return by default.
type Projection struct {
	only bool  // refs are the only ones, beside those that are always returned
	refs []Ref // asked for (only), or left out
}

// NewProjection reads the parameters attributes and excludedAttributes, comma
// lists of paths, of which at most one may be given: both are 400
// invalidValue, and so is a list of more than projectionMost bytes. Names that
// the schema does not have ask for nothing.
func NewProjection(rt *ResourceType, attributes, excluded string) (*Projection, *Error) {
	switch {
	case attributes != "" && excluded != "":
		return nil, Errorf(400, InvalidValue, "attributes and excludedAttributes exclude each other; send one of them")
	case len(attributes)+len(excluded) > projectionMost:
		return nil, Errorf(400, InvalidValue, "attributes, excludedAttributes: name what is wanted in at most %d bytes", projectionMost)
	case attributes != "":
		return &Projection{only: true, refs: refsOf(rt, attributes)}, nil
	case excluded != "":
		return &Projection{refs: refsOf(rt, excluded)}, nil
	}
	return nil, nil
}

// projectionMost is more than naming each attribute of a type takes.
const projectionMost = 16 << 10

func refsOf(rt *ResourceType, list string) []Ref {
	var out []Ref
	for name := range strings.SplitSeq(list, ",") {
		if ref, ok := rt.Resolve(strings.TrimSpace(name)); ok && !slices.Contains(out, ref) {
			out = append(out, ref)
		}
	}
	return out
}

// Wants reports whether an answer holds a, an attribute of the core schema or
// of an extension, so that what is costly to read is read only then.
func (p *Projection) Wants(a *Attribute) bool { return p.wants(nil, a) }

func (p *Projection) wants(ext, a *Attribute) bool {
	switch a.Returned {
	case ReturnedAlways:
		return true
	case ReturnedNever:
		return false
	}
	if p == nil || !p.only {
		return a.Returned == ReturnedDefault && !p.names(ext, a)
	}
	return p.names(ext, a) || p.namesPart(a)
}

// names reports whether p names the whole of a, or the extension it is in.
func (p *Projection) names(ext, a *Attribute) bool {
	if p == nil {
		return false
	}
	for _, r := range p.refs {
		if r.Sub == nil && (r.Attr == a || ext != nil && r.Attr == ext) {
			return true
		}
	}
	return false
}

// namesPart reports whether p names a sub-attribute of a.
func (p *Projection) namesPart(a *Attribute) bool {
	if p == nil {
		return false
	}
	for _, r := range p.refs {
		if r.Sub != nil && r.Attr == a {
			return true
		}
	}
	return false
}

// wantsSub reports whether an answer that holds a holds its sub-attribute.
func (p *Projection) wantsSub(ext, a, sub *Attribute) bool {
	if p == nil || len(p.refs) == 0 {
		return true
	}
	named := false
	for _, r := range p.refs {
		named = named || r.Attr == a && r.Sub == sub
	}
	if p.only {
		return named || p.names(ext, a) || a.Returned == ReturnedAlways
	}
	return !named
}
