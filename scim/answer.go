package scim

// AppendJSON appends the JSON of a resource: what is stored straight from its
// Record, what is derived from the Resource, as p projects it. Unassigned
// attributes are left out (RFC 7643 section 2.5).
func AppendJSON(dst []byte, rt *ResourceType, res Resource, p *Projection) []byte {
	w := writer{res: res, projection: p}
	w.appender, _ = res.(Appender)
	return append(w.attrs(append(dst, '{'), nil, rt.Attributes, string(res.Record())), '}')
}

type writer struct {
	res        Resource
	appender   Appender // res, if it is one
	projection *Projection
}

// attrs appends attributes of ext, or of the resource itself, without braces.
// attrs ascends by number except for what is derived, so rest is read once.
func (w *writer) attrs(dst []byte, ext *Attribute, attrs []*Attribute, rest string) []byte {
	first := true
	next := newScan(rest)
	for _, a := range attrs {
		tag, body := -1, ""
		if a.inRecord && next.reaches(a.Num) {
			tag, body = next.tag, next.body
			next.step()
		}
		switch {
		case a.extends:
			dst = w.extension(dst, &first, a, body)
		case tag < 0 && !a.Derived, !w.projection.wants(ext, a):
		case a.Derived:
			dst = w.derived(dst, &first, ext, a)
		default:
			dst = w.encoded(appendKey(dst, &first, a), ext, a, tag, body)
		}
	}
	return dst
}

// derived appends a derived attribute, unless it is unassigned.
func (w *writer) derived(dst []byte, first *bool, ext, a *Attribute) []byte {
	if w.appender == nil || w.projection.namesPart(a) {
		if v := w.res.Derived(a); !v.IsUnassigned() {
			dst = w.value(appendKey(dst, first, a), ext, a, v)
		}
		return dst
	}
	mark, was := len(dst), *first
	dst = appendKey(dst, first, a)
	before := len(dst)
	if dst = w.appender.AppendDerived(dst, a); len(dst) == before {
		*first = was
		return dst[:mark]
	}
	return dst
}

// appendKey is appendName of an attribute of a schema, whose name needs no
// escapes.
func appendKey(dst []byte, first *bool, a *Attribute) []byte {
	key := a.key
	if *first {
		key = key[1:] // without the comma
	}
	*first = false
	return append(dst, key...)
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
		for e := newScan(body); e.more; { // an element is an attribute without a number
			dst = w.encoded(dst, ext, a, e.tag, e.body)
			if e.step() {
				dst = append(dst, ',')
			}
		}
		return append(dst, ']')
	case tagComplex:
		dst = append(dst, '{')
		first, next := true, newScan(body)
		for _, sub := range a.Sub {
			if !next.reaches(sub.Num) {
				continue
			}
			if w.projection.wantsSub(ext, a, sub) {
				dst = appendLeaf(appendKey(dst, &first, sub), next.tag, next.body)
			}
			if !next.step() {
				break
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
			return AppendString(dst, constants[n])
		}
	case tagString:
		return AppendString(dst, body)
	case tagTrue:
		return append(dst, "true"...)
	case tagFalse:
		return append(dst, "false"...)
	}
	v, err := decodeValue(nil, tag, body, &Attribute{}, 1)
	if err != nil {
		return append(dst, "null"...)
	}
	return AppendValue(dst, v)
}
