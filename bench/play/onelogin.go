package play

import (
	"context"
	"net/http"
	"strconv"
)

// OneLogin plays the first cycle of OneLogin's SCIM provisioner: a list of
// users as the connection test, then every person (looked up by userName,
// created, or replaced if found), then the groups (all are listed, those that
// are missing are created) and the memberships, one per PATCH. Everything
// written of a user is the whole of the admin's template, a rename and a
// suspension by PUT; the template's active is a string. Otherwise it is as
// Entra.
func OneLogin(ctx context.Context, c *Client, plan Plan, options Options) (Summary, error) {
	r := newRun(plan, newAcked(plan), options)
	r.noDisplay = true
	test := func(t *talk) error { return r.list(t, "test connection", "/Users") }
	groups := map[string]string{} // ids by name
	return r.play(ctx, c, r.connection(test), r.people(r.oneLoginPerson),
		phase{one, func(t *talk, _ int) { r.listGroups(t, groups) }},
		r.groups(func(t *talk, g Group) (string, error) {
			if id := groups[g.Name]; id != "" {
				return id, nil
			}
			return r.create(t, "create group", "/Groups", encode(oneLoginGroup{[]string{urnGroup}, g.Name}))
		}),
		r.oneByOne(func(id string) []byte { return oneLoginMember("add", id) }),
		r.changes(edits{
			deletes: true,
			rename: func(t *talk, id string, p Person) error {
				return r.put(t, "rename user", "/Users/"+id, p.template("true"))
			},
			deactivate: func(t *talk, id string, p Person) error {
				return r.put(t, "deactivate user", "/Users/"+id, p.template("false"))
			},
			remove: func(t *talk, g int, user string) error {
				_, err := t.call("remove member", http.MethodPatch, "/Groups/"+r.acked.Groups[g], oneLoginMember("remove", user))
				return err
			},
		}))
}

func (r *run) oneLoginPerson(t *talk, p Person) (id string, found bool, err error) {
	id, err = r.find(t, "find user", "/Users?filter=userName%20eq%20"+percent(p.UserName))
	switch {
	case err != nil:
		return "", false, err
	case id == "":
		id, err = r.create(t, "create user", "/Users", p.template("true"))
		return id, false, err
	}
	return id, true, r.put(t, "update user", "/Users/"+id, p.template("true"))
}

func (r *run) put(t *talk, kind, path string, body []byte) error {
	_, err := t.call(kind, http.MethodPut, path, body)
	return err
}

// listGroups reads the groups there are, page by page where the server cuts.
func (r *run) listGroups(t *talk, groups map[string]string) {
	path := "/Groups"
	for seen := 0; ; {
		a, err := t.call("list groups", http.MethodGet, path, nil)
		if err != nil {
			return // it is counted; then all of them are created
		}
		list, err := a.List()
		if err != nil {
			_ = r.wrong(a, err.Error())
			return
		}
		for _, g := range list.Resources {
			groups[g.DisplayName] = g.ID
		}
		if seen += len(list.Resources); len(list.Resources) == 0 || seen >= list.Total {
			return
		}
		path = "/Groups?startIndex=" + strconv.Itoa(seen+1)
	}
}

// The structs below are OneLogin's bodies: the template that the setup guide
// publishes, and what its sample server is sent for groups.
type oneLoginUser struct {
	Schemas    []string           `json:"schemas"`
	UserName   string             `json:"userName"`
	ExternalID string             `json:"externalId"`
	Active     string             `json:"active"`
	Name       oneLoginName       `json:"name"`
	Emails     []oneLoginValue    `json:"emails"`
	Title      string             `json:"title"`
	Timezone   string             `json:"timezone"`
	Language   string             `json:"preferredLanguage"`
	Enterprise oneLoginEnterprise `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
}

type oneLoginName struct {
	GivenName  string `json:"givenName"`
	FamilyName string `json:"familyName"`
	Formatted  string `json:"formatted"`
}

type oneLoginValue struct {
	Value   string `json:"value"`
	Type    string `json:"type"`
	Primary bool   `json:"primary"`
}

type oneLoginEnterprise struct {
	Department string `json:"department"`
}

type oneLoginGroup struct {
	Schemas     []string `json:"schemas"`
	DisplayName string   `json:"displayName"`
}

// template is the admin's template, filled in.
func (p Person) template(active string) []byte {
	return encode(oneLoginUser{
		Schemas: []string{urnUser, urnEnterprise}, UserName: p.UserName, ExternalID: p.ExternalID, Active: active,
		Name:   oneLoginName{p.GivenName, p.FamilyName, p.Display},
		Emails: []oneLoginValue{{p.UserName, "work", true}}, Title: p.Title, Timezone: p.Timezone, Language: p.Language,
		Enterprise: oneLoginEnterprise{p.Department},
	})
}

func oneLoginMember(op, user string) []byte {
	return patch(operation{Op: op, Path: "members", Value: []Member{{Value: user}}})
}
