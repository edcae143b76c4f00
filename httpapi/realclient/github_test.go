// Package realclient lets a client that was written for another server, the
// SCIM service of google/go-github, work with the daemon. It is a module of its
// own, so that what the client needs is no matter of ours
// (docs/adr/0019-independent-judges.md).
package realclient

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-github/v93/github"
)

const people = 500

// TestGitHub provisions, updates, suspends, lists and removes five hundred
// people, and wants no error and every answer to say what was asked.
func TestGitHub(t *testing.T) {
	d := start(t)
	c := &caller{t: t, scim: d.open()}
	var ids []string
	for i := range people {
		ids = append(ids, c.provision(i))
	}
	for i, id := range ids {
		c.update(i, id)
		c.suspend(id, i%2 == 0)
	}
	c.list(ids)
	c.find(7, ids[7])
	for _, id := range ids {
		c.remove(id)
	}
	if left := c.page(1, nil); *left.TotalResults != 0 || len(left.Resources) != 0 {
		t.Errorf("%d people are left", *left.TotalResults)
	}
}

type caller struct {
	t    *testing.T
	scim *github.SCIMService
}

// answer wants a call to have succeeded.
func answer[T any](c *caller, v T, res *github.Response, err error) T {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	return v
}

func person(i int) github.SCIMUserAttributes {
	name := fmt.Sprintf("person-%03d", i)
	return github.SCIMUserAttributes{
		UserName:    name + "@example.com",
		Name:        github.SCIMUserName{GivenName: "Given", FamilyName: name, Formatted: new("Given " + name)},
		DisplayName: &name,
		Emails:      []*github.SCIMUserEmail{{Value: name + "@example.com", Primary: new(true), Type: new("work")}, {Value: name + "@example.org", Type: new("home")}},
		Schemas:     []string{"urn:ietf:params:scim:schemas:core:2.0:User"},
		ExternalID:  new("ext-" + name),
		Active:      new(true),
	}
}

func (c *caller) provision(i int) string {
	c.t.Helper()
	want := person(i)
	got, res, err := c.scim.ProvisionAndInviteSCIMUser(context.Background(), organization, &want)
	c.same(answer(c, got, res, err), want)
	if res.StatusCode != http.StatusCreated || got.ID == nil || got.Meta.Created.IsZero() {
		c.t.Fatalf("%s: status %d, %+v", want.UserName, res.StatusCode, got)
	}
	return *got.ID
}

// same compares what a client sent with what it was answered.
func (c *caller) same(got *github.SCIMUserAttributes, want github.SCIMUserAttributes) {
	c.t.Helper()
	have := github.SCIMUserAttributes{
		UserName: got.UserName, Name: got.Name, DisplayName: got.DisplayName, Emails: got.Emails,
		Schemas: want.Schemas, ExternalID: got.ExternalID, Active: got.Active,
	}
	if g, w := show(c.t, have), show(c.t, want); g != w {
		c.t.Fatalf("got %s\nwant %s", g, w)
	}
}

func show(t *testing.T, v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// update replaces a person by PUT, and then the work e-mail by PATCH.
func (c *caller) update(i int, id string) {
	c.t.Helper()
	want := person(i)
	want.Name.FamilyName, want.DisplayName = "Married", new(fmt.Sprintf("Given Married %d", i))
	got, res, err := c.scim.UpdateProvisionedOrgMembership(context.Background(), organization, id, github.UpdateProvisionedOrgMembershipRequest{
		UserName: want.UserName, Name: want.Name, DisplayName: want.DisplayName, Emails: want.Emails,
		Schemas: want.Schemas, ExternalID: want.ExternalID, Active: want.Active,
	})
	c.same(answer(c, got, res, err), want)
	want.Emails[0].Value = fmt.Sprintf("new-%03d@example.com", i)
	got = c.patch(id, new(`emails[type eq "work"].value`), show(c.t, want.Emails[0].Value))
	c.same(got, want)
}

func (c *caller) patch(id string, path *string, value string) *github.SCIMUserAttributes {
	c.t.Helper()
	got, res, err := c.scim.UpdateAttributeForSCIMUser(context.Background(), organization, id, github.UpdateAttributeForSCIMUserRequest{
		Schemas:    []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		Operations: []*github.UpdateAttributeForSCIMUserOperations{{Op: "replace", Path: path, Value: json.RawMessage(value)}},
	})
	return answer(c, got, res, err)
}

// suspend takes access from a person, with a path or without, and reads them.
func (c *caller) suspend(id string, pathless bool) {
	c.t.Helper()
	path, value := new("active"), "false"
	if pathless {
		path, value = nil, `{"active":false}`
	}
	c.patch(id, path, value)
	got, res, err := c.scim.GetSCIMProvisioningInfoForUser(context.Background(), organization, id)
	if answer(c, got, res, err); got.Active == nil || *got.Active {
		c.t.Fatalf("%s is still active", id)
	}
}

func (c *caller) page(start int, filter *string) *github.SCIMProvisionedIdentities {
	c.t.Helper()
	got, res, err := c.scim.ListSCIMProvisionedIdentities(context.Background(), organization,
		&github.ListSCIMProvisionedIdentitiesOptions{StartIndex: &start, Count: new(70), Filter: filter})
	return answer(c, got, res, err)
}

// list reads all pages and wants everybody once, suspended.
func (c *caller) list(ids []string) {
	c.t.Helper()
	seen := map[string]bool{}
	for start := 1; start <= people; {
		p := c.page(start, nil)
		if *p.TotalResults != people || *p.StartIndex != start || *p.ItemsPerPage != len(p.Resources) || len(p.Resources) == 0 {
			c.t.Fatalf("page at %d: %d of %d", start, *p.ItemsPerPage, *p.TotalResults)
		}
		for _, u := range p.Resources {
			if seen[*u.ID] || *u.Active {
				c.t.Fatalf("%s stands twice or is active", *u.ID)
			}
			seen[*u.ID] = true
		}
		start += len(p.Resources)
	}
	for _, id := range ids {
		if !seen[id] {
			c.t.Errorf("%s is missing", id)
		}
	}
}

// find asks by the attributes that the client documents.
func (c *caller) find(i int, id string) {
	c.t.Helper()
	for _, filter := range []string{
		fmt.Sprintf(`userName eq "%s"`, person(i).UserName),
		fmt.Sprintf(`emails eq "new-%03d@example.com"`, i),
		fmt.Sprintf(`externalId eq "%s"`, *person(i).ExternalID),
		fmt.Sprintf(`id eq "%s"`, id),
	} {
		if p := c.page(1, &filter); *p.TotalResults != 1 || *p.Resources[0].ID != id {
			c.t.Errorf("%s finds %d", filter, *p.TotalResults)
		}
	}
}

func (c *caller) remove(id string) {
	c.t.Helper()
	res, err := c.scim.DeleteSCIMUserFromOrg(context.Background(), organization, id)
	if answer(c, res, res, err).StatusCode != http.StatusNoContent {
		c.t.Errorf("removing %s: status %d", id, res.StatusCode)
	}
}
