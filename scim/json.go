package scim

import "strconv"

// AppendValue appends v as JSON. Null attributes of objects are left out.
func AppendValue(dst []byte, v Value) []byte {
	switch v.Kind() {
	case String:
		return AppendString(dst, v.Str())
	case Bool:
		return strconv.AppendBool(dst, v.Bool())
	case Int:
		return strconv.AppendInt(dst, v.Int(), 10)
	case Decimal:
		return append(dst, v.Str()...)
	case Complex:
		return AppendObject(dst, v.Obj())
	case List:
		dst = append(dst, '[')
		for i, e := range v.List() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendValue(dst, e)
		}
		return append(dst, ']')
	}
	return append(dst, "null"...)
}

// AppendObject appends o as a JSON object.
func AppendObject(dst []byte, o Object) []byte {
	dst = append(dst, '{')
	first := true
	for _, a := range o {
		if a.Value.Kind() == Null {
			continue
		}
		dst = appendName(dst, &first, a.Name)
		dst = AppendValue(dst, a.Value)
	}
	return append(dst, '}')
}

func appendName(dst []byte, first *bool, name string) []byte {
	if !*first {
		dst = append(dst, ',')
	}
	*first = false
	return append(AppendString(dst, name), ':')
}

// AppendJSON appends e as RFC 7644 section 3.12 writes it: the status is a
// string and scimType stands only where there is one (interop row 56).
func (e *Error) AppendJSON(dst []byte) []byte {
	o := Object{
		{"schemas", ListOf(Text(URNError))},
		{"status", Text(strconv.Itoa(e.Status))},
	}
	if e.Type != "" {
		o = append(o, Attr{"scimType", Text(string(e.Type))})
	}
	return AppendObject(dst, append(o, Attr{"detail", Text(e.Detail)}))
}
