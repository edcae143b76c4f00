package workspace

import "slices"

// A membership is one user in one group, in four bytes: where its sources are
// in the source table, and whether it is held.
type membership struct {
	sources uint16
	held    bool
}

// A sourceTable interns sets of sources. There are few: a workspace has a
// handful of connections and almost every membership has one source. Sets are
// only ever appended, so a View's shorter table stays valid.
type sourceTable struct{ sets [][]Source }

func newSourceTable() *sourceTable { return &sourceTable{sets: [][]Source{nil}} }

// intern returns the number of set and the table that holds it. set is sorted
// by compareSources and not empty.
func (t *sourceTable) intern(set []Source) (uint16, *sourceTable) {
	for i, have := range t.sets {
		if slices.Equal(have, set) {
			return uint16(i), t
		}
	}
	assert(len(t.sets) < 1<<16, "more than 65,535 combinations of sources")
	grown := &sourceTable{sets: append(slices.Clip(t.sets), slices.Clone(set))}
	return uint16(len(t.sets)), grown
}

func (t *sourceTable) of(m membership) []Source { return t.sets[m.sources] }

func compareSources(a, b Source) int {
	switch {
	case a.Connection != b.Connection:
		if a.Connection < b.Connection {
			return -1
		}
		return 1
	case a.Attribute == b.Attribute:
		return 0
	case a.Attribute:
		return 1
	}
	return -1
}

// withSource returns set with src in it, sorted.
func withSource(set []Source, src Source) []Source {
	i, found := slices.BinarySearchFunc(set, src, compareSources)
	if found {
		return set
	}
	return slices.Insert(slices.Clone(set), i, src)
}

// withoutSource returns set without src.
func withoutSource(set []Source, src Source) []Source {
	i, found := slices.BinarySearchFunc(set, src, compareSources)
	if !found {
		return set
	}
	return slices.Delete(slices.Clone(set), i, i+1)
}

// local is the source of what an admin or the application sets.
var local = Source{}
