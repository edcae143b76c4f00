package scim

// ResourceTypes are the resource types of a workspace, in the order of
// discovery (RFC 7644 section 4).
var ResourceTypes = []*ResourceType{User, Group}

var (
	typeNames       = [...]string{"string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"}
	mutabilityNames = [...]string{"readWrite", "readOnly", "immutable", "writeOnly"}
	returnedNames   = [...]string{"default", "always", "never", "request"}
	uniqueNames     = [...]string{"none", "server", "global"}
)

// Schemas returns the schema resources of RFC 7643 section 7, each with every
// characteristic of every attribute. base is the absolute SCIM base URL.
func Schemas(base string) []Object {
	var out []Object
	for _, rt := range ResourceTypes {
		for _, s := range append([]*Schema{rt.Core}, rt.Extensions...) {
			out = append(out, s.object(base))
		}
	}
	return out
}

func (s *Schema) object(base string) Object {
	return Object{
		{"schemas", ListOf(Text("urn:ietf:params:scim:schemas:core:2.0:Schema"))},
		{"id", Text(s.URN)},
		{"name", Text(s.Name)},
		{"description", Text(s.Description)},
		{"attributes", definitions(s.Attributes)},
		{"meta", discoveryMeta("Schema", base+"/Schemas/"+s.URN)},
	}
}

func discoveryMeta(resourceType, location string) Value {
	return ObjectOf(Attr{"resourceType", Text(resourceType)}, Attr{"location", Text(location)})
}

func definitions(attrs []*Attribute) Value {
	out := make([]Value, 0, len(attrs))
	for _, a := range attrs {
		out = append(out, a.definition())
	}
	return ListOf(out...)
}

func (a *Attribute) definition() Value {
	o := Object{
		{"name", Text(a.Name)},
		{"type", Text(typeNames[a.Type])},
		{"multiValued", Boolean(a.Multi)},
		{"description", Text(a.Description)},
		{"required", Boolean(a.Required)},
		{"caseExact", Boolean(a.CaseExact)},
		{"mutability", Text(mutabilityNames[a.Mutability])},
		{"returned", Text(returnedNames[a.Returned])},
		{"uniqueness", Text(uniqueNames[a.Unique])},
	}
	if len(a.Canonical) > 0 {
		o = append(o, Attr{"canonicalValues", texts(a.Canonical)})
	}
	if len(a.RefTypes) > 0 {
		o = append(o, Attr{"referenceTypes", texts(a.RefTypes)})
	}
	if len(a.Sub) > 0 {
		o = append(o, Attr{"subAttributes", definitions(a.Sub)})
	}
	return ObjectOf(o...)
}

func texts(list []string) Value {
	out := make([]Value, 0, len(list))
	for _, s := range list {
		out = append(out, Text(s))
	}
	return ListOf(out...)
}

// ResourceTypeObjects returns the resource types of RFC 7643 section 6.
func ResourceTypeObjects(base string) []Object {
	var out []Object
	for _, rt := range ResourceTypes {
		var extensions []Value
		for _, s := range rt.Extensions {
			extensions = append(extensions, ObjectOf(Attr{"schema", Text(s.URN)}, Attr{"required", Boolean(false)}))
		}
		out = append(out, Object{
			{"schemas", ListOf(Text("urn:ietf:params:scim:schemas:core:2.0:ResourceType"))},
			{"id", Text(rt.Name)},
			{"name", Text(rt.Name)},
			{"endpoint", Text(rt.Endpoint)},
			{"description", Text(rt.Description)},
			{"schema", Text(rt.Core.URN)},
			{"schemaExtensions", ListOf(extensions...)},
			{"meta", discoveryMeta("ResourceType", base+"/ResourceTypes/"+rt.Name)},
		})
	}
	return out
}

// ServiceProviderConfig returns the configuration of RFC 7643 section 5 with
// the pagination of RFC 9865 section 4. It promises nothing that the daemon
// does not do.
func ServiceProviderConfig(base string, lim Limits) Object {
	supported := func(is bool, more ...Attr) Value {
		return ObjectOf(append(Object{{"supported", Boolean(is)}}, more...)...)
	}
	return Object{
		{"schemas", ListOf(Text("urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"))},
		{"patch", supported(true)},
		{"bulk", supported(true, Attr{"maxOperations", Integer(int64(lim.BulkOperations))}, Attr{"maxPayloadSize", Integer(int64(lim.BulkBytes))})},
		{"filter", supported(true, Attr{"maxResults", Integer(int64(lim.PageMax))})},
		{"changePassword", supported(false)},
		{"sort", supported(true)},
		{"etag", supported(true)},
		{"authenticationSchemes", ListOf(ObjectOf(
			Attr{"type", Text("oauthbearertoken")},
			Attr{"name", Text("Bearer token")},
			Attr{"description", Text("A token of the connection in the Authorization header (RFC 6750).")},
			Attr{"primary", Boolean(true)},
		))},
		{"pagination", ObjectOf(
			Attr{"cursor", Boolean(true)},
			Attr{"index", Boolean(true)},
			Attr{"defaultPaginationMethod", Text("index")},
			Attr{"defaultPageSize", Integer(int64(lim.PageDefault))},
			Attr{"maxPageSize", Integer(int64(lim.PageMax))},
			Attr{"cursorTimeout", Integer(int64(lim.PageWait.Seconds()))},
		)},
		{"meta", discoveryMeta("ServiceProviderConfig", base+"/ServiceProviderConfig")},
	}
}
