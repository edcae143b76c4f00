package workspace

import (
	"rosterd/scim"
	"rosterd/scim/patch"
)

// A Request is a SCIM write of one resource, as a client sent it.
type Request struct {
	Method  string // POST, PUT, PATCH or DELETE
	Type    *scim.ResourceType
	ID      ResourceID // not with POST
	IfMatch Precondition
	Body    scim.Object // not with DELETE
	Room    *scim.Room  // that the Command may use too; nil: none
}

// Command returns what r asks for, read in the dialect of its connection, or
// why its body cannot be read.
func (r Request) Command(d *scim.Dialect, lim scim.Limits) (cmd Command, err *scim.Error) {
	var doc scim.Object
	var ops []patch.Op
	switch r.Method {
	case "POST", "PUT":
		scim.NoteSchemas(r.Body, r.Type.URNs, d)
		doc, err = r.Room.Normalize(r.Type, r.Body, d)
	case "PATCH":
		ops, err = patch.Parse(r.Type, r.Body, d, lim)
	}
	if err != nil {
		return nil, err
	}
	user := r.Type == scim.User
	switch {
	case r.Method == "POST" && user:
		return CreateUser{Doc: doc}, nil
	case r.Method == "POST":
		return CreateGroup{Doc: doc}, nil
	case r.Method == "PUT" && user:
		return ReplaceUser{ID: r.ID, IfMatch: r.IfMatch, Doc: doc, Cleared: scim.Cleared(r.Type, r.Body)}, nil
	case r.Method == "PUT":
		return ReplaceGroup{ID: r.ID, IfMatch: r.IfMatch, Doc: doc, Cleared: scim.Cleared(r.Type, r.Body)}, nil
	case r.Method == "PATCH" && user:
		return PatchUser{ID: r.ID, IfMatch: r.IfMatch, Ops: ops, Room: r.Room}, nil
	case r.Method == "PATCH":
		return PatchGroup{ID: r.ID, IfMatch: r.IfMatch, Ops: ops}, nil
	case user:
		return DeleteUser{ID: r.ID, IfMatch: r.IfMatch}, nil
	}
	return DeleteGroup{ID: r.ID, IfMatch: r.IfMatch}, nil
}
