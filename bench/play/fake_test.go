package play

import (
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/valyala/fasthttp"
)

// A fake is a service provider that keeps users and groups in memory and
// records what it is asked. It checks the shapes that clients must not get
// wrong: it is there for the client's sake, not a model of the server.
type fake struct {
	t    *testing.T
	base string

	mu       sync.Mutex // guards everything that follows
	ids      int
	users    map[string]*fakeUser  // by id
	groups   map[string]*fakeGroup // by id
	log      []string              // "METHOD uri body", in order of arrival
	inFlight map[string]int        // PATCHes per group
	most     int                   // the most of these at a time
	refuse   func(method, uri string) (status int, scimType string)
}

type fakeUser struct {
	ID          string   `json:"id"`
	UserName    string   `json:"userName"`
	DisplayName string   `json:"displayName"`
	Name        fakeName `json:"name"`
	Active      bool     `json:"active"`
}

type fakeName struct {
	FamilyName string `json:"familyName"`
}

type fakeGroup struct {
	ID          string   `json:"id"`
	DisplayName string   `json:"displayName"`
	Members     []Member `json:"members"`
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, users: map[string]*fakeUser{}, groups: map[string]*fakeGroup{}, inFlight: map[string]int{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &fasthttp.Server{Handler: f.serve, ReadTimeout: time.Minute}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	f.base = "http://" + listener.Addr().String() + "/scim/v2"
	return f
}

func (f *fake) client(t *testing.T) *Client {
	c := NewClient(f.base, "secret", 32)
	t.Cleanup(c.Close)
	return c
}

func (f *fake) serve(ctx *fasthttp.RequestCtx) {
	method, uri := string(ctx.Method()), strings.TrimPrefix(string(ctx.RequestURI()), "/scim/v2")
	f.mu.Lock()
	f.log = append(f.log, strings.TrimSpace(method+" "+uri+" "+string(ctx.PostBody())))
	refuse := f.refuse
	f.mu.Unlock()
	if got := string(ctx.Request.Header.Peek("Authorization")); got != "Bearer secret" {
		f.t.Errorf("%s %s: Authorization %q", method, uri, got)
	}
	if got := string(ctx.Request.Header.ContentType()); len(ctx.PostBody()) > 0 && got != "application/scim+json" {
		f.t.Errorf("%s %s: Content-Type %q", method, uri, got)
	}
	if refuse != nil {
		if status, scimType := refuse(method, uri); status != 0 {
			ctx.Response.Header.Set("Retry-After", "0")
			answer(ctx, status, scimError{ScimType: scimType, Detail: "refused for the test"})
			return
		}
	}
	kind, id, _ := strings.Cut(strings.TrimPrefix(string(ctx.Path()), "/scim/v2/"), "/")
	switch {
	case method == "GET" && id == "":
		f.find(ctx, kind, string(ctx.QueryArgs().Peek("filter")))
	case method == "GET":
		f.get(ctx, kind, id)
	case method == "POST" && kind == "Bulk":
		f.bulk(ctx)
	case method == "POST":
		f.create(ctx, kind)
	case method == "PUT":
		f.put(ctx, kind, id)
	case method == "DELETE":
		f.delete(ctx, id)
	case kind == "Groups":
		f.patchGroup(ctx, id)
	default:
		f.patchUser(ctx, id)
	}
}

func answer(ctx *fasthttp.RequestCtx, status int, body any) {
	ctx.SetStatusCode(status)
	ctx.SetContentType("application/scim+json")
	ctx.SetBody(encode(body))
}

func (f *fake) find(ctx *fasthttp.RequestCtx, kind, filter string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := struct {
		Total     int   `json:"totalResults"`
		Resources []any `json:"Resources"`
	}{Resources: []any{}}
	if kind == "Users" {
		for _, u := range f.users {
			if filter == "" || filter == fmt.Sprintf("userName eq %q", u.UserName) {
				list.Resources = append(list.Resources, u)
			}
		}
	} else {
		for _, g := range f.groups {
			if filter == "" || filter == fmt.Sprintf("displayName eq %q", g.DisplayName) {
				list.Resources = append(list.Resources, fakeGroup{ID: g.ID, DisplayName: g.DisplayName})
			}
		}
	}
	list.Total = len(list.Resources)
	answer(ctx, 200, list)
}

func (f *fake) get(ctx *fasthttp.RequestCtx, kind, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if u := f.users[id]; kind == "Users" && u != nil {
		answer(ctx, 200, u)
	} else if g := f.groups[id]; kind == "Groups" && g != nil {
		answer(ctx, 200, g)
	} else {
		answer(ctx, 404, scimError{Detail: "no such resource"})
	}
}

// fakeResource is what the fake reads of a resource.
type fakeResource struct {
	UserName    string         `json:"userName"`
	DisplayName string         `json:"displayName"`
	Name        fakeName       `json:"name"`
	Active      jsontext.Value `json:"active"`
	Members     []Member       `json:"members"`
}

func (f *fake) create(ctx *fasthttp.RequestCtx, kind string) {
	var in fakeResource
	if err := json.Unmarshal(ctx.PostBody(), &in); err != nil {
		f.t.Errorf("POST %s: %v", kind, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, u := range f.users {
		if kind == "Users" && u.UserName == in.UserName {
			answer(ctx, 409, scimError{ScimType: "uniqueness", Detail: "taken"})
			return
		}
	}
	answer(ctx, 201, f.add(kind, in))
}

// add makes a resource. REQUIRES: f.mu held.
func (f *fake) add(kind string, in fakeResource) any {
	f.ids++
	id := fmt.Sprintf("id-%d", f.ids)
	if kind == "Users" {
		f.users[id] = &fakeUser{ID: id, UserName: in.UserName, DisplayName: in.DisplayName, Name: in.Name, Active: true}
		return f.users[id]
	}
	f.groups[id] = &fakeGroup{ID: id, DisplayName: in.DisplayName, Members: in.Members}
	return f.groups[id]
}

// bulk creates what is in it.
func (f *fake) bulk(ctx *fasthttp.RequestCtx) {
	var in struct {
		Operations []struct {
			Path   string       `json:"path"`
			BulkID string       `json:"bulkId"`
			Data   fakeResource `json:"data"`
		} `json:"Operations"`
	}
	if err := json.Unmarshal(ctx.PostBody(), &in); err != nil {
		f.t.Errorf("bulk: %v", err)
	}
	var out bulkAnswer
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, op := range in.Operations {
		var done struct {
			Location string    `json:"location"`
			BulkID   string    `json:"bulkId"`
			Status   string    `json:"status"`
			Response scimError `json:"response"`
		}
		f.add(op.Path[1:], op.Data)
		done.Location, done.BulkID, done.Status = fmt.Sprintf("%s%s/id-%d", f.base, op.Path, f.ids), op.BulkID, "201"
		out.Operations = append(out.Operations, done)
	}
	answer(ctx, 200, out)
}

func (f *fake) put(ctx *fasthttp.RequestCtx, kind, id string) {
	var in fakeResource
	if err := json.Unmarshal(ctx.PostBody(), &in); err != nil {
		f.t.Errorf("PUT %s: %v", kind, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if kind == "Groups" {
		f.groups[id].DisplayName, f.groups[id].Members = in.DisplayName, in.Members
		answer(ctx, 200, f.groups[id])
		return
	}
	f.users[id].UserName, f.users[id].DisplayName, f.users[id].Name = in.UserName, in.DisplayName, in.Name
	f.users[id].Active = !Resource{Active: in.Active}.Inactive()
	answer(ctx, 200, f.users[id])
}

func (f *fake) delete(ctx *fasthttp.RequestCtx, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.users, id)
	for _, g := range f.groups {
		g.remove(Member{id})
	}
	ctx.SetStatusCode(204)
}

// operations is what the fake reads of a PATCH.
type operations struct {
	Schemas    []string `json:"schemas"`
	Operations []struct {
		Op    string         `json:"op"`
		Path  string         `json:"path"`
		Value jsontext.Value `json:"value"`
	} `json:"Operations"`
}

func (f *fake) patchUser(ctx *fasthttp.RequestCtx, id string) {
	var in operations
	if err := json.Unmarshal(ctx.PostBody(), &in); err != nil {
		f.t.Errorf("PATCH user: %v", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, op := range in.Operations {
		whole := fakeResource{Active: op.Value}
		if op.Path == "" {
			if err := json.Unmarshal(op.Value, &whole); err != nil {
				f.t.Errorf("PATCH user: %v", err)
			}
		}
		switch op.Path {
		case "active", "":
			f.users[id].Active = !Resource{Active: whole.Active}.Inactive()
		case "displayName":
			f.users[id].DisplayName = strings.Trim(string(op.Value), `"`)
		case "name.familyName":
			f.users[id].Name.FamilyName = strings.Trim(string(op.Value), `"`)
		}
	}
	answer(ctx, 200, f.users[id])
}

// patchGroup reads the three forms in which clients remove a member, and knows
// that a rename concerns no members.
func (f *fake) patchGroup(ctx *fasthttp.RequestCtx, id string) {
	var in operations
	if err := json.Unmarshal(ctx.PostBody(), &in); err != nil || len(in.Operations) != 1 {
		f.t.Errorf("PATCH group: %d operations, %v", len(in.Operations), err)
		return
	}
	op := in.Operations[0]
	var members []Member
	if filtered, ok := strings.CutPrefix(op.Path, `members[value eq "`); ok {
		members = []Member{{strings.TrimSuffix(filtered, `"]`)}}
	} else if err := json.Unmarshal(op.Value, &members); op.Path == "members" && err != nil {
		f.t.Errorf("PATCH group %s: %v", op.Path, err)
	}
	f.mu.Lock()
	f.inFlight[id]++
	f.most = max(f.most, f.inFlight[id])
	f.mu.Unlock()
	runtime.Gosched() // lets other PATCHes of the group in, if the client sends them

	f.mu.Lock()
	defer f.mu.Unlock()
	f.inFlight[id]--
	group := f.groups[id]
	for _, m := range members {
		group.remove(m)
		if strings.EqualFold(op.Op, "add") {
			group.Members = append(group.Members, m)
		}
	}
	ctx.SetStatusCode(204)
}

func (g *fakeGroup) remove(m Member) {
	for i, have := range g.Members {
		if have == m {
			g.Members = append(g.Members[:i], g.Members[i+1:]...)
			return
		}
	}
}
