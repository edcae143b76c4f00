package play

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// perPush is how many memberships Okta puts into one PATCH at most.
const perPush = 256

// Okta plays the first push of an Okta application from the catalogue: the
// connection test, then every person (looked up by userName, created, or read
// and replaced if found), then the groups (looked up by displayName, created
// without members) and their members, many to a PATCH. Renames follow as a GET
// and a PUT, leavers as a PATCH of active without a path; nobody is deleted.
// Otherwise it is as Entra.
func Okta(ctx context.Context, c *Client, plan Plan, options Options) (Summary, error) {
	r := newRun(plan, newAcked(plan), options)
	return r.play(ctx, c, r.connection(r.oktaTest), r.people(r.oktaPerson), r.groups(r.oktaGroup), r.pushes(perPush, r.oktaPatchMembers), r.changes(edits{
		rename: r.oktaRename,
		deactivate: func(t *talk, id string, _ Person) error {
			_, err := t.call("deactivate user", http.MethodPatch, "/Users/"+id,
				oktaPatch(oktaOperation{Op: "replace", Value: oktaActive{false}}))
			return err
		},
		remove: func(t *talk, g int, user string) error {
			if err := r.oktaName(t, g); err != nil {
				return err
			}
			_, err := t.call("remove member", http.MethodPatch, "/Groups/"+r.acked.Groups[g],
				oktaPatch(oktaOperation{Op: "remove", Path: fmt.Sprintf("members[value eq %q]", user)}))
			return err
		},
	}))
}

// OktaAIW plays an application that a customer has made with Okta's wizard:
// whatever Okta does with PATCH is a PUT of the whole resource here.
func OktaAIW(ctx context.Context, c *Client, plan Plan, options Options) (Summary, error) {
	r := newRun(plan, newAcked(plan), options)
	return r.play(ctx, c, r.connection(r.oktaTest), r.people(r.oktaPerson), r.groups(r.oktaGroup), r.pushes(plan.People, r.oktaPutMembers), r.changes(edits{
		rename: r.oktaRename,
		deactivate: func(t *talk, id string, _ Person) error {
			return r.readAndReplace(t, "deactivate user", "/Users/"+id, func(whole document) error { return whole.set("active", false) })
		},
		remove: func(t *talk, g int, user string) error {
			return r.readAndReplace(t, "remove member", "/Groups/"+r.acked.Groups[g], func(whole document) error {
				var before []Member
				if err := json.Unmarshal(whole["members"], &before); err != nil {
					return err
				}
				members := []oktaMember{}
				for _, m := range before {
					if m.Value != user {
						members = append(members, oktaMember{Value: m.Value})
					}
				}
				return whole.set("members", members)
			})
		},
	}))
}

// The structs below are bodies as Okta sends them, field by field in its order.
type oktaUserBody struct {
	Schemas     []string    `json:"schemas"`
	UserName    string      `json:"userName"`
	Name        oktaName    `json:"name"`
	Emails      []oktaValue `json:"emails"`
	DisplayName string      `json:"displayName"`
	Locale      string      `json:"locale"`
	ExternalID  string      `json:"externalId"`
	Groups      []string    `json:"groups"`
	Password    string      `json:"password"`
	Active      bool        `json:"active"`
}

type oktaName struct {
	GivenName  string `json:"givenName"`
	FamilyName string `json:"familyName"`
}

type oktaValue struct {
	Primary bool   `json:"primary"`
	Value   string `json:"value"`
	Type    string `json:"type"`
}

type oktaGroupBody struct {
	Schemas     []string     `json:"schemas"`
	ID          string       `json:"id,omitempty"`
	DisplayName string       `json:"displayName"`
	Members     []oktaMember `json:"members"`
}

type oktaMember struct {
	Value   string `json:"value"`
	Display string `json:"display,omitempty"`
}

type oktaPatchBody struct {
	Operations []oktaOperation `json:"Operations"`
	Schemas    []string        `json:"schemas"`
}

type oktaOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

func oktaPatch(op oktaOperation) []byte {
	return encode(oktaPatchBody{[]oktaOperation{op}, []string{urnPatch}})
}

type oktaActive struct {
	Active bool `json:"active"`
}

type oktaGroupName struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
}

// oktaTest reads a page of users and one of groups. Okta goes on without
// groups if there are none to be read.
func (r *run) oktaTest(t *talk) error {
	err := r.list(t, "test connection", "/Users?startIndex=1&count=2")
	if err == nil {
		_ = r.list(t, "test connection", "/Groups?startIndex=1&count=100") // it is counted
	}
	return err
}

