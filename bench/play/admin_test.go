package play

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

func TestAdmin(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var log []string
	server := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		log = append(log, string(ctx.Method())+" "+string(ctx.Path())+" "+string(ctx.Request.Header.ContentType())+" "+string(ctx.PostBody()))
		switch {
		case strings.HasSuffix(string(ctx.Path()), "/connections"):
			ctx.SetBodyString(`{"id":"c-1","name":"Entra ID"}`)
		case strings.HasSuffix(string(ctx.Path()), "/tokens"):
			ctx.SetBodyString(`{"id":"t-1","token":"rsd_abc"}`)
		case strings.HasSuffix(string(ctx.Path()), "/roles"):
			ctx.SetStatusCode(409)
			ctx.SetBodyString(`{"type":"about:blank","title":"Conflict","status":409,"detail":"the role exists"}`)
		}
	}}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	admin := NewAdmin("http://"+listener.Addr().String(), "operator")

	if err := admin.CreateWorkspace(EnterpriseWorkspace("acme", "Acme GmbH", 25)); err != nil {
		t.Error(err)
	}
	if id, err := admin.CreateConnection("acme", "Entra ID", "entra"); id != "c-1" || err != nil {
		t.Errorf("connection %q, %v", id, err)
	}
	if token, err := admin.CreateToken("acme", "c-1", "entra"); token != "rsd_abc" || err != nil {
		t.Errorf("token %q, %v", token, err)
	}
	var problem *Problem
	if err := admin.CreateRole("acme", "Manager", 50); !errors.As(err, &problem) || problem.Status != 409 || problem.Detail != "the role exists" {
		t.Errorf("role: %v", err)
	}
	if err := admin.Patch("/workspaces/acme", Seats{}, nil); err != nil {
		t.Error(err)
	}
	admin.Close()
	if err := errors.Join(server.Shutdown(), <-done); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`POST /api/v1/workspaces application/json {"id":"acme","name":"Acme GmbH","appUrl":"https://acme.example.com","plan":"enterprise",` +
			`"subscription":"active","locale":"de-DE","timezone":"Europe/Berlin",` +
			`"seats":{"purchased":25,"autoBooking":false,"cap":null,"whenFull":"wait"},` +
			`"price":{"currency":"EUR","minor":1290,"interval":"month","anchorDay":1,"anchorMonth":1,"vatPercent":"19"},` +
			`"billing":{"email":"billing@acme.example.com"},"sso":{"issuer":"https://login.example.com/acme","clientId":"rosterd-acme"},` +
			`"scim":{"enabled":true,"graceDays":30}}`,
		`POST /api/v1/workspaces/acme/connections application/json {"name":"Entra ID","dialect":"entra"}`,
		`POST /api/v1/workspaces/acme/tokens application/json {"name":"entra","connection":"c-1","scopes":["read","write"]}`,
		`POST /api/v1/workspaces/acme/roles application/json {"name":"Manager","rank":50}`,
		`PATCH /api/v1/workspaces/acme application/merge-patch+json {"purchased":0,"autoBooking":false,"cap":null,"whenFull":""}`,
	}
	if got := strings.Join(log, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("requests\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}
