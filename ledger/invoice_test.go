package ledger

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the figures must not depend on the machine's zones
)

// TestInvoices runs testdata/invoices.txt. The figures there were worked out
// without this package, and there is no flag that rewrites them.
func TestInvoices(t *testing.T) {
	raw, err := os.ReadFile("testdata/invoices.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, cases, _ := strings.Cut(strings.TrimSpace(string(raw)), "\n----\n") // the head explains the form
	for text := range strings.SplitSeq(cases, "\n----\n") {
		title, _, _ := strings.Cut(strings.TrimPrefix(text, "# "), "\n")
		t.Run(title, func(t *testing.T) {
			input, want, _ := strings.Cut(text, "\n=> ")
			c := parseWorked(t, input)
			if got := c.documents(t); got != want {
				t.Errorf("%s\n got %s\nwant %s", input, got, want)
			}
		})
	}
}

// A worked case is what stands before => in the table.
type worked struct {
	zone    *time.Location
	windows []ClosedWindow
	backs   []takenBack
}

// takenBack asks for a correction of seats, after gone were taken back before.
type takenBack struct{ seats, gone int64 }

func parseWorked(t *testing.T, input string) *worked {
	t.Helper()
	c := &worked{}
	price := Price{}
	for line := range strings.Lines(input) {
		f := strings.Fields(line)
		switch {
		case f[0] == "#":
		case f[0] == "zone" && len(f) == 2:
			c.zone = mustZone(t, f[1])
		case f[0] == "price" && len(f) >= 7:
			price = parsePrice(t, f)
		case f[0] == "window" && len(f) == 4:
			c.windows = append(c.windows, ClosedWindow{
				Ordinal: uint32(len(c.windows) + 1), Opened: mustTime(t, f[1]), Closed: mustTime(t, f[2]),
				Extra: mustInt(t, f[3]), Price: price,
			})
		case f[0] == "back" && len(f) == 4 && f[2] == "after":
			c.backs = append(c.backs, takenBack{mustInt(t, f[1]), mustInt(t, f[3])})
		default:
			t.Fatalf("malformed line %q", line)
		}
	}
	if c.zone == nil || len(c.windows) == 0 {
		t.Fatalf("no zone or no windows in %q", input)
	}
	return c
}

// parsePrice reads "price CUR UNIT interval anchor CATEGORY RATE REASON".
func parsePrice(t *testing.T, f []string) Price {
	t.Helper()
	currency, err := ParseCurrency(f[1])
	if err != nil {
		t.Fatal(err)
	}
	rate, err := ParseRate(f[6])
	if err != nil {
		t.Fatal(err)
	}
	p := Price{
		Unit: Money{currency, mustInt(t, strings.Replace(f[2], ".", "", 1))}, // the table writes every decimal
		Tax:  Tax{Category: Category(f[5]), Rate: rate, Reason: strings.Join(f[7:], " ")},
	}
	day := f[4]
	if f[3] == "yearly" {
		month, d, _ := strings.Cut(f[4], "-")
		p.Interval, p.AnchorMonth, day = Yearly, time.Month(mustInt(t, month)), d
	} else if f[3] != "monthly" {
		t.Fatalf("no interval %q", f[3])
	}
	p.AnchorDay = int(mustInt(t, day))
	return p
}

func mustInt(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// mustTime reads an instant and forgets the offset it was written with, as the
// journal does: only the workspace's zone may decide on days.
func mustTime(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

func mustZone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// documents writes the invoices of c and the corrections of the first one.
func (c *worked) documents(t *testing.T) string {
	t.Helper()
	var out []string
	var first *Invoice
	for rest := c.windows; len(rest) > 0; {
		n := together(rest)
		inv, err := Bill(rest[:n], c.zone)
		out = append(out, c.document(t, &inv, err))
		if first == nil {
			first = &inv
		}
		rest = rest[n:]
	}
	frozen := cloneInvoice(first)
	for _, b := range c.backs {
		inv := Invoice{Kind: Correction, Currency: first.Currency}
		var err error
		if inv.Lines, err = first.takeBack(b.gone, b.seats); err == nil {
			err = inv.total()
		}
		if got := inv.seats(); err == nil && got != -b.seats {
			t.Errorf("the correction bills %d seats, want %d", got, -b.seats)
		}
		out = append(out, c.document(t, &inv, err))
	}
	if !reflect.DeepEqual(frozen, first) {
		t.Error("a correction changed the invoice that it corrects")
	}
	return strings.Join(out, "\n")
}

func cloneInvoice(inv *Invoice) *Invoice {
	out := *inv
	out.Lines, out.Taxes = slices.Clone(inv.Lines), slices.Clone(inv.Taxes)
	return &out
}

// document writes every figure of inv. What a line only copies from its window
// is compared here and not written.
func (c *worked) document(t *testing.T, inv *Invoice, err error) string {
	t.Helper()
	if errors.Is(err, ErrOverflow) {
		return "overflow"
	}
	if err != nil {
		t.Fatal(err)
	}
	money := func(minor int64) string { return Money{inv.Currency, minor}.Decimal() }
	kind := "invoice"
	if inv.Kind == Correction {
		kind = "correction"
	}
	out := fmt.Sprintf("%s %s", kind, inv.Currency)
	for _, l := range inv.Lines {
		w := c.windows[l.Window-1]
		if !l.Opened.Equal(w.Opened) || !l.Closed.Equal(w.Closed) || l.Tax != w.Price.Tax {
			t.Errorf("line %+v does not copy window %+v", l, w)
		}
		if l.Quantity() != l.Seats*int64(l.Days) {
			t.Errorf("line %+v has %d seat-days", l, l.Quantity())
		}
		out += fmt.Sprintf("\nline %d: %s to %s, %d seats for %d of %d days at %s = %s",
			l.Window, l.From, l.To, l.Seats, l.Days, l.PeriodDays, money(l.Unit), money(l.Amount))
	}
	for _, x := range inv.Taxes {
		out += fmt.Sprintf("\ntax %s %s", x.Tax.Category, x.Tax.Rate)
		if x.Tax.Reason != "" {
			out += " (" + x.Tax.Reason + ")"
		}
		out += fmt.Sprintf(" on %s = %s", money(x.Basis), money(x.Amount))
	}
	return out + fmt.Sprintf("\nnet %s, VAT %s, gross %s", money(inv.Net), money(inv.VAT), money(inv.Gross))
}

// TestLinesModel holds lines against a model that walks the calendar: windows
// around the beginning of a billing period, in zones with every kind of
// midnight.
func TestLinesModel(t *testing.T) {
	const seed = 20261125
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, name := range []string{
		"UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Australia/Lord_Howe", "Asia/Beirut", "Africa/Cairo",
		"America/Havana", "Atlantic/Azores",
	} {
		loc := mustZone(t, name)
		for range 400 {
			w := drawWindow(rng, loc)
			lines, err := w.lines(loc)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := fmt.Sprint(lines), fmt.Sprint(modelLines(t, &w, loc)); got != want {
				t.Fatalf("seed %d, %s, %+v\n got %s\nwant %s", seed, name, w, got, want)
			}
		}
	}
}

// drawWindow returns a window that opens at most two hours before or after an
// anchor day begins. Half of these are days on which the clocks change, or the
// days after, if the zone has any.
func drawWindow(rng *rand.Rand, loc *time.Location) ClosedWindow {
	day := Date{2024 + rng.IntN(3), time.Month(1 + rng.IntN(12)), 1 + rng.IntN(28)}
	if rng.IntN(2) == 0 {
		for n := 0; n < 366 && midnight(day, loc).AddDate(0, 0, 1).Sub(midnight(day, loc)) == 24*time.Hour; n++ {
			day = tomorrow(day)
		}
		if rng.IntN(2) == 0 {
			day = tomorrow(day) // clocks that change at 24:00
		}
	}
	w := ClosedWindow{Ordinal: 1, Extra: 1 + rng.Int64N(5000), Price: Price{
		Unit:     Money{"EUR", 1 + rng.Int64N(5000)},
		Calendar: Calendar{Interval(rng.IntN(2)), day.Day, day.Month},
	}}
	w.Opened = midnight(day, loc).Add(time.Duration(rng.IntN(240)-120) * time.Minute)
	w.Closed = w.Opened.Add(time.Duration(1+rng.IntN(60)) * time.Minute)
	return w
}

// midnight is where day begins, or an hour off where there is no midnight.
func midnight(day Date, loc *time.Location) time.Time {
	return time.Date(day.Year, day.Month, day.Day, 0, 0, 0, 0, loc)
}

// modelLines bills w by looking at one day after the other: a line ends on the
// day before an anchor day, and a window touches a day if the clock of loc
// showed that day before it closed.
func modelLines(t *testing.T, w *ClosedWindow, loc *time.Location) (out []Line) {
	t.Helper()
	c := w.Price.Calendar
	last := DateOf(w.Closed.Add(-1).In(loc))
	for day := DateOf(w.Opened.In(loc)); len(out) == 0 || day.Compare(last) <= 0; {
		l := Line{Window: w.Ordinal, Opened: w.Opened, Closed: w.Closed, Seats: w.Extra, From: day, Unit: w.Price.Unit.Minor}
		for d := day; l.Days == 0 || !isAnchor(c, d); d = tomorrow(d) {
			l.To = d
			l.Days++
		}
		l.PeriodDays = l.Days
		for d := day; !isAnchor(c, d); l.PeriodDays++ {
			d = yesterday(d)
		}
		exact := new(big.Rat).SetFrac64(l.Seats*int64(l.Days)*l.Unit, int64(l.PeriodDays))
		l.Amount = mustInt(t, exact.FloatString(0)) // rounds half away from zero
		out = append(out, l)
		day = tomorrow(l.To)
	}
	return out
}

// TestTakeBackModel holds takeBack against a stack of single seats: each
// correction takes from its top.
func TestTakeBackModel(t *testing.T) {
	const seed = 4077
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 500 {
		var windows []ClosedWindow
		var stack []uint32
		for i := range 1 + rng.IntN(6) {
			w := ClosedWindow{Ordinal: uint32(i + 1), Extra: 1 + rng.Int64N(9), Price: Price{
				Unit: Money{"EUR", 1290}, Calendar: Calendar{AnchorDay: 1}, Tax: Tax{Category: Standard, Rate: 19 * rateUnit},
			}}
			w.Opened = time.Date(2026, 12, 27+i, 23, 45, 0, 0, time.UTC) // one of them crosses the anchor
			w.Closed = w.Opened.Add(30 * time.Minute)
			windows = append(windows, w)
			for range w.Extra {
				stack = append(stack, w.Ordinal)
			}
		}
		inv, err := Bill(windows, time.UTC)
		if err != nil || inv.seats() != int64(len(stack)) {
			t.Fatalf("seed %d: %d seats and %v, want %d", seed, inv.seats(), err, len(stack))
		}
		for gone := int64(0); len(stack) > 0; {
			n := 1 + rng.IntN(len(stack))
			want := map[uint32]int64{}
			for range n {
				want[stack[len(stack)-1]]--
				stack = stack[:len(stack)-1]
			}
			checkTakeBack(t, &inv, gone, int64(n), want)
			gone += int64(n)
		}
	}
}

// checkTakeBack wants each window of the map taken back with all its lines, in
// the order of the invoice.
func checkTakeBack(t *testing.T, inv *Invoice, gone, seats int64, want map[uint32]int64) {
	t.Helper()
	var expected []Line
	for _, l := range inv.Lines {
		if n, ok := want[l.Window]; ok {
			exact := new(big.Rat).SetFrac64(n*int64(l.Days)*l.Unit, int64(l.PeriodDays))
			l.Seats, l.Amount = n, mustInt(t, exact.FloatString(0))
			expected = append(expected, l)
		}
	}
	got, err := inv.takeBack(gone, seats)
	if err != nil || !reflect.DeepEqual(got, expected) {
		t.Fatalf("%d seats after %d: %v\n got %+v\nwant %+v", seats, gone, err, got, expected)
	}
}

// TestTakeBackNothing: what is not there cannot be taken back.
func TestTakeBackNothing(t *testing.T) {
	w := ClosedWindow{Ordinal: 1, Extra: 3, Price: Price{Unit: Money{"EUR", 100}, Calendar: Calendar{AnchorDay: 1}}}
	w.Opened = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	w.Closed = w.Opened.Add(time.Minute)
	inv, err := Bill([]ClosedWindow{w}, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []takenBack{{seats: 0, gone: 0}, {seats: 1, gone: 3}, {seats: 2, gone: 7}} {
		if lines, err := inv.takeBack(b.gone, b.seats); err != nil || len(lines) != 0 {
			t.Errorf("%+v: got %+v, %v", b, lines, err)
		}
	}
}

// TestTogether: a prefix of one currency and one category, whatever else
// differs, and not too many windows for one record of the journal.
func TestTogether(t *testing.T) {
	price := func(c Currency, cat Category, r Rate) ClosedWindow {
		return ClosedWindow{Price: Price{Unit: Money{c, 1}, Tax: Tax{Category: cat, Rate: r}}}
	}
	eur, low, chf := price("EUR", Standard, 190000), price("EUR", Standard, 70000), price("CHF", Standard, 190000)
	exempt, outside := price("EUR", Exempt, 0), price("EUR", OutsideScope, 0)
	for _, c := range []struct {
		windows []ClosedWindow
		want    int
	}{
		{[]ClosedWindow{eur}, 1},
		{[]ClosedWindow{eur, eur, eur}, 3},
		{[]ClosedWindow{eur, low, eur}, 3},
		{[]ClosedWindow{eur, chf, eur}, 1},
		{[]ClosedWindow{eur, eur, exempt}, 2},
		{[]ClosedWindow{exempt, outside}, 1},
		{slices.Repeat([]ClosedWindow{eur}, maxWindows), maxWindows},
		{slices.Repeat([]ClosedWindow{eur}, maxWindows+1), maxWindows},
	} {
		if got := together(c.windows); got != c.want {
			t.Errorf("%d windows, the first %+v: got %d, want %d", len(c.windows), c.windows[0].Price, got, c.want)
		}
	}
}

// TestTotalByCategory: two categories of one rate are two totals. No invoice
// mixes them today (TestTogether), but a total says what category it is of.
func TestTotalByCategory(t *testing.T) {
	exempt, zero := Tax{Exempt, 0, "section 19 UStG"}, Tax{Category: ZeroRated}
	inv := Invoice{Lines: []Line{{Tax: exempt, Amount: 7}, {Tax: zero, Amount: 5}, {Tax: exempt, Amount: -2}}}
	if err := inv.total(); err != nil {
		t.Fatal(err)
	}
	if want := []TaxTotal{{Tax: exempt, Basis: 5}, {Tax: zero, Basis: 5}}; !slices.Equal(inv.Taxes, want) || inv.Net != 10 || inv.Gross != 10 {
		t.Errorf("got %+v, want %+v", inv, want)
	}
	if err := inv.total(); err != nil || len(inv.Taxes) != 2 || inv.Gross != 10 {
		t.Errorf("the second total differs: %+v, %v", inv, err)
	}
}

// TestNumbered: six digits, and more when they are needed.
func TestNumbered(t *testing.T) {
	for serial, want := range map[uint32]string{1: "acme-000001", 999999: "acme-999999", 1000000: "acme-1000000"} {
		inv := Invoice{}
		if inv.numbered("acme", serial); inv.Number != want || inv.Serial != serial {
			t.Errorf("got %q and %d, want %q", inv.Number, inv.Serial, want)
		}
	}
}
