package scim

// A Type is the data type of an attribute (RFC 7643 section 2.3).
type Type uint8

// Attribute types.
const (
	TypeString Type = iota
	TypeBoolean
	TypeDecimal
	TypeInteger
	TypeDateTime
	TypeBinary
	TypeReference
	TypeComplex
)

// A Mutability says who may write an attribute (RFC 7643 section 7).
type Mutability uint8

// Mutabilities.
const (
	ReadWrite Mutability = iota
	ReadOnly
	Immutable
	WriteOnly
)

// A Returned says when an attribute is in an answer (RFC 7643 section 7).
type Returned uint8

// Returned characteristics.
const (
	ReturnedDefault Returned = iota
	ReturnedAlways
	ReturnedNever
	ReturnedRequest
)

// A Unique says how far a value must be unique (RFC 7643 section 7).
type Unique uint8

// Uniqueness characteristics.
const (
	UniqueNone Unique = iota
	UniqueServer
	UniqueGlobal
)

// An Attribute is one attribute definition with every characteristic of RFC
// 7643 section 7.
type Attribute struct {
	Name        string
	Description string
	// Num is the attribute's number in a Record, unique among its siblings.
	// It is part of the format on disk: never changed, never used again.
	Num        uint16
	Type       Type
	Multi      bool
	Required   bool
	CaseExact  bool
	Canonical  []string // canonicalValues; a closed set only where Closed is true
	Closed     bool     // values outside Canonical are refused
	Mutability Mutability
	Returned   Returned
	Unique     Unique
	RefTypes   []string // referenceTypes
	Sub        []*Attribute
	// Derived says that an answer asks the Resource for this attribute
	// instead of reading the Record: what the server computes.
	Derived bool
	// Kept says that a Record holds a Derived attribute all the same: the
	// Resource completes what is stored (manager.displayName, names of roles).
	Kept bool
	// MaxLen bounds a string in bytes; 0 means DefaultMaxLen.
	MaxLen int

	place int // of a top-level attribute: its index in ResourceType.Attributes
}

// A Schema is a named list of attributes (RFC 7643 section 7).
type Schema struct {
	URN         string
	Name        string
	Description string
	Attributes  []*Attribute
}

// A ResourceType joins a core schema, its extensions and the common
// attributes of RFC 7643 section 3.1 under an endpoint (section 6).
type ResourceType struct {
	Name        string // "User"
	Plural      string // "Users"
	Endpoint    string // "/Users"
	Description string
	Core        *Schema
	Extensions  []*Schema
	// Attributes are all attributes of a resource in the order in which an
	// answer lists them: schemas, id, externalId, the core schema's, meta,
	// then one Complex attribute per extension, whose Name is the URN.
	Attributes []*Attribute

	// URNs are those of the schemas: Core first, then Extensions.
	URNs []string

	stored []*Attribute   // those that a Record holds, in the order of their numbers
	names  map[string]Ref // what Resolve finds without looking
	fields []field        // of Attributes
}

// A Ref names an attribute of a resource type.
type Ref struct {
	Ext  *Attribute // the extension that holds Attr, or nil for the core schema
	Attr *Attribute
	Sub  *Attribute // the sub-attribute, or nil
}

// A Resource is what an answer is written from and a filter is matched on.
type Resource interface {
	// Record returns the stored attributes.
	Record() Record
	// Derived returns the value of a Derived attribute, Null when it is
	// unassigned. a is a top-level attribute or an attribute of an extension.
	Derived(a *Attribute) Value
}
