package httpapi

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rosterd/scim"
	"rosterd/workspace"
)

// A bulkResponse is what tests read of an answer of /Bulk.
type bulkResponse struct {
	Operations []struct {
		Location, Method, BulkID, Version, Status string
		Response                                  struct{ Status, ScimType, Detail string }
	}
}

func (r *rig) bulk(who, body string) bulkResponse {
	r.t.Helper()
	a := r.send(who, "POST", "/scim/v2/Bulk", body)
	var out bulkResponse
	if err := json.Unmarshal([]byte(a.body), &out); a.status != 200 || err != nil {
		r.t.Fatalf("%d %s %v", a.status, a.body, err)
	}
	return out
}

// circleOf writes a bulk of n people, the first of whom stand in a circle of the
// given size: the manager of each is the next. spoil, unless negative, is one who
// has no name.
func circleOf(n, circle, spoil, failOnErrors int) string {
	var ops []string
	for i := range n {
		name := fmt.Sprintf(`"userName":"user%d@example.com"`, i)
		if i == spoil {
			name = `"displayName":"nobody"`
		}
		manager := ""
		if i < circle {
			manager = fmt.Sprintf(`,%q:{"manager":{"value":"bulkId:u%d"}}`, scim.URNEnterprise, (i+1)%circle)
		}
		ops = append(ops, fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":"u%d","data":{%s%s}}`, i, name, manager))
	}
	return fmt.Sprintf(`{"failOnErrors":%d,"Operations":[%s]}`, failOnErrors, strings.Join(ops, ","))
}

// TestBulkOf1000: a thousand operations, fifty of which stand in a circle; the
// same with one that fails, in the middle and within the circle.
func TestBulkOf1000(t *testing.T) {
	for _, c := range []struct {
		name                              string
		circle, spoil, failOnErrors, made int
	}{
		{"all succeed", 50, -1, 0, 1000},
		{"a circle of a thousand", 1000, -1, 0, 1000},
		{"the 500th fails, and stops the rest", 50, 499, 1, 499},
		{"the 500th fails", 50, 499, 0, 999},
		{"one in the circle fails", 50, 25, 0, 950},
		{"one in the circle fails, and stops the rest", 50, 25, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, func(c *Config) { c.MaxBody = 1 << 10 }) // those of /Bulk have a bound of their own
			r.do(workspace.ChangeWorkspace{Patch: object(t, `{"seats":{"autoBooking":true,"cap":null}}`)})
			res := r.bulk("default", circleOf(1000, c.circle, c.spoil, c.failOnErrors))
			made := map[string]string{}
			for i, op := range res.Operations {
				want := "201"
				if i == c.spoil || c.spoil >= 0 && c.spoil < c.circle && i < c.circle {
					want = "400"
				}
				if op.Status != want || op.Method != "POST" || want == "400" && op.Response.ScimType != "invalidValue" {
					t.Fatalf("operation %d: %+v", i+1, op)
				}
				if want == "201" {
					made[op.BulkID] = op.Location[strings.LastIndexByte(op.Location, '/')+1:]
				}
			}
			if len(made) != c.made {
				t.Fatalf("%d people, want %d", len(made), c.made)
			}
			if c.failOnErrors == 0 && len(res.Operations) != 1000 || c.failOnErrors == 1 && len(res.Operations) >= 1000 {
				t.Errorf("%d operations are answered", len(res.Operations))
			}
			v := r.view()
			if h := v.Head(); h.Active != c.made || h.Seated != int64(c.made) || len(v.Recount()) > 0 {
				t.Errorf("%d active, %d seated; %v", h.Active, h.Seated, v.Recount())
			}
			if c.made >= 950 && c.spoil != 25 {
				managers(t, v, made, c.circle)
			}
		})
	}
}

// managers checks that the circle is closed by ids.
func managers(t *testing.T, v *workspace.View, made map[string]string, circle int) {
	t.Helper()
	for i := range circle {
		id, _ := workspace.ParseResourceID(made[fmt.Sprintf("u%d", i)])
		u, ok := v.As("default", "").User(id)
		want := fmt.Sprintf(`"manager":{"value":%q`, made[fmt.Sprintf("u%d", (i+1)%circle)])
		if text := string(scim.AppendJSON(nil, scim.User, u, nil)); !ok || !strings.Contains(text, want) {
			t.Fatalf("user %d: %s has no %s", i, text, want)
		}
	}
}

