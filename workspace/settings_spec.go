package workspace

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"rosterd/ledger"
	"rosterd/scim"
	"rosterd/workspace/zone"
)

// A setting describes one key of the settings.
type setting struct {
	name     string
	kind     scim.Kind
	def      scim.Value // Null: unset
	nullable bool
	check    func(scim.Value) string // says what is allowed, or ""
	sub      []setting               // of a Complex
}

// settingsSpec lists every key in the order in which answers show them.
var settingsSpec = []setting{
	{name: "name", kind: scim.String, check: length(1, maxNameLen)},
	{name: "appUrl", kind: scim.String, nullable: true, check: webURL},
	{name: "plan", kind: scim.String, def: scim.Text("standard"), check: length(1, 64)},
	choice("subscription", "active", "past_due", subscriptionCancelled),
	{name: "locale", kind: scim.String, def: scim.Text("en"), check: languageTag},
	{name: "timezone", kind: scim.String, def: scim.Text("UTC"), check: timezone},
	section("seats",
		number("purchased", 0, 0, ledger.MaxSeats),
		toggle("autoBooking", false),
		setting{name: "cap", kind: scim.Int, nullable: true, check: between(0, ledger.MaxSeats)},
		choice("whenFull", "wait", "refuse")),
	section("price",
		setting{name: "currency", kind: scim.String, def: scim.Text("EUR"), check: currency},
		number("minor", 0, 0, ledger.MaxUnit),
		choice("interval", "month", "year"),
		number("anchorDay", 1, 1, 31),
		number("anchorMonth", 1, 1, 12),
		section("tax",
			choice("category", "S", "AE", "G", "E", "Z", "O"),
			setting{name: "percent", kind: scim.String, def: scim.Text("0"), check: percent},
			setting{name: "reason", kind: scim.String, nullable: true, check: length(1, 500)})),
	section("invoice", choice("collect", "window", "day", "period"), toggle("eInvoice", false)),
	section("billing",
		setting{name: "email", kind: scim.String, nullable: true, check: address},
		setting{name: "buyer", kind: scim.Complex, nullable: true, sub: []setting{
			optional("name"), optional("street"), optional("postalCode"), optional("city"),
			{name: "country", kind: scim.String, nullable: true, check: country},
			optional("vatId"), optional("reference"),
		}}),
	section("mail", toggle("onScimReactivation", false)),
	{name: "defaultRole", kind: scim.String, def: scim.Text(RoleUser), check: length(1, maxNameLen)},
	section("signIn", choice("members", "any", "sso"), choice("externals", "any", "password")),
	section("groups",
		setting{name: "rolePrefix", kind: scim.String, def: scim.Text(""), check: length(0, 64)},
		choice("createAs", "team", "role")),
	{name: "sso", kind: scim.Complex, nullable: true, sub: []setting{
		{name: "issuer", kind: scim.String, check: webURL},
		{name: "clientId", kind: scim.String, check: length(1, 256)},
	}},
	section("scim", toggle("enabled", false), number("graceDays", 30, 0, 365)),
}

func section(name string, sub ...setting) setting {
	return setting{name: name, kind: scim.Complex, def: scim.ObjectOf(), sub: sub}
}

func toggle(name string, def bool) setting {
	return setting{name: name, kind: scim.Bool, def: scim.Boolean(def)}
}

func number(name string, def, least, most int64) setting {
	return setting{name: name, kind: scim.Int, def: scim.Integer(def), check: between(least, most)}
}

func optional(name string) setting {
	return setting{name: name, kind: scim.String, nullable: true, check: length(1, 256)}
}

// choice is a string out of a closed set whose first member is the default.
func choice(name string, of ...string) setting {
	return setting{name: name, kind: scim.String, def: scim.Text(of[0]), check: func(v scim.Value) string {
		if slices.Contains(of, v.Str()) {
			return ""
		}
		return "write " + strings.Join(of, ", ")
	}}
}

