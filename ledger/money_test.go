package ledger

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestDecimal(t *testing.T) {
	for _, c := range []struct {
		currency Currency
		minor    int64
		want     string
	}{
		{"EUR", 353710, "3537.10"},
		{"EUR", 0, "0.00"},
		{"EUR", 1, "0.01"},
		{"EUR", 10, "0.10"},
		{"EUR", 99, "0.99"},
		{"EUR", 100, "1.00"},
		{"EUR", -1, "-0.01"},
		{"EUR", -99, "-0.99"},
		{"EUR", -100, "-1.00"},
		{"EUR", -353710, "-3537.10"},
		{"EUR", math.MaxInt64, "92233720368547758.07"},
		{"EUR", math.MinInt64, "-92233720368547758.08"},
		{"JPY", 0, "0"},
		{"JPY", 12, "12"},
		{"JPY", -12, "-12"},
		{"JPY", math.MaxInt64, "9223372036854775807"},
		{"JPY", math.MinInt64, "-9223372036854775808"},
	} {
		m := Money{c.currency, c.minor}
		if got := m.Decimal(); got != c.want {
			t.Errorf("%d %s: got %q, want %q", c.minor, c.currency, got, c.want)
		}
		if got, want := m.String(), c.want+" "+string(c.currency); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestParseCurrency(t *testing.T) {
	for _, list := range []struct {
		codes    string
		decimals int
	}{
		{"EUR CHF USD GBP SEK NOK DKK PLN CZK HUF RON ISK JPY KRW", -1},
		{"AED ZWG AUD CAD CNY INR NZD BRL MXN ZAR TRY UAH XCG VES MRU MGA", 2},
		{"BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF", 0},
	} {
		for code := range strings.FieldsSeq(list.codes) {
			c, err := ParseCurrency(code)
			if err != nil || string(c) != code {
				t.Errorf("%s: got %q, %v", code, c, err)
			}
			if got := c.Decimals(); list.decimals >= 0 && got != list.decimals {
				t.Errorf("%s has %d decimals, want %d", code, got, list.decimals)
			}
		}
	}
}

func TestParseCurrencyRefused(t *testing.T) {
	for _, code := range []string{"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"} {
		_, err := ParseCurrency(code)
		if err == nil || !strings.Contains(err.Error(), code) || !strings.Contains(err.Error(), "more than two decimals") {
			t.Errorf("%s: got %v, want a word on its decimals", code, err)
		}
	}
	for _, code := range []string{
		"", " ", "   ", "E", "EU", "EURO", "eur", "Eur", "EUR ", " EUR", "EU ", " EU", "E R", "€", "€€€", "ABC",
		"AED AFN", "ED ", "D A", // pieces of the list
		"DEM", "HRK", "BGN", "ANG", "ZWL", "SLL", "CUC", "VEF", // withdrawn
		"BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYW", "XDR", // funds and units of account
		"XAU", "XAG", "XTS", "XXX", // metals, testing, none
	} {
		if c, err := ParseCurrency(code); err == nil || c != "" {
			t.Errorf("%q was read as %q", code, c)
		}
	}
}

// TestCurrencyLists: three letters each, and no code in two lists.
func TestCurrencyLists(t *testing.T) {
	codes := strings.Fields(twoDecimals + noDecimals + threeDecimals)
	for i, code := range codes {
		if len(code) != 3 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || slices.Contains(codes[:i], code) {
			t.Errorf("%q is malformed or there twice", code)
		}
	}
}

func TestParseRate(t *testing.T) {
	for s, want := range map[string]Rate{
		"0": 0, "19": 190000, "7": 70000, "8.1": 81000, "2.6": 26000, "5.5": 55000, "20": 200000, "100": 1000000,
		"0.0001": 1, "0.5": 5000, "19.0": 190000, "8.10": 81000, "2.6125": 26125, "99.9999": 999999, "100.0000": 1000000,
		"0.0": 0, "0.0000": 0, "10": 100000, "10.01": 100100,
	} {
		if got, err := ParseRate(s); err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", s, got, err, want)
		}
	}
	for _, s := range []string{
		"", " ", ".", "-", "+", "-1", "+19", "-0", "19%", "19 %", " 19", "19 ", "1 9", "19,0", ".5", "5.", "00", "07", "019", "00.5",
		"100.0001", "101", "999", "1000", "8.12345", "8.1.0", "8..1", "1e1", "0x13", "1_9", "19.-1", "19.+1", "8._1", "NaN", "Inf",
		"１９", "19\n", "19.00000", "4294967297", "18446744073709551617",
	} {
		if got, err := ParseRate(s); err == nil || got != 0 {
			t.Errorf("%q was read as %d, %v", s, got, err)
		} else if !strings.Contains(err.Error(), "four decimals") {
			t.Errorf("%q: %v does not say what to write", s, err)
		}
	}
}

// TestRateString takes rates with every last digit there and back.
func TestRateString(t *testing.T) {
	for r, want := range map[Rate]string{0: "0", 1: "0.0001", 10: "0.001", 5000: "0.5", 81000: "8.1", 190000: "19", 26125: "2.6125", 100100: "10.01", 1000000: "100"} {
		if got := r.String(); got != want {
			t.Errorf("%d: got %q, want %q", r, got, want)
		}
	}
	for r := Rate(0); r <= 100*rateUnit; r += 37 {
		if got, err := ParseRate(r.String()); err != nil || got != r {
			t.Fatalf("%d: %q was read as %d, %v", r, r.String(), got, err)
		}
	}
}

func FuzzParseRate(f *testing.F) {
	for _, s := range []string{"19", "8.1", "100.0000", "100.0001", "0.0001", "-1", "5.", ".5", "00", "1e1", "1_0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRate(s)
		if err != nil {
			return
		}
		exact, ok := new(big.Rat).SetString(s)
		if !ok || r < 0 || r > 100*rateUnit || exact.Cmp(big.NewRat(int64(r), rateUnit)) != 0 {
			t.Fatalf("%q was read as %d", s, r)
		}
		if again, err := ParseRate(r.String()); err != nil || again != r {
			t.Fatalf("%q: %q was read as %d, %v", s, r.String(), again, err)
		}
	})
}

