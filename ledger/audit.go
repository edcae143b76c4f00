package ledger

import "fmt"

// Audit works every invoice out anew and returns a line for each difference:
// numbers without a gap, each closed window billed once, amounts as the rules
// give them, corrections within what they correct.
func (b *Books) Audit() []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	serial, window := uint32(0), uint32(0)
	b.Invoices(0, func(inv *Invoice) bool {
		serial++
		if inv.Serial != serial {
			say("invoice %s has serial %d after %d", inv.Number, inv.Serial, serial-1)
		}
		if inv.Kind == Original {
			window = audited(inv, window, say)
		} else if orig, ok := b.Invoice(inv.Corrects); !ok || orig.Kind != Original {
			say("correction %s is of %q, which is no invoice", inv.Number, inv.Corrects)
		} else if gone := b.takenBack(orig.Number); gone > orig.seats() {
			say("corrections take %d of the %d seats of %s back", gone, orig.seats(), orig.Number)
		}
		auditAmounts(inv, say)
		return true
	})
	for _, w := range b.Unbilled {
		if window++; w.Ordinal != window {
			say("window %d is to be billed after %d", w.Ordinal, window-1)
		}
	}
	if window != b.Windows {
		say("%d windows were billed or are to be, %d closed with seats to bill", window, b.Windows)
	}
	return out
}

// audited checks that an invoice goes on with the windows after last, and
// returns its own last one.
func audited(inv *Invoice, last uint32, say func(string, ...any)) uint32 {
	for _, l := range inv.Lines {
		if l.Window != last && l.Window != last+1 {
			say("invoice %s bills window %d after %d", inv.Number, l.Window, last)
		}
		last = l.Window
	}
	return last
}

func auditAmounts(inv *Invoice, say func(string, ...any)) {
	again := Invoice{Lines: append([]Line(nil), inv.Lines...)}
	for i := range again.Lines {
		l := &again.Lines[i]
		if err := l.price(); err != nil || l.Amount != inv.Lines[i].Amount {
			say("invoice %s, line %d: %d, worked out anew %d", inv.Number, i+1, inv.Lines[i].Amount, l.Amount)
		}
	}
	if err := again.total(); err != nil || again.Net != inv.Net || again.VAT != inv.VAT || again.Gross != inv.Gross {
		say("invoice %s: %d + %d = %d, worked out anew %d + %d = %d", inv.Number, inv.Net, inv.VAT, inv.Gross, again.Net, again.VAT, again.Gross)
	}
}
