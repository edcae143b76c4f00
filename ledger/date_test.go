package ledger

import (
	"testing"
	"time"
)

// The model of the calendar: a table of months and one leap rule, walked day
// by day. It shares nothing with date.go.

func daysIn(year int, month time.Month) int {
	if month == time.February && (year%4 == 0 && year%100 != 0 || year%400 == 0) {
		return 29
	}
	return [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
}

func tomorrow(d Date) Date {
	switch {
	case d.Day < daysIn(d.Year, d.Month):
		return Date{d.Year, d.Month, d.Day + 1}
	case d.Month < time.December:
		return Date{d.Year, d.Month + 1, 1}
	}
	return Date{d.Year + 1, time.January, 1}
}

func yesterday(d Date) Date {
	switch {
	case d.Day > 1:
		return Date{d.Year, d.Month, d.Day - 1}
	case d.Month > time.January:
		return Date{d.Year, d.Month - 1, daysIn(d.Year, d.Month-1)}
	}
	return Date{d.Year - 1, time.December, 31}
}

// isAnchor reports whether a billing period begins on d.
func isAnchor(c Calendar, d Date) bool {
	if c.Interval == Yearly && d.Month != c.AnchorMonth {
		return false
	}
	last := daysIn(d.Year, d.Month)
	return d.Day == c.AnchorDay || d.Day == last && c.AnchorDay > last
}

// TestPeriod asks for the period of every day of eight years, two of them leap
// years, with every anchor there is.
func TestPeriod(t *testing.T) {
	for day := 1; day <= 31; day++ {
		checkPeriods(t, Calendar{Interval: Monthly, AnchorDay: day})
		for month := time.January; month <= time.December; month++ {
			checkPeriods(t, Calendar{Interval: Yearly, AnchorDay: day, AnchorMonth: month})
		}
	}
}

func checkPeriods(t *testing.T, c Calendar) {
	t.Helper()
	from := Date{2026, time.January, 1}
	for !isAnchor(c, from) {
		from = yesterday(from)
	}
	for from.Year < 2034 {
		next := tomorrow(from)
		for !isAnchor(c, next) {
			next = tomorrow(next)
		}
		for d := from; d != next; d = tomorrow(d) {
			if gotFrom, gotNext := c.Period(d); gotFrom != from || gotNext != next {
				t.Fatalf("%+v, %s: got %s to %s, want %s to %s", c, d, gotFrom, gotNext, from, next)
			}
		}
		from = next
	}
}

// TestPeriodMonthOfMonthly: the anchor month says nothing about a monthly plan.
func TestPeriodMonthOfMonthly(t *testing.T) {
	c := Calendar{Interval: Monthly, AnchorDay: 31, AnchorMonth: time.June}
	from, next := c.Period(Date{2028, time.February, 29})
	if want := (Date{2028, time.March, 31}); next != want || from != (Date{2028, time.February, 29}) {
		t.Errorf("got %s to %s, want 2028-02-29 to %s", from, next, want)
	}
}

// TestPlusDaysUntil walks from 1890 to 2110: 1900 and 2100 have no leap day,
// 2000 has one.
func TestPlusDaysUntil(t *testing.T) {
	first := Date{1890, time.January, 1}
	n := 0
	for d := first; d.Year < 2110; d = tomorrow(d) {
		if got := first.Plus(n); got != d {
			t.Fatalf("%s plus %d: got %s, want %s", first, n, got, d)
		}
		if got := d.Plus(-n); got != first {
			t.Fatalf("%s minus %d: got %s, want %s", d, n, got, first)
		}
		if there, back := first.DaysUntil(d), d.DaysUntil(first); there != n || back != -n {
			t.Fatalf("%s to %s: got %d there and %d back, want %d", first, d, there, back, n)
		}
		if d.Compare(tomorrow(d)) != -1 || tomorrow(d).Compare(d) != 1 || d.Compare(d) != 0 {
			t.Fatalf("%s and the next day are in the wrong order", d)
		}
		n++
	}
	if n != 80353 { // 220 x 365 + 53 leap days
		t.Errorf("walked %d days, want 80353", n)
	}
}

// TestIn: a day begins at the first instant at which the clock shows it, also
// where clocks go forward at midnight and there is no 00:00.
func TestIn(t *testing.T) {
	for _, name := range []string{
		"UTC", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Pacific/Auckland", "Pacific/Kiritimati",
		"Asia/Kathmandu", "Australia/Lord_Howe", "Asia/Beirut", "Africa/Cairo", // no 00:00 on one day a year, east of Greenwich
		"Atlantic/Azores", "America/Havana", "America/Santiago", // the same in the west
	} {
		loc := mustZone(t, name)
		for d := (Date{2024, time.January, 1}); d.Year < 2027; d = tomorrow(d) {
			begin := d.In(loc)
			if on, before := DateOf(begin), DateOf(begin.Add(-1)); on != d || before != yesterday(d) {
				t.Errorf("%s: %s begins at %s", name, d, begin)
			}
		}
	}
}

// TestDateOf: the day is that of the clock on the wall.
func TestDateOf(t *testing.T) {
	at := mustTime(t, "2026-11-30T23:30:00Z")
	for name, want := range map[string]string{
		"UTC": "2026-11-30", "Europe/Berlin": "2026-12-01", "America/New_York": "2026-11-30", "Pacific/Auckland": "2026-12-01",
	} {
		if got := DateOf(at.In(mustZone(t, name))).String(); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestParseDate(t *testing.T) {
	for s, want := range map[string]Date{
		"2026-11-25": {2026, time.November, 25},
		"2028-02-29": {2028, time.February, 29},
		"0999-01-02": {999, time.January, 2},
	} {
		if got, err := ParseDate(s); err != nil || got != want || got.String() != s {
			t.Errorf("%q: got %s, %v", s, got, err)
		}
	}
	for _, s := range []string{
		"", "2026", "2026-11", "2026-1-5", "2026-11-5", "26-11-25", "2026-02-29", "2026-04-31", "2026-00-01", "2026-13-01",
		"2026-11-00", " 2026-11-25", "2026-11-25 ", "2026-11-25T00:00:00Z", "20261125", "2026/11/25", "-026-11-25",
	} {
		if got, err := ParseDate(s); err == nil {
			t.Errorf("%q was read as %s", s, got)
		}
	}
}
