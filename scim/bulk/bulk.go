// Package bulk is the part of POST /Bulk (RFC 7644 section 3.7) that knows no
// users and groups, as pure code: what a request says (Parse), in which order
// its operations run and which stand or fall together (Plan), and what their
// references to each other stand for (Operation.Resolve).
//
// Only an operation that is wrong by itself is refused here, each alone; the
// others go on, as the RFC wants it.
package bulk

import (
	"cmp"
	"slices"
	"strings"

	"rosterd/scim"
)

// URNs of the messages (RFC 7644 section 8.2).
const (
	URNRequest  = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
	URNResponse = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
)

// A Request is a BulkRequest.
type Request struct {
	// FailOnErrors is how many operations may fail before the rest is not run;
	// 0: any number. Clients write 0 or -1 for that as well.
	FailOnErrors int
	Operations   []Operation
}

// An Operation is one write of a Request.
type Operation struct {
	Method  string             // POST, PUT, PATCH or DELETE
	Type    *scim.ResourceType // what is written; nil only with a Refusal
	ID      string             // of the resource, or a reference to it; empty with POST
	BulkID  string             // the client's own name for it; only POST needs one
	Version string             // the entity tag that the resource must have; empty: any
	Data    scim.Object        // the body that a request of its own would have
	// Refusal says why the operation cannot be run, whatever is stored; nil: it
	// can.
	Refusal *scim.Error

	alone bool
}

// Alone reports that op refers to no other operation. Where only its text was
// looked at, and that is not sure, it reports false.
func (op *Operation) Alone() bool { return op.alone }

// Parse reads the body of a BulkRequest. What is wrong with one operation is
// that one's Refusal. The request is refused as a whole if its operations
// cannot be told apart: 400 invalidSyntax, 400 invalidValue where two share a
// bulkId, and 413 for more than lim.BulkOperations, before more are decoded. What
// the operations write has lim.Values in all, since it is held together. Their
// data is in room, unless something was odd; nil: on the heap.
func Parse(body []byte, lim scim.Limits, room *scim.Room) (Request, *scim.Error) {
	req, ok := whole(body, lim, room)
	if !ok {
		var refusal *scim.Error
		if req, refusal = inParts(body, lim); refusal != nil {
			return Request{}, refusal
		}
	}
	if err := link(req.Operations); err != nil {
		return Request{}, err
	}
	return req, nil
}

// whole decodes a bulk at once, if there is nothing odd about it: it is like
// those that clients send, and all of it can be read. Any other has to be taken
// apart first, to say what is wrong with which operation.
func whole(body []byte, lim scim.Limits, room *scim.Room) (req Request, ok bool) {
	const around = 3 // levels around data: the bulk, the array, the operation
	lim.Depth += around
	d := scim.Decoder{Room: room, Elements: lim.BulkOperations}
	if o, refusal := d.Decode(body, lim); refusal == nil {
		req, ok = plain(o)
	}
	if !ok {
		if room != nil {
			room.ResetBulk() // what is decoded twice is not held twice
		}
		return Request{}, false
	}
	may := mayRefer(body)
	for i := range req.Operations {
		op := &req.Operations[i]
		op.alone = !may || len(op.references()) == 0
	}
	return req, true
}

// plain makes a Request of what was decoded, unless it is odd. What stands beside
// the data of operations is flat: the depth that it may have was not looked at.
func plain(o scim.Object) (req Request, ok bool) {
	for _, a := range o {
		switch {
		case strings.EqualFold(a.Name, "Operations"):
			req.Operations = make([]Operation, len(a.Value.List()))
			for i, e := range a.Value.List() {
				if e.Kind() != scim.Complex || !req.Operations[i].plain(e.Obj()) {
					return Request{}, false
				}
			}
		case a.Value.Kind() == scim.Complex, slices.ContainsFunc(a.Value.List(), nested):
			return Request{}, false
		}
	}
	var refusal *scim.Error
	req.FailOnErrors, refusal = failOnErrors(o)
	return req, refusal == nil && len(req.Operations) > 0
}

// plain reads an operation from its attributes, unless it is odd.
func (op *Operation) plain(o scim.Object) bool {
	op.read(o)
	var data scim.Object
	for _, a := range o {
		switch {
		case strings.EqualFold(a.Name, "data"):
			data = a.Value.Obj() // nil unless it is an object
		case nested(a.Value):
			return false
		}
	}
	if op.Refusal == nil && op.Method != "DELETE" {
		op.Data = data
		return data != nil
	}
	return true
}

// nested reports whether v has parts.
func nested(v scim.Value) bool { return v.Kind() == scim.Complex || v.Kind() == scim.List }

// inParts decodes each operation by itself, on the heap: a room would hold what
// was decoded of those that are refused, too.
func inParts(body []byte, lim scim.Limits) (Request, *scim.Error) {
	more := scim.Errorf(413, "", "Operations: the bulk has more than maxOperations (%d); send it in parts", lim.BulkOperations)
	rest, elements, refusal := scim.Split(body, "Operations", lim.BulkOperations, more, lim)
	switch {
	case refusal != nil:
		return Request{}, refusal
	case len(elements) == 0:
		return Request{}, scim.Errorf(400, scim.InvalidSyntax, "Operations: send an array of at least one operation")
	}
	req := Request{Operations: make([]Operation, len(elements))}
	if req.FailOnErrors, refusal = failOnErrors(rest); refusal != nil {
		return Request{}, refusal
	}
	p := parser{lim: lim, left: lim.Values}
	for i, raw := range elements {
		req.Operations[i] = p.operation(raw)
		req.Operations[i].alone = !mayRefer(raw)
	}
	return req, nil
}

