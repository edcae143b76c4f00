package httpapi

import (
	"strconv"
	"strings"
	"time"

	"rosterd/scim"
	"rosterd/scim/filter"
	"rosterd/workspace"
)

// list answers GET of resources of one type.
func (x *exchange) list(rt *scim.ResourceType) {
	if x.lookup(rt) {
		return
	}
	p, err := x.addressed()
	if err != nil {
		x.refuse(err)
		return
	}
	x.answerSearch(p, []*scim.ResourceType{rt})
}

// search answers POST of a SearchRequest for resources of types. At the root,
// that is all types; GET of the root is a connection test (row 66).
func (x *exchange) search(types []*scim.ResourceType) {
	body, err := x.body(nil)
	var p search
	if err == nil {
		p, err = x.posted(body)
	}
	if err != nil {
		x.refuse(err)
		return
	}
	if x.authenticate() { // once more: the body may have been long in coming
		x.answerSearch(p, types)
	}
}

// A listRequest is a search that was understood.
type listRequest struct {
	search
	types  []*scim.ResourceType
	shapes []*scim.Projection // of types
	query  workspace.Query
	text   string // what two pages of one list have in common
}

// understand checks p. What cannot be evaluated is refused, never ignored.
func (x *exchange) understand(p search, types []*scim.ResourceType) (*listRequest, *scim.Error) {
	lim := x.s.cfg.Limits
	q := &listRequest{search: p, types: types, text: x.route.template}
	filters, sorts := make([]*filter.Filter, len(types)), make([]scim.Ref, len(types))
	var err *scim.Error
	if p.filter != nil {
		if filters, err = filter.ParseAmong(types, *p.filter, &x.dialect, lim); err != nil {
			if err.Type == scim.Sensitive && x.route.method == "POST" { // it says that of an address (RFC 7644 table 9)
				err.Type = scim.InvalidFilter
			}
			return nil, err
		}
	}
	if p.sortBy != "" {
		q.query.Sorted = true
		if sorts, err = filter.ParseSort(types, p.sortBy, &x.dialect); err != nil {
			return nil, err
		}
	}
	switch strings.ToLower(p.sortOrder) {
	case "", "ascending":
	case "descending":
		q.query.Descending = true
	default:
		return nil, scim.Errorf(400, scim.InvalidValue, "sortOrder %q: write ascending or descending", p.sortOrder)
	}
	for i, rt := range types {
		shape, err := scim.NewProjection(rt, p.attributes, p.excluded)
		if err != nil {
			return nil, err
		}
		q.shapes = append(q.shapes, shape)
		q.query.Select = append(q.query.Select, workspace.Selector{Type: rt, Filter: filters[i], SortBy: sorts[i]})
		if p.filter != nil {
			q.text += "\n" + filters[i].String()
		}
	}
	q.text += "\n" + strings.ToLower(p.sortBy+"\n"+p.sortOrder)
	deadline := time.Now().Add(scanTimeout)
	q.query.Expired = func() bool { return time.Now().After(deadline) }
	return q, q.page(lim)
}

// page bounds startIndex and count (rows 48 and 49). Who pages by cursor hears
// of a count that is not possible (RFC 9865 section 2.1).
func (q *listRequest) page(lim scim.Limits) *scim.Error {
	q.start, q.count = max(q.start, 1), max(q.count, 0)
	switch {
	case q.cursor == nil:
		q.count = min(q.count, lim.PageMax)
	case q.indexed:
		return scim.Errorf(400, scim.InvalidValue, "startIndex and cursor exclude each other; send one of them")
	case q.count > lim.PageMax:
		return scim.Errorf(400, scim.InvalidCount, "count: at most %d resources fit into a page", lim.PageMax)
	}
	return nil
}

func (x *exchange) answerSearch(p search, types []*scim.ResourceType) {
	q, err := x.understand(p, types)
	switch {
	case err != nil:
	case q.cursor == nil:
		err = x.answerIndex(q)
	case *q.cursor == "":
		err = x.answerFirst(q)
	default:
		err = x.answerCursor(q)
	}
	if err != nil {
		x.refuse(err)
	}
}

// answerIndex answers a page by its startIndex. It comes from the list that the
// first page came from, as long as that is kept (row 68): nobody is skipped or
// shown twice while others write. A first page is always of the newest View.
func (x *exchange) answerIndex(q *listRequest) *scim.Error {
	key := walkKey{x.ws, x.token.ID, q.text}
	var w *walk
	if q.start == 1 {
		w = x.s.walks.of(key, x.view)
	} else {
		w = x.s.walks.at(key, q.start, x.ctx.ConnID())
	}
	if w == nil {
		list, err := x.reader(x.view).List(q.query)
		if err != nil {
			return err
		}
		w = &walk{key: key, list: list}
	}
	n, total, next := max(0, min(q.count, w.list.Total()-q.start+1)), w.list.Total(), q.start+q.count
	if n > 0 && (q.start > 1 || next <= total) {
		x.s.walks.keep(w, next, x.ctx.ConnID())
	}
	x.sendIndexed(q, w.list, n)
	return nil
}

