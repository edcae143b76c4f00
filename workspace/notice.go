package workspace

import (
	"cmp"
	"time"

	"rosterd/ledger"
	"rosterd/scim"
)

// A NoticeKind says what a mail tells.
type NoticeKind uint8

// Notice kinds. Journal records store these numbers.
const (
	NoticeReactivated NoticeKind = iota // to the person (M9)
	NoticeWindow                        // to the billing contact: bookings have begun
	NoticeInvoice                       // to the billing contact, with the invoice
	NoticeNoAdmin                       // to the billing contact: nobody is an admin
)

var noticeNames = map[NoticeKind]string{
	NoticeReactivated: "reactivated", NoticeWindow: "window opened", NoticeInvoice: "invoice", NoticeNoAdmin: "no admin",
}

// String says what the mail tells, for the log.
func (k NoticeKind) String() string { return noticeNames[k] }

// A Notice is what one mail has to say. Whoever sends it finds the words.
type Notice struct {
	Kind      NoticeKind
	To        string // e-mail address
	Language  string // BCP 47 tag of who reads it
	Name      string // of the person it is about
	Workspace string // its name
	AppURL    string // may be empty
	Zone      *time.Location

	NotBefore time.Time       // send it then at the earliest; zero: at once
	Synced    bool            // NoticeReactivated: by an identity provider, not an admin
	Seats     int64           // NoticeWindow: booked so far; 0 if the window is closed by now
	Extra     int64           // NoticeWindow: seats that would be invoiced as things stand
	Total     ledger.Money    // NoticeWindow: what those cost, with tax
	Closes    time.Time       // NoticeWindow: when they are invoiced
	Invoice   *ledger.Invoice // NoticeInvoice
	EInvoice  bool            // NoticeInvoice: the XML goes with it
}

// settling is how long the mail about a window waits for the bookings that
// follow the first, but at most a quarter of the window.
const settling = time.Minute

// Tells reports whether a mail may tell of an event.
func Tells(ev Event) bool {
	switch ev := ev.(type) {
	case UserChanged:
		return ev.kind() == "user.reactivated" && ev.Active()
	case NoAdmin:
		return true
	case Posted:
		switch ev.Entry.(type) {
		case ledger.WindowOpened, ledger.InvoiceIssued:
			return true
		}
	}
	return false
}

// Notice returns the mail that tells of an event, as things stand in v, which
// is newer; false if there is none to send, or nobody to send it to.
func (v *View) Notice(env Envelope, ev Event) (Notice, bool) {
	set := v.settings
	n := Notice{To: set.Billing, Language: set.Language, Workspace: set.Name, AppURL: set.AppURL, Zone: set.Zone}
	switch ev := ev.(type) {
	case UserChanged:
		// An admin's reactivation always tells the person; an identity
		// provider's only where the workspace wants it (M9).
		if !Tells(ev) || env.Actor == ActorToken && !set.MailOnReactivation {
			return Notice{}, false
		}
		n.Kind, n.To, n.Name, n.Synced = NoticeReactivated, ev.userName(), given(&ev.UserDoc), env.Actor == ActorToken
		n.Language = cmp.Or(ev.Record.Attr(scim.UserLanguage).Str(), set.Language)
	case NoAdmin:
		n.Kind = NoticeNoAdmin
	case Posted:
		switch e := ev.Entry.(type) {
		case ledger.WindowOpened:
			n.Kind, n.Closes = NoticeWindow, e.Window.Ends
			n.NotBefore = e.Window.Opened.Add(min(settling, e.Window.Ends.Sub(e.Window.Opened)/4))
			n.window(v, e.Window.Opened)
		case ledger.InvoiceIssued:
			n.Kind, n.Invoice, n.EInvoice = NoticeInvoice, &e.Invoice, set.EInvoice
		default:
			return Notice{}, false
		}
	default:
		return Notice{}, false
	}
	return n, address(scim.Text(n.To)) == ""
}

// window fills in how things stand with the window, if it is still open.
func (n *Notice) window(v *View, opened time.Time) {
	inv, open := v.Preview()
	if !open || !v.books.Open.Opened.Equal(opened) {
		return
	}
	n.Seats, n.Extra = v.books.Booked, max(0, v.books.Seated()-v.books.Purchased)
	n.Total = ledger.Money{Currency: inv.Currency, Minor: inv.Gross}
}

// given returns what to call somebody in a letter.
func given(d *UserDoc) string {
	name := d.Record.Attr(scim.UserName).Obj()
	return cmp.Or(name.Get("givenName").Str(), d.Record.Attr(scim.UserDisplayName).Str(), d.userName())
}
