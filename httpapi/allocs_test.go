package httpapi

import (
	"fmt"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"rosterd/workspace"
)

// A caller runs requests through the server's handler, without a connection.
type caller struct {
	r   *rig
	ctx fasthttp.RequestCtx
}

func (c *caller) call(t testing.TB, method, target, body string, want int) {
	c.ctx.Init(&fasthttp.Request{}, nil, nil)
	req := &c.ctx.Request
	req.Header.SetMethod(method)
	req.SetRequestURI(target)
	req.Header.Set("Authorization", "Bearer rsd_test_entra")
	req.Header.SetHost("scim.example.com")
	if body != "" {
		req.Header.SetContentType(scimJSON)
		req.SetBodyStream(strings.NewReader(body), len(body))
	}
	c.r.srv.handle(&c.ctx, c.r.srv.routes)
	if c.ctx.Response.StatusCode() != want {
		t.Fatalf("%s %s: %d %s", method, target, c.ctx.Response.StatusCode(), c.ctx.Response.Body())
	}
}

// personBody is a person as Entra ID sends one.
func personBody(n int) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],`+
		`"externalId":"2f6a4e0c-9d7b-4a53-8c61-%012d","userName":"jordan.smith%d@contoso.example.com","active":true,"displayName":"Jordan Smith",`+
		`"emails":[{"primary":true,"type":"work","value":"jordan.smith%d@contoso.example.com"}],"name":{"formatted":"Jordan Smith","familyName":"Smith","givenName":"Jordan"},`+
		`"title":"Engineer","preferredLanguage":"en-US","phoneNumbers":[{"type":"work","value":"+49 30 1234567"},{"type":"mobile","value":"+49 170 1234567"}],`+
		`"addresses":[{"type":"work","formatted":"Lindenstraße 1, 10969 Berlin","streetAddress":"Lindenstraße 1","locality":"Berlin","postalCode":"10969","country":"DE"}],`+
		`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"%d","department":"Research","costCenter":"4711"}}`, n, n, n, n)
}

func BenchmarkCreateUser(b *testing.B) {
	c := &caller{r: newRig(b, func(cfg *Config) { cfg.PublicURL = "" })}
	c.r.do(workspace.PurchaseSeats{Seats: 1_000_000})
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		c.call(b, "POST", "/scim/v2/Users", personBody(n), 201)
	}
}
