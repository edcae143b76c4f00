package workspace

import (
	"time"

	"rosterd/ledger"
)

// A Host is what a decision takes from the daemon beside the clock.
type Host struct {
	// Mint returns ids that are greater than LastID and greater each time
	// (NextResourceID).
	Mint func() ResourceID
	// Window is how long a window of bookings stays open (M13: thirty minutes).
	Window time.Duration
	// Seller issues the invoices.
	Seller ledger.Seller
	// Gaps names the data without which a seller cannot send a buyer an
	// e-invoice. It must be a pure function.
	Gaps func(ledger.Seller, ledger.Buyer, ledger.Tax) []string
}

// terms are what the ledger decides on.
func (s *Settings) terms(ws ID, host Host) ledger.Terms {
	return ledger.Terms{
		Account: string(ws), Zone: s.Zone, Language: s.Language, AutoBooking: s.seats.autoBooking, Cap: s.seats.limit,
		Collect: s.collect, Price: s.price, Length: host.Window, Seller: host.Seller, Buyer: s.buyer,
	}
}
