package httpapi

import (
	"slices"
	"strings"

	"rosterd/scim"
	"rosterd/setup"
)

// getSetup answers with the guide and the preset by which an admin connects an
// identity provider, or with one of them as a file, by the suffix of the
// provider's name (M16). The guide is in the language that ?lang= says, else in
// the one that the client prefers, else in that of the workspace.
func (s *Server) getSetup(x *exchange) {
	if !x.open() {
		return
	}
	id, form, _ := strings.Cut(x.param(1), ".")
	p, ok := setup.ByID(id)
	if !ok {
		x.refuse(scim.Errorf(404, "", "there is no guide for %q; there is one for entra, okta and onelogin", id))
		return
	}
	lang := x.query("lang")
	if lang == "" {
		lang = setup.Language(string(x.ctx.Request.Header.Peek("Accept-Language")), x.view.Settings().Language)
	}
	if !slices.Contains(setup.Languages, lang) {
		x.refuse(scim.Errorf(400, "", "lang: write %s", strings.Join(setup.Languages, " or ")))
		return
	}
	w := x.setting(p)
	switch form {
	case "":
		x.spoken(lang)
		body := scim.AppendObject(nil, scim.Object{
			{Name: "provider", Value: scim.Text(p.ID)},
			{Name: "name", Value: scim.Text(p.Name)},
			{Name: "language", Value: scim.Text(lang)},
			{Name: "guide", Value: scim.Text(string(p.Guide(w, lang)))},
		})
		body = append(append(body[:len(body)-1], `,"preset":`...), p.Preset(w)...)
		x.send(200, plainJSON, append(body, '}'))
	case "md":
		x.spoken(lang)
		x.file(p.ID+"."+lang+".md", "text/markdown; charset=utf-8", p.Guide(w, lang))
	case "json":
		x.file(p.ID+".json", plainJSON, p.Preset(w))
	default:
		x.refuse(scim.Errorf(404, "", "a guide is there as JSON with its preset, .md and .json, not as .%s", form))
	}
}

// spoken says in which language an answer is, and what that depended on.
func (x *exchange) spoken(lang string) {
	x.ctx.Response.Header.Set("Content-Language", lang)
	x.ctx.Response.Header.Set("Vary", "Accept-Language")
}

// setting is what a guide for p is filled in with. Of the connections, it is
// about the oldest that speaks p's dialect.
func (x *exchange) setting(p setup.Provider) setup.Workspace {
	v := x.view
	sso := v.SettingsObject().Get("sso").Obj()
	w := setup.Workspace{
		ID: string(v.ID()), Name: v.Settings().Name, Base: x.base(), Admin: x.origin() + adminRoot + "/workspaces/" + string(v.ID()),
		RolePrefix: v.Settings().Groups.RolePrefix, AppURL: v.Settings().AppURL,
		Issuer: sso.Get("issuer").Str(), ClientID: sso.Get("clientId").Str(),
	}
	for _, c := range v.Connections() {
		if c.Dialect.Name == p.ID && w.Connection == "" {
			w.Connection = c.ID
		}
	}
	return w
}
