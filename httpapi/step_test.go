package httpapi

import (
	"bufio"
	"bytes"
	"io"
	"testing"

	"github.com/valyala/fasthttp"

	"rosterd/scim"
	"rosterd/workspace"
)

// BenchmarkStep is what each step of a read costs, in the order in which they
// are taken. What all of them take together, and the connection, is in
// BenchmarkGetUser and BenchmarkFilterUser.
func BenchmarkStep(b *testing.B) {
	r, id := newFullRig(b, 1000)
	get := request("GET", "/scim/v2/Users/"+id, "")
	filter := request("GET", filterFor("/Users", `userName eq "jordan.smith7@contoso.example.com"`), "")
	step := stepper(b, r)
	step("exchange", get, func(x *exchange) { r.srv.newExchange(x.ctx).forget() })
	step("wire", get, func(x *exchange) { smuggling(&x.ctx.Request.Header) })
	step("route", get, func(x *exchange) { r.srv.routes.find(x.ctx.Method(), x.ctx.Path(), &x.params) })
	step("authenticate", get, func(x *exchange) { x.authenticate() })
	step("find by id", get, func(x *exchange) {
		id, _ := workspace.ParseResourceID(x.params[0])
		x.slot.Resource(x.reader(x.view), scim.User, id)
	})
	step("find by name", filter, func(x *exchange) {
		x.found.Lookup(x.reader(x.view), scim.UserUserName, "jordan.smith7@contoso.example.com", &x.slot)
	})
	step("read any filter", filter, func(x *exchange) {
		p, err := x.addressed()
		if err == nil {
			_, err = x.understand(p, []*scim.ResourceType{scim.User})
		}
		if err != nil {
			b.Fatal(err)
		}
	})
	step("encode", get, func(x *exchange) {
		id, _ := workspace.ParseResourceID(x.params[0])
		res, _ := x.slot.Resource(x.reader(x.view), scim.User, id)
		body := x.ctx.Response.SwapBody(nil)
		x.ctx.Response.SwapBody(scim.AppendJSON(body[:0], scim.User, res, nil))
	})
	step("get", get, func(x *exchange) { x.get(scim.User) })
	step("lookup", filter, func(x *exchange) { x.lookup(scim.User) })
	out := bufio.NewWriter(io.Discard)
	step("write", get, func(x *exchange) {
		if len(x.ctx.Response.Body()) == 0 {
			x.get(scim.User)
		}
		if err := x.ctx.Response.Write(out); err != nil {
			b.Fatal(err)
		}
	})
	step("access log", get, func(x *exchange) { x.finish() })
	step("all of get", get, func(x *exchange) {
		x.ctx.Response.Reset()
		r.srv.handle(x.ctx, r.srv.routes)
	})
	step("all of lookup", filter, func(x *exchange) {
		x.ctx.Response.Reset()
		r.srv.handle(x.ctx, r.srv.routes)
	})
}

// stepper returns what runs one step of an admitted request.
func stepper(b *testing.B, r *rig) func(name string, raw []byte, f func(x *exchange)) {
	link := r.srv.door(nil).admit(&caller{t: b})
	return func(name string, raw []byte, f func(x *exchange)) {
		b.Run(name, func(b *testing.B) {
			ctx := new(fasthttp.RequestCtx)
			ctx.Init2(link, nil, true)
			if err := ctx.Request.Header.Read(bufio.NewReader(bytes.NewReader(raw))); err != nil {
				b.Fatal(err)
			}
			ctx.Request.SetRequestURIBytes(ctx.Request.Header.RequestURI())
			x := r.srv.newExchange(ctx)
			x.route, _ = r.srv.routes.find(ctx.Method(), ctx.Path(), &x.params)
			if !x.authenticate() {
				b.Fatalf("%s", ctx.Response.Body())
			}
			b.ReportAllocs()
			for b.Loop() {
				f(x)
			}
			if ctx.Response.StatusCode() != 200 {
				b.Errorf("%s", ctx.Response.Body())
			}
		})
	}
}
