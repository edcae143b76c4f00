package ledger

import (
	"cmp"
	"fmt"
	"time"
)

// A Date is a day of the calendar, without a time zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the day of t where t's clock hangs.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// String returns the form of ISO 8601, such as 2026-11-25.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// ParseDate reads what String writes.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("%q: write a date such as 2026-11-25", s)
	}
	return DateOf(t), nil
}

// In returns the instant at which the day begins in loc: midnight, or what
// follows where the clock leaps over midnight (Azores, Havana, Santiago).
func (d Date) In(loc *time.Location) time.Time {
	t := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, loc)
	if DateOf(t).Compare(d) < 0 {
		_, t = t.ZoneBounds()
	}
	return t
}

// Plus returns the day n days later.
func (d Date) Plus(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC))
}

// DaysUntil returns the number of days from d to e: 1 if e is the next day.
// Days are days of the calendar, however many hours the clock gives them.
func (d Date) DaysUntil(e Date) int {
	return int(e.In(time.UTC).Sub(d.In(time.UTC)) / (24 * time.Hour))
}

// Compare returns -1, 0 or 1 as d is before, at or after e.
func (d Date) Compare(e Date) int {
	return cmp.Or(cmp.Compare(d.Year, e.Year), cmp.Compare(d.Month, e.Month), cmp.Compare(d.Day, e.Day))
}

// An Interval is how long a price lasts.
type Interval uint8

// Intervals. Journal records store these numbers.
const (
	Monthly Interval = iota
	Yearly
)

// A Calendar divides time into billing periods. A period begins on the anchor
// day, or on the last day of a month that has no such day.
type Calendar struct {
	Interval    Interval
	AnchorDay   int        // 1 to 31
	AnchorMonth time.Month // of a yearly period
}

// anchor returns the anchor of a month, or of the year of a month.
func (c Calendar) anchor(year int, month time.Month) Date {
	if c.Interval == Yearly {
		month = c.AnchorMonth
	}
	first := DateOf(time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)) // month may be 0 or 13
	last := time.Date(first.Year, first.Month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	first.Day = min(c.AnchorDay, last)
	return first
}

// Period returns the first day of the billing period that holds d, and that of
// the next one.
func (c Calendar) Period(d Date) (from, next Date) {
	years, months := 0, 1
	if c.Interval == Yearly {
		years, months = 1, 0
	}
	from = c.anchor(d.Year, d.Month)
	if d.Compare(from) < 0 {
		return c.anchor(d.Year-years, d.Month-time.Month(months)), from
	}
	return from, c.anchor(d.Year+years, d.Month+time.Month(months))
}