func between(least, most int64) func(scim.Value) string {
	return func(v scim.Value) string {
		if v.Int() < least || v.Int() > most {
			return fmt.Sprintf("write %d to %d", least, most)
		}
		return ""
	}
}

func length(least, most int) func(scim.Value) string {
	return func(v scim.Value) string {
		if len(v.Str()) < least || len(v.Str()) > most {
			return fmt.Sprintf("write %d to %d bytes", least, most)
		}
		return ""
	}
}

func webURL(v scim.Value) string {
	u, err := url.Parse(v.Str())
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(v.Str()) > 2048 {
		return "write a URL such as https://acme.example.com"
	}
	return ""
}

func languageTag(v scim.Value) string {
	if _, err := language.Parse(v.Str()); err != nil || v.Str() == "" {
		return "write a BCP 47 tag such as de-DE"
	}
	return ""
}

func timezone(v scim.Value) string {
	if _, err := zone.Load(v.Str()); err != nil {
		return "write an IANA time zone such as Europe/Berlin"
	}
	return ""
}

func currency(v scim.Value) string {
	_, err := ledger.ParseCurrency(v.Str())
	return problem(err)
}

func percent(v scim.Value) string {
	_, err := ledger.ParseRate(v.Str())
	return problem(err)
}

func problem(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

var countryCode = regexp.MustCompile(`^[A-Z]{2}$`)

func country(v scim.Value) string {
	if !countryCode.MatchString(v.Str()) {
		return "write an ISO 3166-1 code such as DE"
	}
	return ""
}

func address(v scim.Value) string {
	local, domain, found := strings.Cut(v.Str(), "@")
	if !found || local == "" || domain == "" || len(v.Str()) > 320 || strings.ContainsAny(v.Str(), " \r\n\t<>") {
		return "write an e-mail address"
	}
	return ""
}

// canonical returns raw with every key of spec in its order and defaults where
// raw has none. It refuses unknown keys and wrong types, but no value: what
// was stored must stay readable when checks become stricter.
func canonical(spec []setting, raw scim.Object, prefix string) (scim.Object, *scim.Error) {
	for _, a := range raw {
		if !slices.ContainsFunc(spec, func(s setting) bool { return s.name == a.Name }) {
			return nil, scim.Errorf(400, "", "%s%s: there is no such setting", prefix, a.Name)
		}
	}
	out := make(scim.Object, 0, len(spec))
	for _, s := range spec {
		v, err := s.value(raw.Get(s.name), prefix+s.name)
		if err != nil {
			return nil, err
		}
		out = append(out, scim.Attr{Name: s.name, Value: v})
	}
	return out, nil
}

// value completes one setting. It reports what is wrong by path.
func (s setting) value(v scim.Value, path string) (scim.Value, *scim.Error) {
	if v.Kind() == scim.Null {
		v = s.def
	}
	switch {
	case v.Kind() == scim.Null && s.nullable:
		return v, nil
	case v.Kind() == scim.Null:
		return v, scim.Errorf(400, "", "%s is required", path)
	case v.Kind() != s.kind:
		return v, scim.Errorf(400, "", "%s: write %s", path, kindNames[s.kind])
	case s.kind == scim.Complex:
		sub, err := canonical(s.sub, v.Obj(), path+".")
		return scim.ObjectOf(sub...), err
	}
	return v, nil
}

// checked refuses values that are out of bounds.
func checked(spec []setting, doc scim.Object, prefix string) *scim.Error {
	for i, s := range spec {
		v, path := doc[i].Value, prefix+s.name
		switch {
		case v.Kind() == scim.Complex:
			if err := checked(s.sub, v.Obj(), path+"."); err != nil {
				return err
			}
		case v.Kind() != scim.Null && s.check != nil:
			if allowed := s.check(v); allowed != "" {
				return scim.Errorf(400, "", "%s: %s", path, allowed)
			}
		}
	}
	return nil
}

var kindNames = map[scim.Kind]string{
	scim.String: "a string", scim.Bool: "true or false", scim.Int: "a whole number", scim.Complex: "an object",
}
