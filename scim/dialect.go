package scim

// A Dialect says which quirks of its client a connection tolerates. No other
// code asks which identity provider it talks to.
type Dialect struct {
	Name      string
	tolerates Quirks
	seen      *Quirks // where what was tolerated is noted; nil: nowhere
}

var (
	// everywhere are the quirks that no client is harmed by.
	everywhere = Quirks(1<<(LastQuirk+1)-2) &^ setOf(LatestRoles, UnknownMember)
	// tooLax are those of them that the strict dialect does without: where
	// they change what the RFCs say is to be stored, refused or found.
	tooLax = setOf(
		CreateElement, RemoveGone, EmptyText, AppRole, UnquotedValue, RawPlus,
		KeepActive, AdoptLocal, RestoreInactive, SoftDeletedName, PartialMembers,
	)
)

var dialects = []*Dialect{
	{Name: "generic", tolerates: everywhere},
	{Name: "entra", tolerates: everywhere | setOf(LatestRoles)},
	{Name: "okta", tolerates: everywhere | setOf(UnknownMember)},
	{Name: "onelogin", tolerates: everywhere},
	{Name: "strict", tolerates: everywhere &^ tooLax},
}

// Dialects returns the dialects that there are, generic first.
func Dialects() []*Dialect { return dialects }

// DialectByName returns the dialect entra, okta, onelogin, generic or strict.
func DialectByName(name string) (*Dialect, bool) {
	for _, d := range dialects {
		if d.Name == name {
			return d, true
		}
	}
	return nil, false
}

// Noting returns d for one request: what is tolerated of it is added to seen.
func (d Dialect) Noting(seen *Quirks) Dialect {
	d.seen = seen
	return d
}

// Has reports whether d tolerates q.
func (d *Dialect) Has(q Quirk) bool { return d.tolerates.Has(q) }

// Tolerates reports whether d tolerates q, which the client has just sent, and
// notes it if so.
func (d *Dialect) Tolerates(q Quirk) bool {
	if !d.tolerates.Has(q) {
		return false
	}
	d.Note(q)
	return true
}

// Note notes q, which nobody can help tolerating.
func (d *Dialect) Note(q Quirk) {
	if d.seen != nil {
		*d.seen |= 1 << q
	}
}
