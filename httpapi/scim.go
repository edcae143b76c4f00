package httpapi

import (
	"net/url"
	"strings"
	"sync"
	"time"

	"rosterd/scim"
	"rosterd/scim/filter"
	"rosterd/workspace"
)

func (s *Server) scimRoutes() []route {
	scimRoute := func(method, template string, a access, h func(*exchange)) route {
		return route{method: method, template: template, surface: "scim", access: a, handle: h}
	}
	out := []route{
		scimRoute("GET", "/", public, s.root),
		scimRoute("GET", "/ServiceProviderConfig", public, s.serviceProviderConfig),
		scimRoute("GET", "/ResourceTypes", public, s.resourceTypes),
		scimRoute("GET", "/ResourceTypes/{id}", public, s.resourceType),
		scimRoute("GET", "/Schemas", public, s.schemas),
		scimRoute("GET", "/Schemas/{id}", public, s.schema),
		scimRoute("GET", "/Users", tokenOnly, s.listUsers),
		scimRoute("POST", "/Users", tokenOnly, s.createUser),
		scimRoute("GET", "/Users/{id}", tokenOnly, s.getUser),
		scimRoute("PUT", "/Users/{id}", tokenOnly, s.replaceUser),
		scimRoute("PATCH", "/Users/{id}", tokenOnly, s.patchUser),
		scimRoute("DELETE", "/Users/{id}", tokenOnly, s.deleteUser),
		scimRoute("GET", "/Groups", tokenOnly, s.listGroups),
		scimRoute("POST", "/Groups", tokenOnly, s.createGroup),
		scimRoute("GET", "/Groups/{id}", tokenOnly, s.getGroup),
		scimRoute("PUT", "/Groups/{id}", tokenOnly, s.replaceGroup),
		scimRoute("PATCH", "/Groups/{id}", tokenOnly, s.patchGroup),
		scimRoute("DELETE", "/Groups/{id}", tokenOnly, s.deleteGroup),
	}
	for _, r := range []struct{ method, template string }{
		{"POST", "/Bulk"}, {"GET", "/Me"}, {"POST", "/Me"}, {"PUT", "/Me"}, {"PATCH", "/Me"}, {"DELETE", "/Me"},
		{"POST", "/.search"}, {"POST", "/Users/.search"}, {"POST", "/Groups/.search"},
	} {
		out = append(out, scimRoute(r.method, r.template, tokenOnly, s.unsupported))
	}
	return out
}

// unsupported answers what RFC 7644 leaves to the service provider and
// ServiceProviderConfig says it does not do (sections 3.7, 3.11, 3.4.3).
func (s *Server) unsupported(x *exchange) {
	x.refuse(scim.Errorf(501, "", "%s is not supported; ServiceProviderConfig lists what is", x.route.template))
}

// projection reads attributes and excludedAttributes, which also shape the
// answers of writes (RFC 7644 section 3.9).
func (x *exchange) projection(rt *scim.ResourceType) (*scim.Projection, *scim.Error) {
	return scim.NewProjection(rt, x.query("attributes"), x.query("excludedAttributes"))
}

// resource is what a User and a Group have in common for an answer.
type resource interface {
	scim.Resource
	ID() workspace.ResourceID
	Version() uint64
}

// answers are buffers in which answers grow.
var answers = sync.Pool{New: func() any { return new([]byte) }}

// sendResource answers with one resource, its entity tag and its place.
func (x *exchange) sendResource(status int, rt *scim.ResourceType, r resource, shape *scim.Projection) {
	h := &x.ctx.Response.Header
	h.Set("ETag", workspace.ETag(r.Version()))
	h.Set("Location", x.base()+rt.Endpoint+"/"+r.ID().String())
	buf := answers.Get().(*[]byte)
	*buf = scim.AppendJSON((*buf)[:0], rt, r, shape)
	h.SetContentType(scimJSON)
	x.ctx.SetStatusCode(status)
	x.ctx.Response.SetBody(*buf) // copies
	if cap(*buf) <= bufferKept {
		answers.Put(buf)
	}
}

