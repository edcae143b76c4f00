package workspace

import (
	"slices"
	"strings"
	"time"

	"rosterd/ledger"
	"rosterd/scim"
	"rosterd/workspace/zone"
)

// Settings are a workspace's settings: what POST /workspaces takes, checked
// and with defaults filled in. The typed fields are those that rules read;
// Object holds them all.
type Settings struct {
	Name         string
	Plan         string // SCIM needs "enterprise"
	Subscription string // active, past_due or cancelled
	SSO          bool   // an OpenID Connect connection is configured
	DefaultRole  string // the role of who has no other
	Groups       struct {
		RolePrefix string // what SCIM shows before the name of a role
		CreateAs   string // what POST /Groups makes: team or role
	}
	SCIM struct {
		Enabled   bool  // the operator's switch
		GraceDays int64 // days that leavers still get out after a lapse
	}
	MembersSSO bool // signIn.members is "sso" (M14)

	WhenFullRefuse     bool   // a POST that finds no seat is refused
	EInvoice           bool   // invoices are also XRechnung XML, and must be able to
	MailOnReactivation bool   // also of a reactivation through SCIM (M9)
	Billing            string // e-mail address of the billing contact; may be empty
	Language           string // BCP 47 tag of mails and invoices
	AppURL             string // where people sign in; may be empty
	Zone               *time.Location

	seats struct {
		purchased   int64 // when the workspace was created; the books know it now
		autoBooking bool
		limit       int64 // seats.cap, or ledger.NoCap
	}
	collect ledger.Collect
	price   ledger.Price
	buyer   ledger.Buyer
	doc     scim.Object
}

const (
	planEnterprise        = "enterprise"
	subscriptionCancelled = "cancelled"
)

// ParseSettings merges patch, a JSON merge patch (RFC 7396), into base and
// checks the result; a nil base is a workspace that is being created. It
// refuses with 400 an unknown key, a wrong type and a value out of bounds,
// naming the key and what is allowed.
func ParseSettings(base *Settings, patch scim.Object) (*Settings, *scim.Error) {
	var before scim.Object
	if base != nil {
		before = base.doc
	}
	if err := capNamed(before, patch); err != nil {
		return nil, err
	}
	if percent := patch.Get("price").Obj().Get("vatPercent"); percent.Kind() != scim.Null && percent.Kind() != scim.String {
		return nil, scim.Errorf(400, "", `price.vatPercent: write a string, such as "19"`)
	}
	doc, err := canonical(settingsSpec, merge(before, vatShort(patch)), "")
	if err == nil {
		err = checked(settingsSpec, doc, "")
	}
	if err != nil {
		return nil, err
	}
	if err := coherent(doc); err != nil {
		return nil, err
	}
	return newSettings(doc), nil
}

func newSettings(doc scim.Object) *Settings {
	s := &Settings{
		Name: doc.Get("name").Str(), Plan: doc.Get("plan").Str(), Subscription: doc.Get("subscription").Str(),
		SSO: doc.Get("sso").Kind() == scim.Complex, DefaultRole: doc.Get("defaultRole").Str(), doc: doc,
	}
	groups, gate := doc.Get("groups").Obj(), doc.Get("scim").Obj()
	s.Groups.RolePrefix, s.Groups.CreateAs = groups.Get("rolePrefix").Str(), groups.Get("createAs").Str()
	s.SCIM.Enabled, s.SCIM.GraceDays = gate.Get("enabled").Bool(), gate.Get("graceDays").Int()
	s.MembersSSO = doc.Get("signIn").Obj().Get("members").Str() == "sso"
	s.MailOnReactivation = doc.Get("mail").Obj().Get("onScimReactivation").Bool()
	s.Language, s.AppURL = doc.Get("locale").Str(), doc.Get("appUrl").Str()
	s.Zone, _ = zone.Load(doc.Get("timezone").Str()) // checked by the spec
	s.commerce(doc)
	return s
}

var intervals = map[string]ledger.Interval{"month": ledger.Monthly, "year": ledger.Yearly}

var collects = map[string]ledger.Collect{"window": ledger.PerWindow, "day": ledger.PerDay, "period": ledger.PerPeriod}

// commerce reads what seats and invoices depend on.
func (s *Settings) commerce(doc scim.Object) {
	seats, price, invoice := doc.Get("seats").Obj(), doc.Get("price").Obj(), doc.Get("invoice").Obj()
	s.seats.purchased, s.seats.autoBooking = seats.Get("purchased").Int(), seats.Get("autoBooking").Bool()
	s.seats.limit = ledger.NoCap
	if limit := seats.Get("cap"); limit.Kind() == scim.Int {
		s.seats.limit = limit.Int()
	}
	s.WhenFullRefuse = seats.Get("whenFull").Str() == "refuse"
	s.EInvoice, s.collect = invoice.Get("eInvoice").Bool(), collects[invoice.Get("collect").Str()]
	tax := price.Get("tax").Obj()
	rate, _ := ledger.ParseRate(tax.Get("percent").Str()) // checked by the spec
	s.price = ledger.Price{
		Unit: ledger.Money{Currency: ledger.Currency(price.Get("currency").Str()), Minor: price.Get("minor").Int()},
		Calendar: ledger.Calendar{
			Interval: intervals[price.Get("interval").Str()], AnchorDay: int(price.Get("anchorDay").Int()),
			AnchorMonth: time.Month(price.Get("anchorMonth").Int()),
		},
		Tax: ledger.Tax{Category: ledger.Category(tax.Get("category").Str()), Rate: rate, Reason: tax.Get("reason").Str()},
	}
	billing := doc.Get("billing").Obj()
	buyer := billing.Get("buyer").Obj()
	s.Billing = billing.Get("email").Str()
	s.buyer = ledger.Buyer{
		Name: buyer.Get("name").Str(), Street: buyer.Get("street").Str(), PostalCode: buyer.Get("postalCode").Str(),
		City: buyer.Get("city").Str(), Country: buyer.Get("country").Str(), VATID: buyer.Get("vatId").Str(),
		Reference: buyer.Get("reference").Str(), Email: s.Billing,
	}
	if s.buyer.Name == "" {
		s.buyer.Name = s.Name
	}
}

