package ledger

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// ErrOverflow means that an amount does not fit into 64 bits of minor units.
var ErrOverflow = errors.New("ledger: the amount is too large")

// Money is an amount in minor units (cents) of one currency.
type Money struct {
	Currency Currency
	Minor    int64
}

// String returns the amount with the decimals of its currency and a decimal
// point, such as "3537.10 EUR" or "-12 JPY".
func (m Money) String() string { return m.Decimal() + " " + string(m.Currency) }

// Decimal returns the amount without its currency, such as "3537.10".
func (m Money) Decimal() string {
	sign, minor := "", uint64(m.Minor)
	if m.Minor < 0 {
		sign, minor = "-", -minor
	}
	digits := strconv.FormatUint(minor, 10)
	n := m.Currency.Decimals()
	if n == 0 {
		return sign + digits
	}
	if pad := n + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	return sign + digits[:len(digits)-n] + "." + digits[len(digits)-n:]
}

// add returns the sum of amounts, or ErrOverflow.
func add(amounts ...int64) (int64, error) {
	sum := int64(0)
	for _, a := range amounts {
		next := sum + a
		if a > 0 && next < sum || a < 0 && next > sum {
			return 0, ErrOverflow
		}
		sum = next
	}
	return sum, nil
}

// mulDiv returns a*b/c rounded once, half away from zero, computed without a
// loss in between. c is positive. The error is ErrOverflow.
func mulDiv(a, b, c int64) (int64, error) {
	negative := a < 0 != (b < 0)
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	divisor := magnitude(c)
	if hi >= divisor {
		return 0, ErrOverflow
	}
	quotient, rest := bits.Div64(hi, lo, divisor)
	if quotient > 1<<63-1 {
		return 0, ErrOverflow
	}
	if rest >= divisor-rest {
		quotient++
	}
	if quotient > 1<<63-1 {
		return 0, ErrOverflow
	}
	if negative {
		return -int64(quotient), nil
	}
	return int64(quotient), nil
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// A Category is a VAT category of EN 16931 (UNCL 5305).
type Category string

// The categories that a seat can have.
const (
	Standard      Category = "S"  // a rate above 0
	ReverseCharge Category = "AE" // the buyer owes the VAT
	Export        Category = "G"  // outside the EU
	Exempt        Category = "E"
	ZeroRated     Category = "Z"
	OutsideScope  Category = "O" // not subject to VAT
)

// A Tax is what VAT a price bears.
type Tax struct {
	Category Category
	Rate     Rate   // 0 in every category but Standard
	Reason   string // why there is no VAT, where the category wants one
}

// On returns the tax on a net amount, rounded once, half away from zero. The
// error is ErrOverflow.
func (t Tax) On(net int64) (int64, error) { return mulDiv(net, int64(t.Rate), 100*rateUnit) }

// A Rate is a percentage in units of 1/10000 percent: 190000 is 19 %.
type Rate int64

// rateUnit is one percent.
const rateUnit = 10_000

// ParseRate reads a percentage from 0 to 100 with at most four decimals, such
// as "8.1".
func ParseRate(s string) (Rate, error) {
	bad := fmt.Errorf(`%q: write a percentage from 0 to 100 with at most four decimals, such as "19"`, s)
	whole, fraction, dotted := strings.Cut(s, ".")
	if len(whole) == 0 || len(whole) > 3 || len(whole) > 1 && whole[0] == '0' || len(fraction) > 4 || dotted && fraction == "" {
		return 0, bad
	}
	n, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", 4-len(fraction)), 10, 32)
	if err != nil || n > 100*rateUnit {
		return 0, bad
	}
	return Rate(n), nil
}

// String returns the percentage without its sign, such as "8.1".
func (r Rate) String() string {
	whole, fraction := int64(r)/rateUnit, int64(r)%rateUnit
	if fraction == 0 {
		return strconv.FormatInt(whole, 10)
	}
	return strconv.FormatInt(whole, 10) + "." + strings.TrimRight(fmt.Sprintf("%04d", fraction), "0")
}
