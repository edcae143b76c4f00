package ledger

import (
	"fmt"
	"strings"
)

// A Currency is the ISO 4217 code of a currency in use with at most two
// decimals.
type Currency string

// The currencies in use, by the decimals of their minor unit (ISO 4217, list
// one). Funds, metals and codes for testing are none.
const (
	twoDecimals = " AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP" +
		" CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR" +
		" JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN" +
		" NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP" +
		" SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG "
	noDecimals    = " BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF "
	threeDecimals = " BHD IQD JOD KWD LYD OMR TND "
)

// ParseCurrency reads an ISO 4217 code. It refuses what is none, and
// currencies with more than two decimals.
func ParseCurrency(code string) (Currency, error) {
	word := " " + code + " "
	switch {
	case len(code) != 3:
	case strings.Contains(twoDecimals, word), strings.Contains(noDecimals, word):
		return Currency(code), nil
	case strings.Contains(threeDecimals, word):
		return "", fmt.Errorf("%s: currencies with more than two decimals are not supported", code)
	}
	return "", fmt.Errorf("%q: write the ISO 4217 code of a currency in use, such as EUR", code)
}

// Decimals returns the digits after the decimal point of an amount.
func (c Currency) Decimals() int {
	if strings.Contains(noDecimals, " "+string(c)+" ") {
		return 0
	}
	return 2
}
