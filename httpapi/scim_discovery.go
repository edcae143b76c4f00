package httpapi

import "rosterd/scim"

// root answers a connection test that only asks whether somebody is there
// (row 66).
func (s *Server) root(x *exchange) {
	base := x.base()
	x.send(200, scimJSON, scim.AppendObject(nil, scim.Object{
		{Name: "serviceProviderConfig", Value: scim.Text(base + "/ServiceProviderConfig")},
		{Name: "resourceTypes", Value: scim.Text(base + "/ResourceTypes")},
		{Name: "schemas", Value: scim.Text(base + "/Schemas")},
	}))
}

func (s *Server) serviceProviderConfig(x *exchange) {
	if x.filtered() {
		return
	}
	x.send(200, scimJSON, scim.AppendObject(nil, scim.ServiceProviderConfig(x.base(), s.cfg.Limits)))
}

func (s *Server) resourceTypes(x *exchange) { x.discover(scim.ResourceTypeObjects(x.base())) }
func (s *Server) schemas(x *exchange)       { x.discover(scim.Schemas(x.base())) }

func (s *Server) resourceType(x *exchange) { x.discoverOne(scim.ResourceTypeObjects(x.base())) }
func (s *Server) schema(x *exchange)       { x.discoverOne(scim.Schemas(x.base())) }

// filtered refuses a filter on discovery, as RFC 7644 section 4 demands.
func (x *exchange) filtered() bool {
	if !x.ctx.QueryArgs().Has("filter") {
		return false
	}
	x.refuse(scim.Errorf(403, "", "discovery cannot be filtered (RFC 7644 section 4)"))
	return true
}

// discover answers with a ListResponse of all.
func (x *exchange) discover(all []scim.Object) {
	if x.filtered() {
		return
	}
	var list []scim.Value
	for _, o := range all {
		list = append(list, scim.ObjectOf(o...))
	}
	n := scim.Integer(int64(len(all)))
	x.send(200, scimJSON, scim.AppendObject(nil, scim.Object{
		{Name: "schemas", Value: scim.ListOf(scim.Text(scim.URNListResponse))},
		{Name: "totalResults", Value: n},
		{Name: "startIndex", Value: scim.Integer(1)},
		{Name: "itemsPerPage", Value: n},
		{Name: "Resources", Value: scim.ListOf(list...)},
	}))
}

// discoverOne answers with the one that the address names.
func (x *exchange) discoverOne(all []scim.Object) {
	for _, o := range all {
		if o.Get("id").Str() == x.param(0) {
			x.send(200, scimJSON, scim.AppendObject(nil, o))
			return
		}
	}
	x.refuse(scim.Errorf(404, "", "there is no such schema or resource type"))
}
