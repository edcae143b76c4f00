// Package setup tells how an identity provider is connected to a workspace: a
// guide in German and English, and a preset, JSON with what the provider's own
// forms and APIs want to know, for provisioning (SCIM) and signing in (OpenID
// Connect) in one, with the workspace's addresses filled in (M16). The words
// and presets are files, under providers; what a guide says of a mapping it
// takes from the preset, so that the two cannot differ. No secret goes through
// here. The package is pure.
package setup

import (
	"bytes"
	"embed"
	"strings"
	"text/template"

	"golang.org/x/text/language"

	"rosterd/scim"
)

// A Provider is an identity provider that there is a guide for.
type Provider struct {
	ID   string // as in the address of its guide; also the name of its dialect
	Name string // what its vendor calls it
}

// Providers are all that there are guides for.
var Providers = []Provider{{"entra", "Microsoft Entra ID"}, {"okta", "Okta"}, {"onelogin", "OneLogin"}}

// ByID returns the provider called id.
func ByID(id string) (Provider, bool) {
	for _, p := range Providers {
		if p.ID == id {
			return p, true
		}
	}
	return Provider{}, false
}

// A Workspace is what guides and presets are filled in with. ID, Name, Base
// and Admin are required; the others are empty where they are not known yet,
// and then the guide says how to get there.
type Workspace struct {
	ID, Name   string
	Base       string // the SCIM base URL
	Admin      string // URL of the workspace in the admin API
	RolePrefix string // groups.rolePrefix
	AppURL     string // where people sign in
	Connection string // id of the connection that speaks the provider's dialect
	Issuer     string // of OpenID Connect
	ClientID   string // of OpenID Connect
}

//go:embed providers/*
var files embed.FS

var presets = template.Must(template.New("").Funcs(template.FuncMap{"json": quoted, "attribute": newRow}).ParseFS(files, "providers/*.json"))

// guides are parsed once for each provider and language: each has its own
// words for what all have in common.
var guides = parseGuides()

func parseGuides() map[string]*template.Template {
	funcs := template.FuncMap{"text": text, "code": code, "indent": indent}
	out := map[string]*template.Template{}
	for _, p := range Providers {
		for _, lang := range Languages {
			name := p.ID + "." + lang + ".md"
			out[name] = template.Must(template.New(name).Funcs(funcs).ParseFS(files, "providers/"+name, "providers/common."+lang+".md"))
		}
	}
	return out
}

// Preset returns the preset of p as JSON. null stands for what the workspace
// does not know yet.
func (p Provider) Preset(w Workspace) []byte {
	return fill(presets.Lookup(p.ID+".json"), w)
}

// Guide returns the guide of p as Markdown, in one of Languages.
func (p Provider) Guide(w Workspace, lang string) []byte {
	preset := p.read(w)
	return fill(guides[p.ID+"."+lang+".md"], words{
		Workspace: w, Provider: p.Name, NewConnection: p.ID, Users: rows(p, preset), Groups: groupRows(preset),
		TenantURL:  preset.Get("provisioning").Obj().Get("tenantUrl").Str(),
		IssuerForm: p.read(Workspace{}).Get("signIn").Obj().Get("issuer").Str(),
		Template:   strings.TrimSpace(string(fill(presets.Lookup("onelogin-user"), nil))),
	})
}

// words is what the templates of guides are filled in with.
type words struct {
	Workspace
	Provider      string
	NewConnection string // id for the connection, where there is none
	TenantURL     string
	IssuerForm    string // what issuers of the provider look like
	Users, Groups []Row
	Template      string // the JSON template of OneLogin
}

func (p Provider) read(w Workspace) scim.Object {
	o, err := scim.Decode(p.Preset(w), scim.DefaultLimits)
	if err != nil {
		panic("setup: the preset of " + p.ID + ": " + err.Error()) // TestPresets
	}
	return o
}

// fill fills in a template, which cannot fail: they are our own, and tests fill
// in each of them.
func fill(t *template.Template, with any) []byte {
	var out bytes.Buffer
	if err := t.Execute(&out, with); err != nil {
		panic("setup: " + err.Error())
	}
	return append(bytes.TrimSpace(out.Bytes()), '\n')
}

// quoted returns s as JSON; null where it is empty.
func quoted(s string) string {
	if s == "" {
		return "null"
	}
	return string(scim.AppendValue(nil, scim.Text(s)))
}

// text returns s, which somebody wrote, as Markdown that shows it and nothing
// else.
func text(s string) string {
	var out strings.Builder
	for _, r := range strings.Join(strings.Fields(s), " ") {
		if strings.ContainsRune("\\`*_{}[]<>()#!|", r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// code returns s as a code span, also within a table.
func code(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return "`" + strings.ReplaceAll(strings.ReplaceAll(s, "`", "'"), "|", "\\|") + "`"
}

// indent makes the further lines of s part of a code block.
func indent(s string) string { return strings.ReplaceAll(s, "\n", "\n    ") }

// Languages are those that guides are written in; the first one is for those
// who read none of them.
var Languages = []string{"en", "de"}

var matcher = language.NewMatcher([]language.Tag{language.English, language.German})

// Language returns the one of Languages that suits a reader best: what accept,
// an Accept-Language header (RFC 9110 section 12.5.4), ranks first, else the
// language of locale, a BCP 47 tag.
func Language(accept, locale string) string {
	for _, wish := range []string{accept, locale} {
		tags, _, err := language.ParseAcceptLanguage(wish)
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, i, confidence := matcher.Match(tags...); confidence > language.No {
			return Languages[i]
		}
	}
	return Languages[0]
}
