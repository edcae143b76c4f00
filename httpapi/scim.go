package httpapi

import (
	"rosterd/scim"
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
		scimRoute("POST", "/Bulk", tokenOnly, s.bulk),
	}
	for _, rt := range scim.ResourceTypes {
		out = append(out,
			scimRoute("GET", rt.Endpoint, tokenOnly, func(x *exchange) { x.list(rt) }),
			scimRoute("POST", rt.Endpoint, tokenOnly, func(x *exchange) { x.write(rt) }),
			scimRoute("GET", rt.Endpoint+"/{id}", tokenOnly, func(x *exchange) { x.get(rt) }))
		for _, method := range []string{"PUT", "PATCH", "DELETE"} {
			out = append(out, scimRoute(method, rt.Endpoint+"/{id}", tokenOnly, func(x *exchange) { x.write(rt) }))
		}
	}
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		out = append(out, scimRoute(method, "/Me", tokenOnly, s.me))
	}
	search := func(template string, types ...*scim.ResourceType) route {
		r := scimRoute("POST", template, tokenOnly, func(x *exchange) { x.search(types) })
		r.reads = true
		return r
	}
	return append(out, search("/.search", scim.ResourceTypes...), search("/Users/.search", scim.User), search("/Groups/.search", scim.Group))
}

// me answers /Me, which stands for the person behind the token (RFC 7644
// section 3.11). A token belongs to a connection, which is nobody.
func (s *Server) me(x *exchange) {
	x.refuse(scim.Errorf(501, "", "/Me names nobody: a token belongs to a connection, not to a person; address people as /Users/{id}, which a filter by userName finds"))
}

// projection reads attributes and excludedAttributes, which also shape the
// answers of writes (RFC 7644 section 3.9).
func (x *exchange) projection(rt *scim.ResourceType) (*scim.Projection, *scim.Error) {
	return scim.NewProjection(rt, x.query("attributes"), x.query("excludedAttributes"))
}

// sendResource answers with one resource, its entity tag and its place.
func (x *exchange) sendResource(status int, rt *scim.ResourceType, r workspace.Resource, shape *scim.Projection) {
	h := &x.ctx.Response.Header
	x.tag(r.Version())
	id := r.ID()
	x.scratch = id.Append(append(append(append(x.scratch[:0], x.base()...), rt.Endpoint...), '/'))
	h.SetCanonical(locationHeader, x.scratch)
	h.SetContentType(scimJSON)
	x.ctx.SetStatusCode(status)
	body := x.ctx.Response.SwapBody(nil) // what fasthttp keeps for bodies
	x.ctx.Response.SwapBody(scim.AppendJSON(body[:0], rt, r, shape))
}

// tag answers with the entity tag of a version.
func (x *exchange) tag(version uint64) {
	x.scratch = workspace.AppendETag(x.scratch[:0], version)
	x.ctx.Response.Header.SetCanonical(etagHeader, x.scratch)
}
