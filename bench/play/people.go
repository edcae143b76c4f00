package play

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// A Person is one employee as the identity provider's directory knows them.
// Body says how it goes over the wire.
type Person struct {
	UserName   string // account e-mail; unique in a roster, ASCII, lower case
	ExternalID string // the directory's own name of the person; unique in a roster
	GivenName  string
	FamilyName string
	Display    string // in the order of the person's own language
	Title      string
	Department string
	Employee   string // employee number
	Work       string // work telephone, spaced as people write it
	Mobile     string
	Street     string
	City       string
	Postcode   string
	Country    string // ISO 3166-1 alpha-2
	Language   string // for preferredLanguage
	Locale     string
	Timezone   string // IANA name
	Profile    Profile
}

// PersonAt returns the person with the given number, from 0, of the endless
// roster named by seed. It is a pure function: the same arguments give the
// same person on every machine, so a load can make people as it needs them
// and a later run can name them again. Rosters of different seeds share no
// userName and no externalId.
func PersonAt(seed uint64, index int) Person {
	var source rand.PCG
	source.Seed(seed, uint64(index))
	random := rand.New(&source)
	c := &cultures[random.IntN(len(cultures))]
	given := c.given[random.IntN(len(c.given))]
	family := c.family[random.IntN(len(c.family))]
	display := given.shown + " " + family.shown
	if c.familyFirst {
		display = family.shown + " " + given.shown
	}
	// The number in it makes the name unique; real directories do the same
	// for their second Max Müller.
	roster := "r" + strconv.FormatUint(seed, 10)
	nick := given.login + "." + family.login + "." + strconv.Itoa(index+1)
	country, _, _ := strings.Cut(c.dial, " ")
	return Person{
		UserName:   nick + "@" + roster + ".example.com",
		ExternalID: roster + "-" + nick,
		GivenName:  given.shown,
		FamilyName: family.shown,
		Display:    display,
		Title:      titles[random.IntN(len(titles))],
		Department: departments[index%len(departments)],
		Employee:   padded(index+1, 6),
		Work:       c.dial + " " + padded(random.IntN(10_000_000), 7),
		Mobile:     country + " " + padded(random.IntN(10_000_000), 7),
		Street:     "Campus " + strconv.Itoa(1+random.IntN(40)) + ", " + c.city,
		City:       c.city,
		Postcode:   c.postcode,
		Country:    c.country,
		Language:   c.language,
		Locale:     c.locale,
		Timezone:   c.timezone,
	}
}

// padded writes n with at least so many digits.
func padded(n, width int) string {
	digits := strconv.Itoa(n)
	return strings.Repeat("0", max(0, width-len(digits))) + digits
}

// married is the person after a wedding.
func (p Person) married() Person {
	p.FamilyName += "-Lang"
	p.Display += "-Lang"
	return p
}

// A Profile is how much a directory says of a person.
type Profile uint8

// Ordinary is about 1 KB as a body, Short 0.4 KB, Long 4 KB.
const (
	Ordinary Profile = iota
	Short
	Long
)

// Shares says how many of the people have another than an ordinary profile,
// each from 0 to 1, and together at most 1.
type Shares struct{ Short, Long float64 }

// of returns the profile of a person. Which it is depends on nothing but the
// seed and the number.
func (s Shares) of(seed uint64, index int) Profile {
	if s == (Shares{}) {
		return Ordinary
	}
	var random rand.PCG
	random.Seed(^seed, uint64(index))
	switch drawn := rand.New(&random).Float64(); {
	case drawn < s.Long:
		return Long
	case drawn < s.Long+s.Short:
		return Short
	}
	return Ordinary
}