// TestBulkLimits: what is too much is refused before more of it is decoded than
// may be, or is not read at all, and the configuration says where the limits are.
func TestBulkLimits(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.BulkOperations, c.Limits.BulkBytes, c.Limits.Values = 20, 256<<10, 1000 })
	if a := r.send("-", "GET", "/scim/v2/ServiceProviderConfig", ""); !strings.Contains(a.body, `"bulk":{"supported":true,"maxOperations":20,"maxPayloadSize":262144}`) {
		t.Error(a.body)
	}
	operations := func(n int) string {
		return `{"Operations":[` + strings.Join(slices.Repeat([]string{`{"method":"DELETE","path":"/Users/x"}`}, n), ",") + `]}`
	}
	chunk := "8000\r\n" + strings.Repeat("x", 0x8000) + "\r\n"
	head := "POST /scim/v2/Bulk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer rsd_test_default\r\n"
	for _, c := range []struct {
		name, request string
		status        int
		detail        string
	}{
		{"as many as may be", head + body(operations(20)), 200, ""},
		{"one more", head + body(operations(21)), 413, "more than maxOperations (20)"},
		{"ten thousand", head + body(operations(5000)), 413, "more than maxOperations (20)"},
		{"a long body is not read to its end", head + "Content-Length: 999999999\r\n\r\n" + strings.Repeat("x", 64<<10), 413, "exceeds the maxPayloadSize (262144)"},
		{"nor one that does not say how long it is", head + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat(chunk, 9), 413, "exceeds the maxPayloadSize (262144)"},
		{"deep nesting", head + body(`{"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":{"x":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+`}}]}`), 200, "nested too deeply"},
		{"many values", head + body(`{"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a","emails":[1`+strings.Repeat(",1", 100_000)+`]}}]}`), 200, "too many values"},
		{"deeper than any parser goes", head + body(`{"Operations":`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+`}`), 400, "not JSON"},
	} {
		a := r.raw([]byte(c.request), "POST")
		if a.status != c.status || !strings.Contains(a.body, c.detail) {
			t.Errorf("%s: %d %.300s", c.name, a.status, a.body)
		}
	}
	if h := r.view().Head(); h.Active+h.Inactive != 0 {
		t.Errorf("%d people", h.Active+h.Inactive)
	}
}

func body(text string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(text), text) }

// TestBulkNeedsWriting: a token that only reads, and a workspace that SCIM is
// closed for, get the whole bulk refused, as each of its operations would be.
func TestBulkNeedsWriting(t *testing.T) {
	r := newRig(t, nil)
	r.do(workspace.CreateToken{ID: "reader", Name: "reader", Connection: "default", Hash: sha256.Sum256([]byte("rsd_test_reader")), Read: true})
	bulk := circleOf(2, 2, -1, 0)
	if a := r.send("reader", "POST", "/scim/v2/Bulk", bulk); a.status != 403 || !strings.Contains(a.body, "no scope") {
		t.Errorf("reader: %d %s", a.status, a.body)
	}
	r.do(workspace.ChangeWorkspace{Patch: object(t, `{"scim":{"enabled":false}}`)})
	if a := r.send("default", "POST", "/scim/v2/Bulk", bulk); a.status != 403 || !strings.Contains(a.body, "scim.enabled") {
		t.Errorf("closed: %d %s", a.status, a.body)
	}
	if h := r.view().Head(); h.Active != 0 {
		t.Errorf("%d people", h.Active)
	}
}

func object(t *testing.T, text string) scim.Object {
	t.Helper()
	o, err := scim.Decode([]byte(text), scim.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestBulksAtWork: a token has so many bulks at a time, and leaves room for
// others.
func TestBulksAtWork(t *testing.T) {
	r := newRig(t, nil)
	const nothing = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[{"method":"DELETE","path":"/Users/gone"}]}`
	entra := tokenKey{"acme", "entra"}
	for range bulksPerToken {
		r.srv.bulks.enter(entra)
	}
	a := r.send("entra", "POST", "/scim/v2/Bulk", nothing)
	if a.status != 429 || a.header.Get("Retry-After") == "" {
		t.Errorf("one more of the token: %d %s", a.status, a.body)
	}
	r.bulk("okta", nothing)
	r.srv.bulks.leave(entra)
	r.bulk("entra", nothing)
	for n := range bulksInAll {
		r.srv.bulks.enter(tokenKey{"other", strconv.Itoa(n)})
	}
	if a := r.send("okta", "POST", "/scim/v2/Bulk", nothing); a.status != 429 {
		t.Errorf("one more of all: %d %s", a.status, a.body)
	}
}
