// Package patch is PATCH (RFC 7644 section 3.5.2) on values: parsing a PatchOp
// message into operations, and applying them to a document, all or nothing.
// What clients send beyond the RFC is tolerated as the interop rows say.
package patch

import (
	"strings"

	"rosterd/scim"
	"rosterd/scim/filter"
)

// A Kind is what an operation does.
type Kind uint8

// Operation kinds.
const (
	Add Kind = iota
	Remove
	Replace
)

// An Op is one operation. Parse has resolved every path, so an operation
// always has one.
type Op struct {
	Kind  Kind
	Path  *filter.Path
	Value scim.Value // as sent; Null for none
}

// Parse reads a PatchOp message. The names op, path, value and Operations and
// the kind stand in any letter case (interop row 3). An operation without a
// path becomes one for each attribute of its value: plain, dotted, behind a
// URN, with a value filter, or nested under an extension's URN (rows 14 to 18).
//
// It refuses more than lim.Operations with 413, an unknown kind with 400
// invalidSyntax, a path that names nothing with 400 invalidPath and one that
// only the server writes with 400 mutability.
func Parse(rt *scim.ResourceType, body scim.Object, d *scim.Dialect, lim scim.Limits) ([]Op, *scim.Error) {
	list, _ := body.Fold("Operations")
	if list.Kind() == scim.Complex && d.Tolerates(scim.SingleForList) {
		list = scim.ListOf(list)
	}
	if list.Kind() != scim.List || len(list.List()) == 0 {
		return nil, scim.Errorf(400, scim.InvalidSyntax, "Operations: send an array of at least one operation")
	}
	scim.NoteSchemas(body, messages, d)
	p := parser{rt: rt, dialect: d, limits: lim}
	for i, raw := range list.List() {
		if err := p.operation(raw); err != nil {
			if len(list.List()) > 1 {
				err.Detail = scim.Errorf(0, "", "operation %d: %s", i+1, err.Detail).Detail
			}
			return nil, err
		}
		if len(p.ops) > lim.Operations {
			return nil, scim.Errorf(413, "", "the PATCH has more than %d operations; send it in parts", lim.Operations)
		}
	}
	return p.ops, nil
}

var messages = []string{scim.URNPatchOp}

type parser struct {
	rt      *scim.ResourceType
	dialect *scim.Dialect
	limits  scim.Limits
	ops     []Op
}

func (p *parser) operation(raw scim.Value) *scim.Error {
	if raw.Kind() != scim.Complex {
		return scim.Errorf(400, scim.InvalidSyntax, "an operation is an object with op, path and value")
	}
	op, _ := raw.Obj().Fold("op")
	path, _ := raw.Obj().Fold("path")
	value, sent := raw.Obj().Fold("value")
	kind, ok := kinds[op.Str()]
	if !ok {
		kind, ok = kinds[strings.ToLower(op.Str())]
		ok = ok && p.dialect.Tolerates(scim.OperationCase)
	}
	if !ok {
		return scim.Errorf(400, scim.InvalidSyntax, "op %q: write add, remove or replace", op.Str())
	}
	switch {
	case kind != Remove && !sent: // null is a value: it unassigns (row 51)
		return scim.Errorf(400, scim.InvalidValue, "op %q needs a value; to unassign, replace with null or remove", op.Str())
	case path.Kind() != scim.String && path.Kind() != scim.Null:
		return scim.Errorf(400, scim.InvalidPath, "path: send a string")
	case path.Str() != "":
		return p.pathed(kind, path.Str(), value)
	case kind == Remove:
		return scim.Errorf(400, scim.NoTarget, "a remove operation needs a path")
	case value.Kind() != scim.Complex:
		return scim.Errorf(400, scim.InvalidValue, "an operation without a path needs an object of attributes as its value")
	}
	return p.pathless(kind, value.Obj(), false)
}

var kinds = map[string]Kind{"add": Add, "remove": Remove, "replace": Replace}

// pathed takes an operation whose path the client wrote.
func (p *parser) pathed(kind Kind, text string, value scim.Value) *scim.Error {
	path, err := filter.ParsePath(p.rt, text, p.dialect, p.limits)
	if err != nil {
		return err
	}
	if path.Ref.Attr.Mutability == scim.ReadOnly && !isID(path.Ref.Attr) || path.Ref.Sub != nil && path.Ref.Sub.Mutability == scim.ReadOnly {
		return scim.Errorf(400, scim.MutabilityError, "%s is written by the server only", path.Ref)
	}
	return p.emit(kind, path, value)
}

// pathless takes the attributes of a value. Attributes that the schema does
// not have are dropped, as in POST, unless there are no others: an answer 204
// without effect would be the worst one (row 55). nested says that attrs stood
// under the URN of an extension.
func (p *parser) pathless(kind Kind, attrs scim.Object, nested bool) *scim.Error {
	known := len(attrs) == 0
	for _, a := range attrs {
		path, err := filter.ParsePath(p.rt, a.Name, p.dialect, p.limits)
		if err != nil {
			if err.Type == scim.InvalidPath && !strings.Contains(a.Name, "[") {
				p.dialect.Note(scim.UnknownAttribute)
				continue
			}
			return err
		}
		known = true
		if !nested {
			p.noteName(a.Name, path)
		}
		if path.Ref.Attr.Mutability == scim.ReadOnly && !isID(path.Ref.Attr) {
			p.dialect.Note(scim.EchoedReadOnly)
			continue // row 52
		}
		if err := p.emit(kind, path, a.Value); err != nil {
			return err
		}
	}
	if !known {
		return scim.Errorf(400, scim.InvalidPath, "the value names no attribute of %s; the first is %q", p.rt.Name, attrs[0].Name)
	}
	return nil
}

// noteName notes a name that is a path and no name of an attribute.
func (p *parser) noteName(name string, path *filter.Path) {
	switch {
	case path.Filter != nil:
		p.dialect.Note(scim.FilterName)
	case strings.HasPrefix(path.Ref.Attr.Name, "urn:"):
	case strings.Contains(name, ":"):
		p.dialect.Note(scim.QualifiedName)
	case path.Ref.Sub != nil:
		p.dialect.Note(scim.DottedName)
	}
}

func isID(a *scim.Attribute) bool { return a == scim.UserID || a == scim.GroupID }

// emit adds an operation, or one for each attribute of an extension.
func (p *parser) emit(kind Kind, path *filter.Path, value scim.Value) *scim.Error {
	a := path.Ref.Attr
	if a.Returned == scim.ReturnedNever {
		return nil // password: accepted and dropped
	}
	if !strings.HasPrefix(a.Name, "urn:") || value.Kind() != scim.Complex || kind == Remove {
		p.ops = append(p.ops, Op{kind, path, value})
		return nil
	}
	var nested scim.Object
	for _, sub := range value.Obj() {
		nested = append(nested, scim.Attr{Name: a.Name + ":" + sub.Name, Value: sub.Value})
	}
	return p.pathless(kind, nested, true)
}
