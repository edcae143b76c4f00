package scim

// A Dialect names what a connection's client may send that RFC 7644 does not
// provide for. Every tolerance is one field with the interop row that proves
// it; no other code asks which identity provider it talks to.
type Dialect struct {
	Name string
	// EmptyIsValue keeps "" as a value instead of unassigned (row 51).
	EmptyIsValue bool
	// NoTarget refuses a PATCH whose value filter matches nothing instead of
	// creating the element (rows 4 and 5).
	NoTarget bool
	// PlusIsSpace reads a raw + in a filter as a space only (row 31).
	PlusIsSpace bool
	// NoAdoption answers 409 where others adopt a local user or restore an
	// inactive one (rows 37 and 67).
	NoAdoption bool
	// AbsentIsInactive makes a PUT without active deactivate (row 39).
	AbsentIsInactive bool
	// IgnoreUnknownMembers drops member ids that name nobody instead of
	// refusing the whole push (Okta; idps.md, 2.4).
	IgnoreUnknownMembers bool
	// QuotedValues refuses filter values without quotes (idps.md, 0.2).
	QuotedValues bool
}

var dialects = []*Dialect{
	{Name: "generic"},
	{Name: "entra"},
	{Name: "okta", IgnoreUnknownMembers: true},
	{Name: "onelogin"},
	{
		Name: "strict", EmptyIsValue: true, NoTarget: true, PlusIsSpace: true,
		NoAdoption: true, AbsentIsInactive: true, QuotedValues: true,
	},
}

// DialectByName returns the dialect entra, okta, onelogin, generic or strict.
func DialectByName(name string) (*Dialect, bool) {
	for _, d := range dialects {
		if d.Name == name {
			return d, true
		}
	}
	return nil, false
}
