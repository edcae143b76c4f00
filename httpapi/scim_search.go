package httpapi

import (
	"net/url"
	"strings"

	"rosterd/scim"
)

// A search is the parameters of a list as a client sent them, in the address of
// a GET (RFC 7644 section 3.4.2) or in the body of a POST to .search (section
// 3.4.3).
type search struct {
	attributes, excluded string // comma lists
	sortBy, sortOrder    string
	filter               *string
	start, count         int
	indexed, counted     bool    // startIndex, count were sent
	cursor               *string // RFC 9865
}

// addressed reads a search from the address.
func (x *exchange) addressed() (search, *scim.Error) {
	p := search{
		attributes: x.query("attributes"), excluded: x.query("excludedAttributes"), sortBy: x.query("sortBy"), sortOrder: x.query("sortOrder"),
		indexed: x.query("startIndex") != "", counted: x.query("count") != "",
	}
	if x.ctx.QueryArgs().Has("cursor") {
		cursor := x.query("cursor")
		p.cursor = &cursor
	}
	var err *scim.Error
	if p.start, err = x.number("startIndex", 1); err != nil {
		return p, err
	}
	if p.count, err = x.number("count", x.s.cfg.Limits.PageDefault); err != nil {
		return p, countError(err, p.cursor != nil)
	}
	if raw, sent := rawArgument(x.ctx.URI().QueryString(), "filter"); sent {
		text, err := decodeFilter(raw, &x.dialect)
		if err != nil {
			return p, err
		}
		p.filter = &text
	}
	return p, nil
}

// posted reads a search from a body, whose names stand in any letter case. null
// is not sent.
func (x *exchange) posted(body scim.Object) (p search, err *scim.Error) {
	p.start, p.count = 1, x.s.cfg.Limits.PageDefault
	for _, a := range body {
		if a.Value.Kind() == scim.Null {
			continue
		}
		switch strings.ToLower(a.Name) {
		case "attributes":
			p.attributes, err = namesIn(a)
		case "excludedattributes":
			p.excluded, err = namesIn(a)
		case "sortby":
			p.sortBy, err = texted(a)
		case "sortorder":
			p.sortOrder, err = texted(a)
		case "filter":
			var text string
			text, err = texted(a)
			p.filter = &text
		case "cursor":
			var text string
			text, err = texted(a)
			p.cursor = &text
		case "startindex":
			p.indexed = true
			p.start, err = numbered(a)
		case "count":
			p.counted = true
			if p.count, err = numbered(a); err != nil {
				_, paged := body.Fold("cursor")
				err = countError(err, paged)
			}
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

func texted(a scim.Attr) (string, *scim.Error) {
	if a.Value.Kind() != scim.String {
		return "", scim.Errorf(400, scim.InvalidValue, "%s: send a string", a.Name)
	}
	return a.Value.Str(), nil
}

func numbered(a scim.Attr) (int, *scim.Error) {
	if a.Value.Kind() != scim.Int {
		return 0, scim.Errorf(400, scim.InvalidValue, "%s: send a whole number", a.Name)
	}
	return int(a.Value.Int()), nil
}

// namesIn reads an array of names, or one string of them.
func namesIn(a scim.Attr) (string, *scim.Error) {
	if a.Value.Kind() == scim.String {
		return a.Value.Str(), nil
	}
	var names []string
	for _, v := range a.Value.List() {
		if v.Kind() == scim.String {
			names = append(names, v.Str())
		}
	}
	if a.Value.Kind() != scim.List || len(names) < len(a.Value.List()) {
		return "", scim.Errorf(400, scim.InvalidValue, "%s: send an array of strings", a.Name)
	}
	return strings.Join(names, ","), nil
}

// rawArgument returns a parameter of the query as it was sent.
func rawArgument(query []byte, name string) (string, bool) {
	for arg := range strings.SplitSeq(string(query), "&") {
		if key, value, _ := strings.Cut(arg, "="); key == name {
			return value, true
		}
	}
	return "", false
}

// decodeFilter decodes a filter. %2B is a plus. A raw plus is a space, but
// inside a quoted value with an @ it is what it looks like: clients forget to
// encode addresses (row 31).
func decodeFilter(raw string, d *scim.Dialect) (string, *scim.Error) {
	var text []byte
	var pluses []int // offsets of those that were not encoded
	for i, piece := range strings.Split(raw, "+") {
		decoded, err := url.PathUnescape(piece)
		if err != nil {
			return "", scim.Errorf(400, scim.InvalidFilter, "the filter is not well encoded: write %% as %%25")
		}
		if i > 0 {
			pluses = append(pluses, len(text))
			text = append(text, '+')
		}
		text = append(text, decoded...)
	}
	start, quoted := 0, false
	for part := range strings.SplitSeq(string(text), `"`) {
		end := start + len(part)
		n := 0 // of pluses in this part
		for n < len(pluses) && pluses[n] < end {
			n++
		}
		if n > 0 && !(quoted && strings.Contains(part, "@") && d.Tolerates(scim.RawPlus)) {
			for _, at := range pluses[:n] {
				text[at] = ' '
			}
		}
		start, quoted, pluses = end+1, !quoted, pluses[n:]
	}
	return string(text), nil
}

// countError is what a count that is no number gets from who pages by cursor,
// or by startIndex.
func countError(err *scim.Error, byCursor bool) *scim.Error {
	if byCursor {
		err.Type = scim.InvalidCount
	}
	return err
}
