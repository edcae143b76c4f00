package httpapi

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	"rosterd/scim"
	"rosterd/workspace"
)

func connection(c *workspace.Connection) scim.Object {
	return scim.Object{
		{Name: "id", Value: scim.Text(c.ID)},
		{Name: "name", Value: scim.Text(c.Name)},
		{Name: "dialect", Value: scim.Text(c.Dialect.Name)},
		{Name: "createdAt", Value: instant(c.Created)},
	}
}

func (s *Server) listConnections(x *exchange) {
	if x.open() {
		part(x, x.view.Connections(), func(c *workspace.Connection) string { return c.ID }, connection)
	}
}

func (s *Server) getConnection(x *exchange) {
	if x.open() {
		x.answerConnection(200, x.view, x.param(1))
	}
}

func (x *exchange) answerConnection(status int, v *workspace.View, id string) {
	c, ok := v.Connection(id)
	if !ok {
		x.refuse(scim.Errorf(404, "", "there is no connection %q", id))
		return
	}
	x.answer(status, connection(c))
}

// createConnection names the connection after its name where no id is sent.
func (s *Server) createConnection(x *exchange) {
	f := x.form()
	cmd := workspace.CreateConnection{Name: f.required("name"), Dialect: "generic"}
	if d := f.text("dialect"); d != nil {
		cmd.Dialect = *d
	}
	cmd.ID = slug(cmd.Name)
	if id := f.text("id"); id != nil {
		cmd.ID = *id
	}
	if err := f.done(); err != nil {
		x.refuse(err)
		return
	}
	x.ws = workspace.ID(x.param(0))
	if res, view, ok := x.command(cmd); ok {
		x.answerConnection(201, view, res.Key)
	}
}

// slug makes an id of a name: "Entra ID" becomes "entra-id".
func slug(name string) string {
	var out []byte
	for _, c := range []byte(name) {
		switch {
		case c >= 'A' && c <= 'Z':
			out = append(out, c+'a'-'A')
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9' && len(out) > 0:
			out = append(out, c)
		case len(out) > 0 && out[len(out)-1] != '-':
			out = append(out, '-')
		}
	}
	for len(out) > 0 && out[len(out)-1] == '-' {
		out = out[:len(out)-1]
	}
	return string(out[:min(len(out), 28)])
}

func (s *Server) changeConnection(x *exchange) {
	f := x.form()
	cmd := workspace.ChangeConnection{ID: x.param(1), Name: f.text("name"), Dialect: f.text("dialect")}
	if err := f.done(); err != nil {
		x.refuse(err)
		return
	}
	x.ws = workspace.ID(x.param(0))
	if _, view, ok := x.command(cmd); ok {
		x.answerConnection(200, view, cmd.ID)
	}
}

func (s *Server) deleteConnection(x *exchange) {
	x.ws = workspace.ID(x.param(0))
	if _, _, ok := x.command(workspace.DeleteConnection{ID: x.param(1)}); ok {
		x.ctx.SetStatusCode(204)
	}
}

func token(t *workspace.Token) scim.Object {
	var scopes []scim.Value
	if t.Read {
		scopes = append(scopes, scim.Text("read"))
	}
	if t.Write {
		scopes = append(scopes, scim.Text("write"))
	}
	return scim.Object{
		{Name: "id", Value: scim.Text(t.ID)},
		{Name: "name", Value: scim.Text(t.Name)},
		{Name: "connection", Value: scim.Text(t.Connection)},
		{Name: "scopes", Value: scim.ListOf(scopes...)},
		{Name: "createdAt", Value: instant(t.Created)},
		{Name: "expiresAt", Value: instant(t.Expires)},
		{Name: "lastUsedAt", Value: instant(t.LastUsed)},
	}
}

func (s *Server) listTokens(x *exchange) {
	if x.open() {
		part(x, x.view.Tokens(), func(t *workspace.Token) string { return t.ID }, token)
	}
}

// tokenPrefix marks our tokens for secret scanners.
const tokenPrefix = "rsd_"

// createToken answers with the token's text, this once: what is stored is its
// hash. A repeated request with the same Idempotency-Key gets the same answer
// without the text.
func (s *Server) createToken(x *exchange) {
	var secret [32]byte
	rand.Read(secret[:]) // never fails (crypto/rand)
	text := tokenPrefix + base64.RawURLEncoding.EncodeToString(secret[:])
	f := x.form()
	cmd := workspace.CreateToken{Name: f.required("name"), Connection: workspace.DefaultConnection, Hash: sha256.Sum256([]byte(text))}
	cmd.ID = "tok_" + hex.EncodeToString(cmd.Hash[:6])
	if c := f.text("connection"); c != nil {
		cmd.Connection = *c
	}
	cmd.Expires = f.instant("expiresAt")
	cmd.Read, cmd.Write = f.scopes()
	if err := f.done(); err != nil {
		x.refuse(err)
		return
	}
	x.ws = workspace.ID(x.param(0))
	res, view, ok := x.command(cmd)
	if !ok {
		return
	}
	t, ok := view.TokenByID(res.Key)
	if !ok {
		x.refuse(scim.Errorf(404, "", "there is no token %q", res.Key))
		return
	}
	o := token(t)
	x.kept = scim.AppendObject(nil, o)
	if res.Key == cmd.ID {
		o = append(scim.Object{o[0], {Name: "token", Value: scim.Text(text)}}, o[1:]...)
	}
	x.answer(201, o)
}

// scopes reads a list of scopes; none given means both.
func (f *form) scopes() (read, write bool) {
	list, ok := f.take("scopes", scim.List, `a list of "read" and "write"`)
	if !ok {
		return true, true
	}
	for _, v := range list.List() {
		switch v.Str() {
		case "read":
			read = true
		case "write":
			write = true
		default:
			f.err = scim.Errorf(400, "", `scopes: write "read", "write" or both`)
		}
	}
	return read, write
}

func (s *Server) revokeToken(x *exchange) {
	x.ws = workspace.ID(x.param(0))
	if _, _, ok := x.command(workspace.RevokeToken{ID: x.param(1)}); ok {
		x.ctx.SetStatusCode(204)
	}
}