// sendRead answers a GET of one resource: 304 if the client has it (RFC 7644
// section 3.14).
func (x *exchange) sendRead(rt *scim.ResourceType, r resource, shape *scim.Projection) {
	p := precondition(x.ctx.Request.Header.Peek("If-None-Match"))
	if p.Set && p.Holds(r.Version()) {
		x.ctx.Response.Header.Set("ETag", workspace.ETag(r.Version()))
		x.ctx.SetStatusCode(304)
		return
	}
	x.sendResource(200, rt, r, shape)
}

// precondition reads If-Match or If-None-Match. A tag that is none of ours
// matches nothing.
func precondition(header []byte) workspace.Precondition {
	text := strings.TrimSpace(string(header))
	p := workspace.Precondition{Set: text != "", Any: text == "*"}
	for tag := range strings.SplitSeq(text, ",") {
		tag = strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
		if v, ok := parseVersion(tag); ok {
			p.Versions = append(p.Versions, v)
		}
	}
	return p
}

func parseVersion(text string) (v uint64, ok bool) {
	for _, c := range text {
		if c < '0' || c > '9' || v > 1<<60 {
			return 0, false
		}
		v = v*10 + uint64(c-'0')
	}
	return v, text != ""
}

// list reads the parameters of a list (RFC 7644 section 3.4.2; rows 48 and
// 49).
func (x *exchange) list(rt *scim.ResourceType) (workspace.Query, *scim.Error) {
	lim := x.s.cfg.Limits
	var q workspace.Query
	var err *scim.Error
	if q.Start, err = x.number("startIndex", 1); err != nil {
		return q, err
	}
	if q.Count, err = x.number("count", lim.PageDefault); err != nil {
		return q, err
	}
	q.Start, q.Count = max(q.Start, 1), min(max(q.Count, 0), lim.PageMax)
	deadline := time.Now().Add(scanTimeout)
	q.Expired = func() bool { return time.Now().After(deadline) }
	raw, sent := rawArgument(x.ctx.URI().QueryString(), "filter")
	if !sent {
		return q, nil
	}
	text, bad := decodeFilter(raw, &x.dialect)
	if bad != nil {
		return q, bad
	}
	q.Filter, err = filter.Parse(rt, text, &x.dialect, lim)
	return q, err
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
	text, err := url.PathUnescape(strings.ReplaceAll(raw, "+", "\x00"))
	if err != nil {
		return "", scim.Errorf(400, scim.InvalidFilter, "the filter is not well encoded: write %% as %%25")
	}
	parts := strings.Split(text, `"`)
	for i, part := range parts {
		plus := " "
		if i%2 == 1 && strings.Contains(part, "@") && strings.Contains(part, "\x00") && d.Tolerates(scim.RawPlus) {
			plus = "+"
		}
		parts[i] = strings.ReplaceAll(part, "\x00", plus)
	}
	return strings.Join(parts, `"`), nil
}

// sendPage answers with a ListResponse (RFC 7644 section 3.4.2).
func sendPage[T scim.Resource](x *exchange, rt *scim.ResourceType, q workspace.Query, p workspace.Page[T], shape *scim.Projection) {
	body := make([]byte, 0, 256+1024*len(p.Items))
	body = append(body, `{"schemas":["`+scim.URNListResponse+`"],"totalResults":`...)
	body = scim.AppendValue(body, scim.Integer(int64(p.Total)))
	body = append(body, `,"startIndex":`...)
	body = scim.AppendValue(body, scim.Integer(int64(q.Start)))
	body = append(body, `,"itemsPerPage":`...)
	body = scim.AppendValue(body, scim.Integer(int64(len(p.Items))))
	body = append(body, `,"Resources":[`...)
	for i, r := range p.Items {
		if i > 0 {
			body = append(body, ',')
		}
		body = scim.AppendJSON(body, rt, r, shape)
	}
	x.send(200, scimJSON, append(body, `]}`...))
}

// resourceID reads the id in the address. What is no id names nothing.
func (x *exchange) resourceID(noun string) (workspace.ResourceID, *scim.Error) {
	id, ok := workspace.ParseResourceID(x.params[0])
	if !ok {
		return id, scim.Errorf(404, "", "there is no %s with this id", noun)
	}
	return id, nil
}