func TestTaxOn(t *testing.T) {
	for _, c := range []struct {
		rate      Rate
		net, want int64
	}{
		{190000, 353710, 67205}, // 672.049
		{190000, 50, 10},        // 0.095
		{190000, -50, -10},
		{190000, 49, 9}, // 0.0931
		{81000, 68200, 5524},
		{0, 68200, 0},
		{1000000, 68200, 68200},
		{1, 500000, 1}, // 0.0001 % of 5000.00 is 0.005
		{1, 499999, 0},
		{1, -500000, -1},
		{1000000, math.MaxInt64, math.MaxInt64},
		{500000, math.MaxInt64, 1 << 62}, // half of an odd number
	} {
		if got, err := (Tax{Rate: c.rate}).On(c.net); err != nil || got != c.want {
			t.Errorf("%s %% of %d: got %d, %v, want %d", c.rate, c.net, got, err, c.want)
		}
	}
}

func TestAdd(t *testing.T) {
	const most, least = math.MaxInt64, math.MinInt64
	for _, c := range []struct {
		amounts []int64
		want    int64
		err     error
	}{
		{nil, 0, nil},
		{[]int64{1, -2, 4}, 3, nil},
		{[]int64{most, 0}, most, nil},
		{[]int64{most, least}, -1, nil},
		{[]int64{least, most, 1}, 0, nil},
		{[]int64{most, 1}, 0, ErrOverflow},
		{[]int64{1, most}, 0, ErrOverflow},
		{[]int64{most, most}, 0, ErrOverflow},
		{[]int64{least, -1}, 0, ErrOverflow},
		{[]int64{least, least}, 0, ErrOverflow},
	} {
		if got, err := add(c.amounts...); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%d: got %d, %v, want %d, %v", c.amounts, got, err, c.want, c.err)
		}
	}
}