// list reads a list, whatever is in it.
func (r *run) list(t *talk, kind, path string) error {
	a, err := t.call(kind, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	if _, err = a.List(); err != nil {
		return r.wrong(a, err.Error())
	}
	return nil
}

func (r *run) oktaPerson(t *talk, p Person) (id string, found bool, err error) {
	const page = "&startIndex=1&count=100"
	id, err = r.find(t, "find user", "/Users?filter=userName%20eq%20"+percent(p.UserName)+page)
	switch {
	case err != nil:
		return "", false, err
	case id == "":
		id, err = r.create(t, "create user", "/Users", encode(oktaUserBody{
			Schemas: []string{urnUser}, UserName: p.UserName, Name: oktaName{p.GivenName, p.FamilyName},
			Emails: []oktaValue{{true, p.UserName, "work"}}, DisplayName: p.Display, Locale: p.Locale,
			ExternalID: p.ExternalID, Groups: []string{}, Password: "x7-" + p.Employee, Active: true,
		}))
		return id, false, err
	}
	return id, true, r.readAndReplace(t, "update user", "/Users/"+id, func(whole document) error {
		return errors.Join(whole.set("active", true), whole.set("displayName", p.Display), whole.set("name", oktaName{p.GivenName, p.FamilyName}))
	})
}

func (r *run) oktaRename(t *talk, id string, p Person) error {
	return r.readAndReplace(t, "rename user", "/Users/"+id, func(whole document) error {
		return errors.Join(whole.set("displayName", p.Display), whole.set("name", oktaName{p.GivenName, p.FamilyName}))
	})
}

// A document is a resource as the server has sent it.
type document map[string]jsontext.Value

func (d document) set(name string, value any) error {
	text, err := json.Marshal(value)
	d[name] = text
	return err
}

// readAndReplace reads a resource, changes it, and puts the whole of it back,
// with whatever else the server has sent.
func (r *run) readAndReplace(t *talk, kind, path string, change func(whole document) error) error {
	a, err := t.call("read", http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	whole := document{}
	if err := json.Unmarshal(a.Body, &whole); err != nil {
		return r.wrong(a, err.Error())
	}
	if err := change(whole); err != nil {
		return r.wrong(a, err.Error())
	}
	body, err := json.Marshal(whole, json.Deterministic(true))
	if err != nil {
		return r.wrong(a, err.Error())
	}
	_, err = t.call(kind, http.MethodPut, path, body)
	return err
}

func (r *run) oktaGroup(t *talk, g Group) (string, error) {
	id, err := r.find(t, "find group", "/Groups?filter=displayName%20eq%20"+percent(g.Name)+"&startIndex=1&count=100")
	if err == nil && id == "" {
		id, err = r.create(t, "create group", "/Groups", encode(oktaGroupBody{Schemas: []string{urnGroup}, DisplayName: g.Name, Members: []oktaMember{}}))
	}
	return id, err
}

// pushes is the phase of the memberships, so many of a group at a time.
func (r *run) pushes(most int, push func(t *talk, g int, ms []int) error) phase {
	return phase{func() int { return len(r.plan.Groups) }, func(t *talk, g int) {
		var ms []int // those that can be added, by position in the group
		for m, person := range r.plan.Groups[g].Members {
			if r.acked.Groups[g] != "" && r.acked.Users[person].ID != "" {
				ms = append(ms, m)
				continue
			}
			r.finish(t, phaseMembers, nil, &r.summary.Skipped)
		}
		for chunk := range slices.Chunk(ms, max(most, 1)) {
			err := push(t, g, chunk)
			for _, m := range chunk {
				r.acked.Members[g][m].write(Present, err)
				r.finish(t, phaseMembers, err, &r.summary.Memberships)
			}
		}
	}}
}

// oktaMembers returns the members at these positions of a group, as Okta
// writes them.
func (r *run) oktaMembers(g int, ms []int) []oktaMember {
	members := make([]oktaMember, len(ms))
	for i, m := range ms {
		person := r.plan.Groups[g].Members[m]
		members[i] = oktaMember{r.acked.Users[person].ID, r.plan.Person(person).UserName}
	}
	return members
}

func (r *run) oktaPatchMembers(t *talk, g int, ms []int) error {
	if err := r.oktaName(t, g); err != nil {
		return err
	}
	_, err := t.call("add members", http.MethodPatch, "/Groups/"+r.acked.Groups[g],
		oktaPatch(oktaOperation{Op: "add", Path: "members", Value: r.oktaMembers(g, ms)}))
	return err
}

// oktaName sends the rename that comes with every update of members, whether
// the name has changed or not.
func (r *run) oktaName(t *talk, g int) error {
	group := r.acked.Groups[g]
	_, err := t.call("name group", http.MethodPatch, "/Groups/"+group, oktaPatch(oktaOperation{Op: "replace", Value: oktaGroupName{group, r.plan.Groups[g].Name}}))
	r.acked.Named[g].write(Present, err)
	return err
}

func (r *run) oktaPutMembers(t *talk, g int, ms []int) error {
	group := r.acked.Groups[g]
	_, err := t.call("replace members", http.MethodPut, "/Groups/"+group, encode(oktaGroupBody{
		Schemas: []string{urnGroup}, ID: group, DisplayName: r.plan.Groups[g].Name, Members: r.oktaMembers(g, ms),
	}))
	r.acked.Named[g].write(Present, err)
	return err
}
