package workspace

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"rosterd/scim"
	"rosterd/scim/filter"
)

var benchPeople = flag.Int("people", 100_000, "people of BenchmarkList")

// BenchmarkList is what lists cost among many people: an index, a scan, an
// order.
func BenchmarkList(b *testing.B) {
	w := newWorld(b)
	env := Envelope{Actor: ActorToken, Token: "okta", Connection: "okta"}
	d, _ := scim.DialectByName("okta")
	for i := range *benchPeople {
		n := i * 7919 % *benchPeople
		doc, err := scim.Normalize(scim.User, w.json(fmt.Sprintf(`{"userName":"person.%07d@example.com","externalId":"x%d",
			"name":{"givenName":"Given%d","familyName":"Family%d"},"title":"Title %d","active":%t,
			"emails":[{"type":"work","value":"person.%07d@example.com","primary":true}]}`, n, n, n%1000, n%5000, n%50, n%9 > 0, n)), d)
		if err != nil {
			b.Fatal(err)
		}
		w.must(env, CreateUser{Doc: doc})
		w.ids, w.log = w.ids[len(w.ids)-1:], nil
		w.now = w.now.Add(time.Millisecond)
	}
	r := w.state.View().As("okta", "https://scim.example.com/scim/v2")
	for _, text := range []string{
		`userName eq "PERSON.0000077@example.com"`,
		`emails[type eq "work"].value eq "person.0000077@example.com"`,
		`externalId eq "x1" or userName eq "person.0000077@example.com" and active eq true`,
		`active eq false`,
		`meta.lastModified gt "2026-01-05T09:00:50Z"`,
		`title co "title 7"`,
		`not (userName sw "person.00")`,
	} {
		b.Run(text, func(b *testing.B) {
			f, err := filter.Parse(scim.User, text, d, scim.DefaultLimits)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := r.List(Query{Select: []Selector{{Type: scim.User, Filter: f}}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for _, by := range []string{"userName", "meta.lastModified", "name.familyName"} {
		b.Run("by "+by, func(b *testing.B) {
			refs, _ := filter.ParseSort([]*scim.ResourceType{scim.User}, by, scim.Dialects()[0])
			for b.Loop() {
				if _, err := r.List(Query{Select: []Selector{{Type: scim.User, SortBy: refs[0]}}, Sorted: true}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