// sendIndexed answers with n resources of a list, from q.start on.
func (x *exchange) sendIndexed(q *listRequest, list *workspace.Listing, n int) {
	body := x.beginList(list.Total())
	body = append(strconv.AppendInt(append(body, `,"startIndex":`...), int64(q.start), 10), `,"itemsPerPage":`...)
	base := x.base()
	x.sendItems(q, body, n, func(i int) workspace.Resource { return list.At(base, q.start-1+i, &x.slot) })
}

// answerFirst answers the first page of a walk by cursor.
func (x *exchange) answerFirst(q *listRequest) *scim.Error {
	list, err := x.reader(x.view).List(q.query)
	if err != nil {
		return err
	}
	items := list.Page(x.base(), 1, q.count)
	c := cursor{count: q.count, total: list.Total(), until: x.view.LastID()}
	more := len(items) > 0 && c.total > q.count
	if more && q.query.Sorted {
		c.next = 1 + len(items)
		c.walk = x.s.walks.keep(&walk{key: walkKey{x.ws, x.token.ID, q.text}, list: list}, c.next, x.ctx.ConnID())
	}
	x.sendCursor(q, c, items, more)
	return nil
}

// answerCursor answers a further page. In order of creation it is read from the
// newest View, behind the last resource of the page before; in any other order
// it is of the list that the first page came from.
func (x *exchange) answerCursor(q *listRequest) *scim.Error {
	c, err := x.unseal(q)
	if err != nil {
		return err
	}
	if !q.query.Sorted {
		items, more, err := x.reader(x.view).Next(q.query, c.from, c.until, c.count)
		if err == nil {
			x.sendCursor(q, c, items, more)
		}
		return err
	}
	w := x.s.walks.called(c.walk)
	if w == nil {
		return scim.Errorf(400, scim.ExpiredCursor, "the sorted list of this cursor is not kept any more; begin again with an empty cursor")
	}
	items := w.list.Page(x.base(), c.next, c.count)
	c.next += len(items)
	x.s.walks.keep(w, c.next, x.ctx.ConnID())
	x.sendCursor(q, c, items, c.next <= c.total)
	return nil
}

// sendCursor answers with items and, if there are more, the cursor behind them.
func (x *exchange) sendCursor(q *listRequest, c cursor, items []workspace.Resource, more bool) {
	body := x.beginList(c.total)
	if more {
		c.from = q.query.PositionOf(items[len(items)-1])
		body = scim.AppendString(append(body, `,"nextCursor":`...), x.seal(q, c))
	}
	body = append(body, `,"itemsPerPage":`...)
	x.sendItems(q, body, len(items), func(i int) workspace.Resource { return items[i] })
}

// beginList begins a ListResponse (RFC 7644 section 3.4.2), up to the total.
func (x *exchange) beginList(total int) []byte {
	body := x.ctx.Response.SwapBody(nil) // what fasthttp keeps for bodies
	body = append(body[:0], `{"schemas":["`+scim.URNListResponse+`"],"totalResults":`...)
	return strconv.AppendInt(body, int64(total), 10)
}

// sendItems ends body, a ListResponse up to the number of its n items, and
// answers with it. A page that is too long is refused: where it were cut, who
// goes on by count would miss the rest.
func (x *exchange) sendItems(q *listRequest, body []byte, n int, item func(int) workspace.Resource) {
	body = append(strconv.AppendInt(body, int64(n), 10), `,"Resources":[`...)
	for i := range n {
		if most := x.s.cfg.Limits.PageBytes; i > 0 && len(body) > most {
			x.refuse(scim.Errorf(400, scim.TooMany, "the page is longer than %d bytes with %d of its %d resources; ask for fewer with count, or leave members out with excludedAttributes", most, i, n))
			return
		}
		if i > 0 {
			body = append(body, ',')
		}
		r := item(i)
		for k, rt := range q.types {
			if rt == r.Type() {
				body = scim.AppendJSON(body, rt, r, q.shapes[k])
			}
		}
	}
	x.ctx.Response.Header.SetContentType(scimJSON)
	x.ctx.SetStatusCode(200)
	x.ctx.Response.SwapBody(append(body, `]}`...))
}
