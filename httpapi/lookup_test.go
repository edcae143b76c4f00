package httpapi

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"rosterd/workspace"
)

// TestLookup holds lists that are looked up against the same ones with a
// parameter that nobody knows, which keeps them from being.
func TestLookup(t *testing.T) {
	r := newRig(t, nil)
	for _, name := range []string{"ada@example.com", "bob+x@example.com", "Müller", "a b", "100%", `say \"hi\"`} {
		for _, who := range []string{"entra", "strict"} {
			r.send(who, "POST", "/scim/v2/Users", fmt.Sprintf(`{"userName":"%s","externalId":"x-%s"}`, name, name))
			r.send(who, "POST", "/scim/v2/Groups", fmt.Sprintf(`{"displayName":"%s","externalId":"x-%s"}`, name, name))
		}
	}
	r.do(workspace.CreateRole{Name: "Lead", Rank: 3, Assignable: true})
	if a := r.send("operator", "PATCH", "/api/v1/workspaces/acme", `{"groups":{"rolePrefix":"role "}}`); a.status != 200 {
		t.Fatal(a.body)
	}
	id := idForm.FindString(r.send("entra", "GET", "/scim/v2/Users?count=1", "").body)
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	looked := 0
	for range 3000 {
		who, path := pick("entra", "okta", "strict"), pick("/Users", "/Groups")
		filter := pick("userName", "userName", "USERNAME", "externalId", "displayName", "displayName", "id", "title") +
			pick(" ", " ", " ", "+", "%20", "  ") + pick("eq", "eq", "eq", "EQ", "ne") + pick(" ", " ", "%20", "+") +
			pick(`"`, `"`, `"`, "%22", "") + pick("ada@example.com", "ADA@EXAMPLE.COM", "x-ada@example.com", "bob+x@example.com", "bob%2Bx@example.com",
			"Müller", "M%c3%bcller", "a+b", "a%20b", "100%", "100%25", `say%20%5C%22hi%5C%22`, "nobody", "", id, strings.ToUpper(id), "role%20lead", "Lead", "x%00y") +
			pick(`"`, `"`, `"`, "%22", ` "`, `" `, "") + pick("", "", "", ` or id eq "x"`)
		query := "filter=" + strings.ReplaceAll(filter, " ", pick("%20", "+"))
		for range random.IntN(3) {
			more := pick("startIndex=1", "startIndex=2", "startIndex=", "count=1", "count=0", "count=100", "count=-1", "count=x", "attributes=userName", "filter=a", "cursor=")
			query = pick(query+"&"+more, more+"&"+query)
		}
		target := "/scim/v2" + path + "?" + query
		got, want := r.send(who, "GET", target, ""), r.send(who, "GET", target+"&nobody=knows", "")
		if got.status != want.status || got.body != want.body {
			t.Errorf("%s %s\n got %d %s\nwant %d %s", who, target, got.status, got.body, want.status, want.body)
		}
		if _, _, ok := simple([]byte(query), 100); ok && strings.Contains(got.body, `"totalResults":1`) {
			looked++
		}
	}
	if looked < 100 {
		t.Errorf("%d of the lists that were looked up found somebody", looked)
	}
	quirks := func(x string) string {
		return r.send("operator", "GET", "/api/v1/workspaces/acme/connections/entra/quirks", "").body + x
	}
	before := quirks("")
	r.send("entra", "GET", `/scim/v2/Users?filter=userName%20eq%20"bob%2Bx@example.com"`, "")
	if quirks("") != before {
		t.Error("a plus that is encoded is noted")
	}
}