// German reports whether mails and invoices of a language are in German; all
// others are in English.
func German(language string) bool { return strings.HasPrefix(strings.ToLower(language), "de") }

// Object returns the settings as the admin API writes them, every key in its
// order, unset ones as Null. The caller must not change it.
func (s *Settings) Object() scim.Object { return s.doc }

// Diff lists what differs in after, by dotted path, in the order of the
// settings.
func (s *Settings) Diff(after *Settings) []Change { return diff("", s.doc, after.doc) }

func diff(prefix string, before, after scim.Object) []Change {
	var out []Change
	for _, a := range after {
		was := before.Get(a.Name)
		switch path := prefix + a.Name; {
		case was.Equal(a.Value):
		case was.Kind() == scim.Complex && a.Value.Kind() == scim.Complex:
			out = append(out, diff(path+".", was.Obj(), a.Value.Obj())...)
		default:
			out = append(out, Change{path, was, a.Value})
		}
	}
	return out
}

// merge applies an RFC 7396 merge patch. A null removes, which gives a setting
// its default again.
func merge(base, patch scim.Object) scim.Object {
	out := slices.Clone(base)
	for _, a := range patch {
		i := slices.IndexFunc(out, func(b scim.Attr) bool { return b.Name == a.Name })
		if i < 0 {
			i = len(out)
			out = append(out, scim.Attr{Name: a.Name})
		}
		if a.Value.Kind() == scim.Complex {
			a.Value = scim.ObjectOf(merge(out[i].Value.Obj(), a.Value.Obj())...)
		}
		out[i] = a
	}
	return slices.DeleteFunc(out, func(a scim.Attr) bool { return a.Value.Kind() == scim.Null })
}

// vatShort writes price.vatPercent out as the tax that it is short for.
func vatShort(patch scim.Object) scim.Object {
	price := patch.Get("price")
	percent := price.Obj().Get("vatPercent")
	if percent.Kind() != scim.String {
		return patch
	}
	tax := scim.ObjectOf(scim.Attr{Name: "category", Value: scim.Text("S")}, scim.Attr{Name: "percent", Value: percent},
		scim.Attr{Name: "reason"})
	return patch.With("price", scim.ObjectOf(price.Obj().With("vatPercent", scim.Value{}).With("tax", tax)...))
}

// capNamed refuses to switch automatic booking on without a word about the
// most seats there may ever be: one wrong scope must not bill 100,000 seats
// (product.md section 2).
func capNamed(before, patch scim.Object) *scim.Error {
	seats := patch.Get("seats").Obj()
	was := before.Get("seats").Obj().Get("autoBooking").Bool()
	if _, named := seats.Fold("cap"); named || was || !seats.Get("autoBooking").Bool() {
		return nil
	}
	return scim.Errorf(400, "", "seats.autoBooking: switching it on must name seats.cap, the most seats the workspace may ever have; write null for no limit")
}

// coherent checks what concerns more than one key.
func coherent(doc scim.Object) *scim.Error {
	price := doc.Get("price").Obj()
	tax := price.Get("tax").Obj()
	if percent := tax.Get("percent").Str(); tax.Get("category").Str() != "S" && percent != "0" {
		return scim.Errorf(400, "", "price.tax.percent: %q: it is 0 in every category but S", percent)
	}
	if tax.Get("category").Str() == string(ledger.ReverseCharge) && doc.Get("billing").Obj().Get("buyer").Obj().Get("vatId").Str() == "" {
		return scim.Errorf(400, "", "price.tax.category: AE (reverse charge) needs billing.buyer.vatId, the buyer's VAT id")
	}
	if doc.Get("signIn").Obj().Get("members").Str() == "sso" && doc.Get("sso").Kind() != scim.Complex {
		return scim.Errorf(400, "", "signIn.members: sso needs an OpenID Connect connection; set sso.issuer and sso.clientId")
	}
	seats := doc.Get("seats").Obj()
	if limit := seats.Get("cap"); limit.Kind() == scim.Int && limit.Int() < seats.Get("purchased").Int() {
		return scim.Errorf(400, "", "seats.cap: %d is less than the %d seats purchased", limit.Int(), seats.Get("purchased").Int())
	}
	return nil
}
