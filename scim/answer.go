package scim

// AppendJSON appends the JSON of a resource: what is stored straight from its
// Record, what is derived from the Resource, as p projects it. Unassigned
// attributes are left out (RFC 7643 section 2.5).
func AppendJSON(dst []byte, rt *ResourceType, res Resource, p *Projection) []byte {
	w := writer{res: res, projection: p}
	w.appender, _ = res.(Appender)
	return append(w.object(append(dst, '{'), nil, rt.fields, string(res.Record())), '}')
}

type writer struct {
	res        Resource
	appender   Appender // res, if it is one
	projection *Projection
}

// object appends the attributes of an extension, or of the resource itself,
// without braces. fields ascend by number except for what is derived, so rest is
// read once.
func (w *writer) object(dst []byte, ext *Attribute, fields []field, rest string) []byte {
	first := true
	next := newScan(rest)
	for i := range fields {
		f := &fields[i]
		tag, body := -1, ""
		if f.stored && next.reaches(f.num) {
			tag, body = next.tag, next.body
			next.step()
		}
		switch {
		case f.extends:
			dst = w.extension(dst, &first, f, body)
		case tag < 0 && !f.derived:
		case w.projection == nil && !f.shown, w.projection != nil && !w.projection.wants(ext, f.a):
		case f.derived:
			dst = w.derived(dst, &first, ext, f)
		default:
			dst = w.encoded(f.appendKey(dst, &first), ext, f, tag, body)
		}
	}
	return dst
}

// derived appends a derived attribute, unless it is unassigned.
func (w *writer) derived(dst []byte, first *bool, ext *Attribute, f *field) []byte {
	if w.appender == nil || w.projection.namesPart(f.a) {
		if v := w.res.Derived(f.a); !v.IsUnassigned() {
			dst = w.value(f.appendKey(dst, first), ext, f.a, v)
		}
		return dst
	}
	mark, was := len(dst), *first
	dst = f.appendKey(dst, first)
	before := len(dst)
	if dst = w.appender.AppendDerived(dst, f.a); len(dst) == before {
		*first = was
		return dst[:mark]
	}
	return dst
}

// extension appends an extension unless it is empty.
func (w *writer) extension(dst []byte, first *bool, f *field, body string) []byte {
	mark, was := len(dst), *first
	dst = append(f.appendKey(dst, first), '{')
	before := len(dst)
	if dst = w.object(dst, f.a, f.parts, body); len(dst) == before {
		*first = was
		return dst[:mark]
	}
	return append(dst, '}')
}

// value appends a derived value.
func (w *writer) value(dst []byte, ext, a *Attribute, v Value) []byte {
	switch v.Kind() {
	case List:
		dst = append(dst, '[')
		for i, e := range v.List() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = w.value(dst, ext, a, e)
		}
		return append(dst, ']')
	case Complex:
		dst = append(dst, '{')
		first := true
		for _, m := range v.Obj() {
			if sub := find(a.Sub, m.Name); m.Value.Kind() != Null && (sub == nil || w.projection.wantsSub(ext, a, sub)) {
				dst = AppendValue(appendName(dst, &first, m.Name), m.Value)
			}
		}
		return append(dst, '}')
	}
	return AppendValue(dst, v)
}

// encoded appends a stored value.
func (w *writer) encoded(dst []byte, ext *Attribute, f *field, tag int, body string) []byte {
	switch tag {
	case tagList:
		dst = append(dst, '[')
		for e := newScan(body); e.more; { // an element is an attribute without a number
			dst = w.encoded(dst, ext, f, e.tag, e.body)
			if e.step() {
				dst = append(dst, ',')
			}
		}
		return append(dst, ']')
	case tagComplex:
		dst = append(dst, '{')
		first, next := true, newScan(body)
		for i := range f.parts {
			part := &f.parts[i]
			if !next.reaches(part.num) {
				continue
			}
			if w.projection == nil || w.projection.wantsSub(ext, f.a, part.a) {
				dst = appendLeaf(part.appendKey(dst, &first), next.tag, next.body)
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