// bigMulDiv is a*b/c rounded half away from zero with numbers of any length.
// -2^63 counts as too large, like 2^63: a correction must be able to take back
// what an invoice bills.
func bigMulDiv(a, b, c int64) (int64, error) {
	product := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
	sign := int64(product.Sign())
	twice := product.Abs(product).Lsh(product, 1)
	twice.Add(twice, big.NewInt(c))
	quotient := twice.Div(twice, new(big.Int).Lsh(big.NewInt(c), 1))
	if !quotient.IsInt64() {
		return 0, ErrOverflow
	}
	return sign * quotient.Int64(), nil
}

func checkMulDiv(t *testing.T, a, b, c int64) {
	t.Helper()
	want, wantErr := bigMulDiv(a, b, c)
	if got, err := mulDiv(a, b, c); got != want || !errors.Is(err, wantErr) {
		t.Errorf("%d * %d / %d: got %d, %v, want %d, %v", a, b, c, got, err, want, wantErr)
	}
}

func TestMulDiv(t *testing.T) {
	for _, c := range []struct{ a, b, c, want int64 }{
		{500 * 17, 1290, 31, 353710}, // the product's example
		{1, 1, 2, 1}, {-1, 1, 2, -1}, {1, -1, 2, -1}, {-1, -1, 2, 1},
		{3, 1, 2, 2}, {-3, 1, 2, -2}, {5, 1, 2, 3},
		{1, 1, 3, 0}, {2, 1, 3, 1}, {-1, 1, 3, 0}, {-2, 1, 3, -1},
		{0, 5, 7, 0}, {5, 0, 7, 0}, {7, 5, 5, 7},
		{math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64},
		{math.MinInt64, math.MinInt64, math.MaxInt64, 0}, // 2^63 + 1 and a rest
		{math.MinInt64, 1, 1, 0},
		{math.MinInt64, 1, 2, -1 << 62},
	} {
		got, err := mulDiv(c.a, c.b, c.c)
		if tooLarge := c.want == 0 && c.a == math.MinInt64; got != c.want || tooLarge != (err != nil) {
			t.Errorf("%d * %d / %d: got %d, %v, want %d", c.a, c.b, c.c, got, err, c.want)
		}
	}
}

// TestMulDivEdges tries all triples of numbers at which something can go wrong.
func TestMulDivEdges(t *testing.T) {
	edges := []int64{0, 1, 2, 3, 4, 28, 29, 30, 31, 365, 366, 100 * rateUnit, math.MaxInt64, math.MaxInt64 - 1}
	for _, shift := range []int{31, 32, 33, 61, 62} {
		edges = append(edges, 1<<shift-1, 1<<shift, 1<<shift+1)
	}
	for _, n := range slices.Clone(edges) {
		edges = append(edges, -n)
	}
	edges = append(edges, math.MinInt64)
	for _, a := range edges {
		for _, b := range edges {
			for _, c := range edges {
				if c > 0 {
					checkMulDiv(t, a, b, c)
				}
			}
		}
	}
}

// TestMulDivRandom draws numbers of every length, and halves on purpose.
func TestMulDivRandom(t *testing.T) {
	const seed = 20261125
	rng := rand.New(rand.NewPCG(seed, 0))
	draw := func() int64 { return int64(rng.Uint64()) >> rng.IntN(64) }
	for range 50_000 {
		a, b, c := draw(), draw(), max(1, draw()&math.MaxInt64)
		checkMulDiv(t, a, b, c)
		// a*b/c is an odd number of halves, and its neighbours just miss one.
		b, c = 1+rng.Int64N(1<<20), 1+rng.Int64N(1<<20)
		a = c * (2*(draw()>>24) + 1)
		for _, near := range []int64{-1, 0, 1} {
			checkMulDiv(t, a+near, b, 2*b*c)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzMulDiv(f *testing.F) {
	f.Add(int64(8500), int64(1290), int64(31))
	f.Add(int64(-1), int64(1), int64(2))
	f.Add(int64(math.MinInt64), int64(math.MinInt64), int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, a, b, c int64) {
		if c > 0 { // as mulDiv demands
			checkMulDiv(t, a, b, c)
		}
	})
}
