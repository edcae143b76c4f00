package play

import (
	"fmt"
	"math/rand/v2"
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
}

// PersonAt returns the person with the given number, from 0, of the endless
// roster named by seed. It is a pure function: the same arguments give the
// same person on every machine, so a load can make people as it needs them
// and a later run can name them again. Rosters of different seeds share no
// userName and no externalId.
func PersonAt(seed uint64, index int) Person {
	random := rand.New(rand.NewPCG(seed, uint64(index)))
	c := &cultures[random.IntN(len(cultures))]
	given := c.given[random.IntN(len(c.given))]
	family := c.family[random.IntN(len(c.family))]
	display := given.shown + " " + family.shown
	if c.familyFirst {
		display = family.shown + " " + given.shown
	}
	// The number in it makes the name unique; real directories do the same
	// for their second Max Müller.
	nick := fmt.Sprintf("%s.%s.%d", given.login, family.login, index+1)
	return Person{
		UserName:   fmt.Sprintf("%s@r%d.example.com", nick, seed),
		ExternalID: fmt.Sprintf("r%d-%s", seed, nick),
		GivenName:  given.shown,
		FamilyName: family.shown,
		Display:    display,
		Title:      titles[random.IntN(len(titles))],
		Department: departments[index%len(departments)],
		Employee:   fmt.Sprintf("%06d", index+1),
		Work:       fmt.Sprintf("%s %07d", c.dial, random.IntN(10_000_000)),
		Mobile:     fmt.Sprintf("%s %07d", strings.Fields(c.dial)[0], random.IntN(10_000_000)),
		Street:     fmt.Sprintf("Campus %d, %s", 1+random.IntN(40), c.city),
		City:       c.city,
		Postcode:   c.postcode,
		Country:    c.country,
		Language:   c.language,
		Locale:     c.locale,
		Timezone:   c.timezone,
	}
}
