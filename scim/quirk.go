package scim

import "iter"

// A Quirk is something that clients send, or take for granted, and that RFC
// 7643 and RFC 7644 do not provide for. Dialects say which of them a
// connection tolerates. Journal records store these numbers: append only.
type Quirk uint8

// Quirks. What each of them is says QuirkInfo.
const (
	TextBoolean Quirk = iota + 1
	OperationCase
	CreateElement
	RemoveGone
	RemoveByValue
	EchoedReadOnly
	DottedName
	QualifiedName
	FilterName
	BareExtension
	ManagerForm
	EmptyText
	ListOfOne
	SingleForList
	BareElement
	WrappedValue
	UnknownAttribute
	UnknownSchema
	UnlistedExtension
	NoSchemas
	AppRole
	LatestRoles
	FilterPart
	UnquotedValue
	RawPlus
	NoContentType
	TrailingSlash
	KeepActive
	AdoptLocal
	RestoreInactive
	SoftDeletedName
	UnknownMember
	PartialMembers
)

// LastQuirk is the greatest Quirk that there is.
const LastQuirk = PartialMembers

// A QuirkInfo says what a Quirk is.
type QuirkInfo struct {
	Name string
	Rows []int  // of docs/interop.md; none: a request shape without a row
	RFC  string // the section that it departs from
	Does string // what the client does, and what is made of it
}

// Info says what q is.
func (q Quirk) Info() QuirkInfo { return quirkInfos[q] }

var quirkInfos = [LastQuirk + 1]QuirkInfo{
	TextBoolean:       {"textBoolean", []int{1, 25}, "RFC 7643 section 2.3.2", `writes true and false as texts, such as "False"`},
	OperationCase:     {"operationCase", []int{3}, "RFC 7644 section 3.5.2", "writes add, remove and replace in other letter case"},
	CreateElement:     {"createElement", []int{4, 5, 6, 8}, "RFC 7644 section 3.5.2.3", "writes to an element that its filter does not find; the element is created"},
	RemoveGone:        {"removeGone", nil, "RFC 7644 section 3.5.2.2", "removes what is not there; that is done already, for members in every dialect"},
	RemoveByValue:     {"removeByValue", []int{9}, "RFC 7644 section 3.5.2.2", "names in value which elements to remove; only they are"},
	EchoedReadOnly:    {"echoedReadOnly", []int{14, 52}, "RFC 7644 section 3.5.2", "sends what only the server writes in a PATCH without a path; it is passed over"},
	DottedName:        {"dottedName", []int{15}, "RFC 7643 section 2.1", "writes name.givenName as the name of an attribute"},
	QualifiedName:     {"qualifiedName", []int{16}, "RFC 7643 section 3.3", "writes a schema URN with an attribute behind it as the name of an attribute"},
	FilterName:        {"filterName", nil, "RFC 7643 section 2.1", "writes a path with a filter as the name of an attribute"},
	BareExtension:     {"bareExtension", nil, "RFC 7644 section 3.10", "names an attribute of an extension, such as manager, without its URN"},
	ManagerForm:       {"managerForm", []int{21, 23}, "RFC 7643 section 4.3", `sends manager as a text or as {"managerId": ...}`},
	EmptyText:         {"emptyText", []int{23, 51}, "RFC 7643 section 2.5", `sends "" for what is unassigned`},
	ListOfOne:         {"listOfOne", nil, "RFC 7643 section 2.4", "sends a list of one for an attribute with a single value"},
	SingleForList:     {"singleForList", nil, "RFC 7643 section 2.4", "sends one value where a list is due"},
	BareElement:       {"bareElement", nil, "RFC 7643 section 2.4", "sends a text for an element that is an object; the text is its value"},
	WrappedValue:      {"wrappedValue", nil, "RFC 7644 section 3.5.2.1", `sends {"value": x} for a path that ends in value`},
	UnknownAttribute:  {"unknownAttribute", []int{24}, "RFC 7644 section 3.12", "sends attributes that no schema has; they are passed over"},
	UnknownSchema:     {"unknownSchema", []int{52}, "RFC 7643 section 3", "lists schemas that the resource type does not have; they are passed over"},
	UnlistedExtension: {"unlistedExtension", nil, "RFC 7643 section 3", "sends attributes of an extension that its schemas do not list"},
	NoSchemas:         {"noSchemas", nil, "RFC 7643 section 3", "sends no schemas"},
	AppRole:           {"appRole", []int{24}, "RFC 7643 section 4.1.2", "sends a role with id and displayName, or as a JSON document in the text of its value"},
	LatestRoles:       {"latestRoles", []int{24}, "RFC 7644 section 3.5.2.1", "adds roles and never removes one; what it adds is the whole set"},
	FilterPart:        {"filterPart", nil, "RFC 7644 section 3.4.2.2", `filters by attr[...].sub, such as emails[type eq "work"].value eq "..."`},
	UnquotedValue:     {"unquotedValue", nil, "RFC 7644 section 3.4.2.2", "leaves the quotes of a filter's value out"},
	RawPlus:           {"rawPlus", []int{31}, "RFC 3986 section 2.2", "does not encode the + of an address in a filter"},
	NoContentType:     {"noContentType", []int{34}, "RFC 7644 section 3.1", "sends a body without a Content-Type"},
	TrailingSlash:     {"trailingSlash", nil, "RFC 7644 section 3.2", "ends the address with a slash"},
	KeepActive:        {"keepActive", []int{39}, "RFC 7644 section 3.5.1", "replaces a user without active; the stored value stays"},
	AdoptLocal:        {"adoptLocal", []int{67}, "RFC 7644 section 3.3", "creates a user whom the workspace has; the local account is adopted"},
	RestoreInactive:   {"restoreInactive", []int{37}, "RFC 7644 section 3.3", "creates a user who was deactivated; the record is restored"},
	SoftDeletedName:   {"softDeletedName", []int{65}, "RFC 7643 section 4.1.1", "puts 32 hex digits before the userName of a deleted user; the account e-mail stays held"},
	UnknownMember:     {"unknownMember", nil, "RFC 7644 section 3.12", "pushes members who are not here; they are left out and noted in the log"},
	PartialMembers:    {"partialMembers", []int{41}, "RFC 7644 section 3.5.2.3", "replaces the members of a group by fewer; the log warns of those who are removed"},
}

// Quirks is a set of them.
type Quirks uint64

func setOf(list ...Quirk) Quirks {
	var s Quirks
	for _, q := range list {
		s |= 1 << q
	}
	return s
}

// Has reports whether q is in s.
func (s Quirks) Has(q Quirk) bool { return s&(1<<q) != 0 }

// All returns the elements of s in order.
func (s Quirks) All() iter.Seq[Quirk] {
	return func(yield func(Quirk) bool) {
		for q := Quirk(1); q <= LastQuirk; q++ {
			if s.Has(q) && !yield(q) {
				return
			}
		}
	}
}
