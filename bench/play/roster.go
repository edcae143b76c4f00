package play

import (
	"fmt"
	"math/rand/v2"
)

// A Group is one directory group assigned to the application.
type Group struct {
	Name       string // displayName; what the server is searched for
	ExternalID string // the directory's object id
	Role       bool   // named like a role of the workspace, which must exist before the cycle
	Members    []int  // ascending numbers of people, each once
}

// A Plan is what a directory has to provision. It is plain data: playing it
// changes nothing in it, so one plan can be played twice.
type Plan struct {
	Seed   uint64
	Shares Shares
	People int     // their numbers are 0 to below this
	Groups []Group // teams first, then roles
	teams  int     // of the groups
}

// Roster returns a plan of so many people in so many teams and roles, the same
// for the same arguments. Everybody is in one team and every fourth person in
// a second one; every role has about a tenth of the people, and nobody has two
// roles unless there are more than ten. A negative count is taken as 0.
func Roster(seed uint64, people, teams, roleCount int) Plan {
	people, teams, roleCount = max(people, 0), max(teams, 0), max(roleCount, 0)
	plan := Plan{Seed: seed, People: people, teams: teams}
	random := rand.New(rand.NewPCG(seed, ^uint64(0)))
	for t := range teams {
		plan.Groups = append(plan.Groups, Group{Name: nth(departments[:], t), ExternalID: guid(random)})
	}
	for r := range roleCount {
		plan.Groups = append(plan.Groups, Group{Name: nth(roles[:], r), ExternalID: guid(random), Role: true})
	}
	for i := range people {
		plan.assign(i, teams, roleCount)
	}
	return plan
}

// Person returns a person of the plan, whose department is their first team.
// It makes them anew each time: a plan of a million people holds none. Numbers
// past the plan are people, too.
func (p Plan) Person(i int) Person {
	person := PersonAt(p.Seed, i)
	if p.teams > 0 {
		person.Department = p.Groups[i%p.teams].Name
	}
	person.Profile = p.Shares.of(p.Seed, i)
	return person
}

// assign puts person i into their groups.
func (p *Plan) assign(i, teams, roleCount int) {
	join := func(group int) { p.Groups[group].Members = append(p.Groups[group].Members, i) }
	if teams > 0 {
		home := i % teams
		join(home)
		if i%4 == 0 && teams > 1 {
			join((home + 1) % teams)
		}
	}
	for r := range roleCount {
		if i%10 == r%10 {
			join(teams + r)
		}
	}
}

// Roles returns the names of the roles that the plan expects on the server.
func (p Plan) Roles() []string {
	var names []string
	for _, g := range p.Groups {
		if g.Role {
			names = append(names, g.Name)
		}
	}
	return names
}

// Memberships returns how many memberships the plan sets.
func (p Plan) Memberships() int {
	n := 0
	for _, g := range p.Groups {
		n += len(g.Members)
	}
	return n
}

// Steps returns how many steps a first cycle of the plan reports: one for the
// connection test, one for each person, group and membership.
func (p Plan) Steps() int {
	return 1 + p.People + len(p.Groups) + p.Memberships()
}

// nth returns the name at i, and past the list the same names numbered.
func nth(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s %d", names[i%len(names)], i/len(names)+1)
}

// guid returns a version 4 UUID: Entra names its objects with those.
func guid(random *rand.Rand) string {
	a, b := random.Uint64(), random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
}
