package scim

// Numbers of the common attributes (RFC 7643 section 3.1) and of the
// extensions in a Record; the core schemas number theirs from 10.
const (
	numSchemas    = 1
	numID         = 2
	numExternalID = 3
	numMeta       = 4
	numEnterprise = 200
	numRosterd    = 201
)

// common returns the attributes that stand before those of the core schema,
// and meta, which stands behind them.
func common() (schemas, id, externalID, meta *Attribute) {
	schemas = attr(numSchemas, "schemas", TypeReference, "The URNs of the schemas that the resource uses.", multi, required, exact, always, readOnly, derived)
	schemas.RefTypes = []string{"uri"}
	id = text(numID, "id", "The resource's id: opaque, immutable, never used again.", exact, always, readOnly, derived, unique)
	externalID = text(numExternalID, "externalId", "The id that the connection's identity provider gave the resource.", exact, derived)
	meta = complexAttr(numMeta, "meta", "What the server knows of the resource.", []*Attribute{
		text(1, "resourceType", "The name of the resource type.", exact, readOnly),
		attr(2, "created", TypeDateTime, "When the resource was created.", readOnly),
		attr(3, "lastModified", TypeDateTime, "When the resource was last changed.", readOnly),
		text(4, "location", "The resource's own URL.", refers("uri"), readOnly),
		text(5, "version", "The entity tag of the resource.", exact, readOnly),
	}, readOnly, derived)
	return schemas, id, externalID, meta
}

// extension returns the pseudo-attribute under which a resource holds s.
func extension(num uint16, s *Schema) *Attribute {
	return &Attribute{Num: num, Name: s.URN, Description: s.Description, Type: TypeComplex, Sub: s.Attributes}
}

// pick returns the attribute of attrs called name; the tables below name only
// what they define.
func pick(attrs []*Attribute, name string) *Attribute {
	for _, a := range attrs {
		if a.Name == name {
			return a
		}
	}
	panic("scim: no attribute " + name)
}
