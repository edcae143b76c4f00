package scim

import "strings"

// Resolve finds the attribute that a path without a value filter names, in
// any letter case: attr, attr.sub, or either behind a schema URN and a colon
// (RFC 7644 section 3.10; interop rows 18 and 19). The longest registered URN
// wins, and its dots are part of it. A URN alone names the extension. An
// extension's attribute may stand without its URN where no core attribute has
// the name, as identity providers write manager (idps.md, 0.2).
func (rt *ResourceType) Resolve(name string) (Ref, bool) {
	if ref, ok := rt.names[name]; ok {
		return ref, true
	}
	return rt.resolve(name)
}

// resolve is Resolve of any name, in its own time.
func (rt *ResourceType) resolve(name string) (Ref, bool) {
	for i, a := range rt.Attributes {
		if a.Type != TypeComplex || !isURN(a.Name) {
			continue
		}
		if rest, ok := cutFold(name, a.Name); ok {
			if rest == "" {
				return Ref{Attr: rt.Attributes[i]}, true
			}
			return within(a, a.Sub, rest[1:])
		}
	}
	if rest, ok := cutFold(name, rt.Core.URN); ok {
		if rest == "" {
			return Ref{}, false
		}
		return within(nil, rt.Attributes, rest[1:])
	}
	if isURN(name) {
		return Ref{}, false
	}
	if ref, ok := within(nil, rt.Attributes, name); ok {
		return ref, true
	}
	for _, a := range rt.Attributes {
		if isURN(a.Name) {
			if ref, ok := within(a, a.Sub, name); ok {
				return ref, true
			}
		}
	}
	return Ref{}, false
}

// spelled returns what the names of top-level attributes resolve to, as the
// schemas spell them: nearly all that clients send.
func (rt *ResourceType) spelled() map[string]Ref {
	out := map[string]Ref{}
	for _, a := range rt.Attributes {
		for _, named := range append([]*Attribute{a}, a.Sub...) {
			if ref, ok := rt.resolve(named.Name); ok && ref.Attr == named {
				out[named.Name] = ref
			}
		}
	}
	return out
}

// within finds attr or attr.sub among attrs.
func within(ext *Attribute, attrs []*Attribute, path string) (Ref, bool) {
	head, tail, dotted := strings.Cut(path, ".")
	a := find(attrs, head)
	if a == nil || isURN(a.Name) {
		return Ref{}, false
	}
	ref := Ref{Ext: ext, Attr: a}
	if dotted {
		ref.Sub = find(a.Sub, tail)
		return ref, ref.Sub != nil
	}
	return ref, true
}

// find returns the attribute called name in any letter case. Most clients write
// names as the schema does, which is faster to see.
func find(attrs []*Attribute, name string) *Attribute {
	for _, a := range attrs {
		if a.Name == name {
			return a
		}
	}
	for _, a := range attrs {
		if strings.EqualFold(a.Name, name) {
			return a
		}
	}
	return nil
}

// cutFold cuts the URN from the front of name where name is the URN, or the
// URN, a colon and a rest. The rest keeps its colon.
func cutFold(name, urn string) (string, bool) {
	if len(name) < len(urn) || !strings.EqualFold(name[:len(urn)], urn) {
		return "", false
	}
	rest := name[len(urn):]
	return rest, rest == "" || rest[0] == ':'
}

func isURN(name string) bool {
	return len(name) > 4 && name[3] == ':' && strings.EqualFold(name[:3], "urn")
}

// String returns the canonical path of r, as PATCH would write it.
func (r Ref) String() string {
	path := r.Attr.Name
	if r.Ext != nil {
		path = r.Ext.Name + ":" + path
	}
	if r.Sub != nil {
		path += "." + r.Sub.Name
	}
	return path
}