func failOnErrors(o scim.Object) (int, *scim.Error) {
	switch v, _ := o.Fold("failOnErrors"); v.Kind() {
	case scim.Null:
		return 0, nil
	case scim.Int:
		return int(max(v.Int(), 0)), nil
	}
	return 0, scim.Errorf(400, scim.InvalidValue, "failOnErrors: send a whole number, or nothing for no limit")
}

// A parser reads the operations of one bulk, each by itself.
type parser struct {
	d    scim.Decoder
	lim  scim.Limits
	left int // how many values the data of further operations may have
}

// operation reads one operation. One that is refused keeps what could be read,
// for its answer.
func (p *parser) operation(raw []byte) Operation {
	if raw[0] != '{' {
		return Operation{Refusal: scim.Errorf(400, scim.InvalidSyntax, "an operation is an object with method, path, bulkId and data")}
	}
	o, data, refusal := scim.DecodeBut(raw, "data", p.lim)
	if refusal != nil {
		return Operation{Refusal: refusal}
	}
	var op Operation
	op.read(o)
	if op.Refusal == nil && op.Method != "DELETE" {
		op.Data, op.Refusal = p.body(op.Method, data)
	}
	return op
}

// read reads what stands beside data.
func (op *Operation) read(o scim.Object) {
	var path string
	for _, a := range o {
		switch strings.ToLower(a.Name) {
		case "method":
			op.Method = op.text(a)
		case "path":
			path = op.text(a)
		case "bulkid":
			op.BulkID = op.text(a)
		case "version":
			op.Version = op.text(a)
		}
	}
	op.Refusal = cmp.Or(op.Refusal, op.locate(path))
	if op.Refusal == nil && op.Method == "POST" && op.BulkID == "" {
		op.Refusal = scim.Errorf(400, scim.InvalidValue, "bulkId: POST needs one (RFC 7644 section 3.7)")
	}
}

// body decodes the data of an operation. That of a PATCH may be the array of its
// operations alone, as in the example of RFC 7644 section 3.7.3.
func (p *parser) body(method string, data []byte) (scim.Object, *scim.Error) {
	switch {
	case method == "PATCH" && len(data) > 0 && data[0] == '[':
		data = slices.Concat([]byte(`{"Operations":`), data, []byte("}"))
	case len(data) == 0 || data[0] != '{':
		return nil, scim.Errorf(400, scim.InvalidSyntax, "data: %s needs an object", method)
	}
	lim := p.lim
	lim.Values = p.left
	o, refusal := p.d.Decode(data, lim)
	if refusal != nil {
		refusal.Detail = "data: " + refusal.Detail
		return nil, refusal
	}
	p.left -= p.d.Values()
	return o, nil
}

// text returns a, which must be a string or null.
func (op *Operation) text(a scim.Attr) string {
	if a.Value.Kind() != scim.String && a.Value.Kind() != scim.Null && op.Refusal == nil {
		op.Refusal = scim.Errorf(400, scim.InvalidSyntax, "%s: send a string", a.Name)
	}
	return a.Value.Str()
}

// locate finds what the path names, relative to the SCIM root.
func (op *Operation) locate(path string) *scim.Error {
	endpoint, id, one := strings.Cut(strings.Trim(path, "/"), "/")
	for _, rt := range scim.ResourceTypes {
		if rt.Endpoint == "/"+endpoint && !strings.Contains(id, "/") {
			op.Type, op.ID = rt, id
		}
	}
	switch {
	case path == "":
		return scim.Errorf(400, scim.InvalidSyntax, "path: an operation names /Users, /Groups, or a resource under them")
	case op.Type == nil:
		return scim.Errorf(404, "", "path %q: a bulk writes /Users, /Groups, and the resources under them", clip(path))
	}
	switch op.Method {
	case "POST":
		if one {
			return scim.Errorf(405, "", "path %q: POST takes /Users or /Groups", clip(path))
		}
	case "PUT", "PATCH", "DELETE":
		if !one {
			return scim.Errorf(405, "", "path %q: %s takes one resource", clip(path), op.Method)
		}
	default:
		return scim.Errorf(405, "", "method %q: write POST, PUT, PATCH or DELETE", clip(op.Method))
	}
	return nil
}

// link checks the references between operations.
func link(ops []Operation) *scim.Error {
	makers := map[string]int{}
	for i, op := range ops {
		if op.Method != "POST" || op.BulkID == "" {
			continue
		}
		if first, twice := makers[op.BulkID]; twice {
			return scim.Errorf(400, scim.InvalidValue, "bulkId %q: operations %d and %d have it; make it unique", clip(op.BulkID), first+1, i+1)
		}
		makers[op.BulkID] = i
	}
	for i := range ops {
		op := &ops[i]
		for _, ref := range op.references() {
			if _, known := makers[ref]; !known && op.Refusal == nil {
				op.Refusal = scim.Errorf(400, scim.InvalidValue, "bulkId %q: no POST of this bulk has it", clip(ref))
			}
		}
	}
	return nil
}

// clip bounds what a detail repeats of the request.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
