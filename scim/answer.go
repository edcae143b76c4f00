package scim

// AppendJSON appends the JSON of a resource: what is stored straight from its
// Record, what is derived from the Resource, as p projects it. Unassigned
// attributes are left out (RFC 7643 section 2.5).
func AppendJSON(dst []byte, rt *ResourceType, res Resource, p *Projection) []byte {
	w := writer{res: res, projection: p}
	return append(w.attrs(append(dst, '{'), nil, rt.Attributes, string(res.Record())), '}')
}

type writer struct {
	res        Resource
	projection *Projection
}

// attrs appends attributes of ext, or of the resource itself, without braces.
// attrs ascends by number except for what is derived, so rest is read once.
func (w *writer) attrs(dst []byte, ext *Attribute, attrs []*Attribute, rest string) []byte {
	first := true
	for _, a := range attrs {
		var tag int
		var body string
		if a.stored() {
			tag, body, rest = seek(rest, a.Num)
		}
		switch {
		case isURN(a.Name):
			dst = w.extension(dst, &first, a, body)
		case !w.projection.wants(ext, a):
		case a.Derived:
			if v := w.res.Derived(a); !v.IsUnassigned() {
				dst = w.value(appendKey(dst, &first, a), ext, a, v)
			}
		case tag >= 0 && a.stored():
			dst = w.encoded(appendKey(dst, &first, a), ext, a, tag, body)
		}
	}
	return dst
}

// appendKey is appendName of an attribute of a schema, whose name needs no
// escapes.
func appendKey(dst []byte, first *bool, a *Attribute) []byte {
	if !*first {
		dst = append(dst, ',')
	}
	*first = false
	dst = append(append(dst, '"'), a.Name...)
	return append(dst, '"', ':')
}

// seek cuts b behind the attribute num; tag is -1 where it is absent.
func seek(b string, num uint16) (tag int, body, rest string) {
	for len(b) > 0 {
		n, tag, body, tail, err := split(b)
		if err != nil || n > uint64(num) {
			break
		}
		if n == uint64(num) {
			return tag, body, tail
		}
		b = tail
	}
	return -1, "", b
}

// extension appends an extension unless it is empty.
func (w *writer) extension(dst []byte, first *bool, ext *Attribute, body string) []byte {
	mark, was := len(dst), *first
	dst = append(appendKey(dst, first, ext), '{')
	before := len(dst)
	if dst = w.attrs(dst, ext, ext.Sub, body); len(dst) == before {
		*first = was
		return dst[:mark]
	}
	return append(dst, '}')
}

// value appends a derived value.
func (w *writer) value(dst []byte, ext, a *Attribute, v Value) []byte {
	switch v.Kind {
	case List:
		dst = append(dst, '[')
		for i, e := range v.List {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = w.value(dst, ext, a, e)
		}
		return append(dst, ']')
	case Complex:
		dst = append(dst, '{')
		first := true
		for _, m := range v.Obj {
			if sub := find(a.Sub, m.Name); m.Value.Kind != Null && (sub == nil || w.projection.wantsSub(ext, a, sub)) {
				dst = AppendValue(appendName(dst, &first, m.Name), m.Value)
			}
		}
		return append(dst, '}')
	}
	return AppendValue(dst, v)
}

// encoded appends a stored value.
func (w *writer) encoded(dst []byte, ext, a *Attribute, tag int, body string) []byte {
	switch tag {
	case tagList:
		dst = append(dst, '[')
		for n := 0; len(body) > 0; n++ {
			_, t, b, tail, err := split(body)
			if err != nil {
				break
			}
			if n > 0 {
				dst = append(dst, ',')
			}
			dst, body = w.encoded(dst, ext, a, t, b), tail
		}
		return append(dst, ']')
	case tagComplex:
		dst = append(dst, '{')
		first := true
		for _, sub := range a.Sub {
			var t int
			var b string
			if t, b, body = seek(body, sub.Num); t >= 0 && w.projection.wantsSub(ext, a, sub) {
				dst = appendLeaf(appendKey(dst, &first, sub), t, b)
			}
		}
		return append(dst, '}')
	}
	return appendLeaf(dst, tag, body)
}

// appendLeaf appends a stored value that has no parts.
func appendLeaf(dst []byte, tag int, body string) []byte {
	switch tag {
	case tagConst:
		if n, _ := uvarint(body); n < uint64(len(constants)) {
			return appendString(dst, constants[n])
		}
	case tagString:
		return appendString(dst, body)
	}
	v, err := decodeValue(tag, body, &Attribute{}, 1)
	if err != nil {
		return append(dst, "null"...)
	}
	return AppendValue(dst, v)
}
