package bulk

import (
	"cmp"
	"slices"

	"rosterd/scim"
)

// A Unit is what stands or falls together: one operation, or several that
// refer to each other in a circle. Ops are their places in the request.
type Unit struct {
	Ops []int
	// Circular says that an operation of the unit needs the id of what only the
	// unit itself makes.
	Circular bool
}

// Plan divides operations into units, in the order in which they run. An
// operation runs in its place, but one that refers to later ones right after the
// last of them; so what the client put into an order that works keeps it. A
// circle runs in the place of its last operation, people first, since they must
// be there before they can be members.
//
// A refused operation is a unit of its own, and so is one that refers to it.
func Plan(ops []Operation) []Unit {
	g := graph{ops: ops, needs: make([][]int, len(ops)), found: make([]int, len(ops)), low: make([]int, len(ops)), unit: make([]int, len(ops))}
	makers := map[string]int{}
	for i, op := range ops {
		if op.Method == "POST" && op.BulkID != "" {
			makers[op.BulkID] = i
		}
	}
	for i := range ops {
		g.unit[i] = -1
		if ops[i].Refusal != nil {
			continue
		}
		for _, ref := range ops[i].references() {
			if j, ok := makers[ref]; ok {
				g.needs[i] = append(g.needs[i], j)
			}
		}
	}
	for i := range ops {
		if g.found[i] == 0 {
			g.visit(i)
		}
	}
	return g.schedule()
}

// A graph finds circles as Tarjan finds strongly connected components.
type graph struct {
	ops   []Operation
	needs [][]int // by operation: those that it refers to
	found []int   // by operation: when it was found; 0: not yet
	low   []int   // by operation: the earliest found that is in its circle
	unit  []int   // by operation: its unit; -1: none yet
	stack []int
	count int
	units []Unit
}

func (g *graph) visit(i int) {
	g.count++
	g.found[i], g.low[i] = g.count, g.count
	g.stack = append(g.stack, i)
	for _, j := range g.needs[i] {
		switch {
		case g.found[j] == 0:
			g.visit(j)
			g.low[i] = min(g.low[i], g.low[j])
		case g.unit[j] < 0:
			g.low[i] = min(g.low[i], g.found[j])
		}
	}
	if g.low[i] == g.found[i] {
		g.close(slices.Index(g.stack, i))
	}
}

// close makes a unit of what lies on the stack from there on.
func (g *graph) close(from int) {
	u := Unit{Ops: slices.Clone(g.stack[from:])}
	g.stack = g.stack[:from]
	for _, i := range u.Ops {
		g.unit[i] = len(g.units)
	}
	for _, i := range u.Ops {
		u.Circular = u.Circular || slices.ContainsFunc(g.needs[i], func(j int) bool { return g.unit[j] == len(g.units) })
	}
	slices.SortFunc(u.Ops, func(a, b int) int {
		groupA, groupB := g.ops[a].Type == scim.Group, g.ops[b].Type == scim.Group
		switch {
		case groupA == groupB:
			return cmp.Compare(a, b)
		case groupB:
			return -1
		}
		return 1
	})
	g.units = append(g.units, u)
}

// schedule puts the units in order: a unit is ready once its last operation is
// reached and what it needs has run; of several that are, the one with the first
// operation runs first.
func (g *graph) schedule() []Unit {
	waits := make([]int, len(g.units))    // by unit: what it waits for
	wanted := make([][]int, len(g.units)) // by unit: those that wait for it
	for i, u := range g.unit {
		waits[u]++ // for the place of i
		for _, j := range g.needs[i] {
			if v := g.unit[j]; v != u {
				waits[u]++
				wanted[v] = append(wanted[v], u)
			}
		}
	}
	var ready []int // the first operation of each unit that is, in order
	met := func(u int) {
		if waits[u]--; waits[u] == 0 {
			first := slices.Min(g.units[u].Ops)
			at, _ := slices.BinarySearch(ready, first)
			ready = slices.Insert(ready, at, first)
		}
	}
	out := make([]Unit, 0, len(g.units))
	for i := range g.ops {
		met(g.unit[i])
		for len(ready) > 0 {
			u := g.unit[ready[0]]
			ready = ready[1:]
			out = append(out, g.units[u])
			for _, v := range wanted[u] {
				met(v)
			}
		}
	}
	return out
}
