package httpapi

import (
	"bytes"

	"rosterd/scim"
)

// Before an identity provider creates somebody, it asks for them: a GET of a
// list whose filter is one name and one text, such as userName eq "x". This
// file reads that form of the address, and nothing else: lookup leaves whatever
// it does not know, or what is not simple, to what reads all filters.

// named are the attributes whose filters lookup knows.
func named(rt *scim.ResourceType, name []byte) *scim.Attribute {
	for _, a := range [...]*scim.Attribute{scim.UserUserName, scim.UserExternalID, scim.UserID} {
		if rt == scim.User && string(name) == a.Name {
			return a
		}
	}
	for _, a := range [...]*scim.Attribute{scim.GroupDisplayName, scim.GroupExternalID, scim.GroupID} {
		if rt == scim.Group && string(name) == a.Name {
			return a
		}
	}
	return nil
}

// lookup answers GET of a list if it asks for a resource by name, and all that
// there are fit into the page, and reports whether it did.
func (x *exchange) lookup(rt *scim.ResourceType) bool {
	lim := x.s.cfg.Limits
	raw, count, ok := simple(x.ctx.URI().QueryString(), lim.PageDefault)
	if !ok || len(raw) > lim.FilterBytes {
		return false
	}
	text, ok := unescape(x.scratch[:0], raw)
	x.scratch = text
	if !ok {
		return false
	}
	name, value, _ := bytes.Cut(text, []byte(` eq "`))
	value, ok = bytes.CutSuffix(value, []byte(`"`))
	a := named(rt, name)
	if !ok || a == nil || !plainText(value) {
		return false
	}
	wanted := string(value) // scratch is used again
	if !x.found.Lookup(x.reader(x.view), a, wanted, &x.slot) {
		return false
	}
	total := x.found.Total()
	if total > min(count, lim.PageMax) {
		return false
	}
	q := &x.wanted
	q.types, q.shapes, q.start = append(q.types[:0], rt), append(q.shapes[:0], nil), 1
	x.sendIndexed(q, &x.found, total)
	return true
}

// simple returns the filter of a query of an address, not decoded, and its
// count, if it says no more than these and the first startIndex.
func simple(query []byte, count int) (filter []byte, n int, ok bool) {
	n = count
	seen := 0 // filter, startIndex and count, each once
	for len(query) > 0 {
		var arg []byte
		arg, query, _ = bytes.Cut(query, []byte("&"))
		key, value, _ := bytes.Cut(arg, []byte("="))
		bit := 0
		switch string(key) {
		case "filter":
			bit, filter = 1, value
		case "startIndex":
			if bit = 2; string(value) != "1" {
				return nil, 0, false
			}
		case "count":
			bit = 4
			if n, ok = digits(value); !ok {
				return nil, 0, false
			}
		}
		if bit == 0 || seen&bit != 0 {
			return nil, 0, false
		}
		seen |= bit
	}
	return filter, n, len(filter) > 0
}

// digits reads a number of a few digits.
func digits(text []byte) (n int, ok bool) {
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(text) > 0 && len(text) < 6
}

// unescape appends raw with its escapes decoded. What is a plus may be a space
// or not (decodeFilter), if it is not before the text in quotes.
func unescape(dst, raw []byte) ([]byte, bool) {
	quoted := false
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == '+' && quoted:
			return dst, false
		case c == '+':
			c = ' '
		case c == '%':
			if i+2 >= len(raw) {
				return dst, false
			}
			high, low := hexDigit(raw[i+1]), hexDigit(raw[i+2])
			if high > 15 || low > 15 {
				return dst, false
			}
			c, i = high<<4|low, i+2
		}
		quoted = quoted || c == '"'
		dst = append(dst, c)
	}
	return dst, true
}

func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

// plainText reports whether value stands in a filter as it is.
func plainText(value []byte) bool {
	for _, c := range value {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
