package workspace

import (
	"cmp"
	"slices"
	"time"

	"rosterd/scim"
)

// A QuirkUse says how often a connection's requests were answered with success
// although they needed a quirk to be tolerated. It is a statistic: what was
// counted within the last minute is lost in a crash.
type QuirkUse struct {
	Quirk       scim.Quirk
	Count       uint64    // requests
	First, Last time.Time // of them
}

// SumQuirks returns the uses in both lists, which are sorted by quirk and do
// not change, as one such list.
func SumQuirks(list, more []QuirkUse) []QuirkUse {
	if len(more) == 0 {
		return list
	}
	out := slices.Clone(list)
	for _, use := range more {
		i, found := slices.BinarySearchFunc(out, use.Quirk, func(have QuirkUse, q scim.Quirk) int { return cmp.Compare(have.Quirk, q) })
		if !found {
			out = slices.Insert(out, i, use)
			continue
		}
		have := &out[i]
		have.Count += use.Count
		if use.First.Before(have.First) {
			have.First = use.First
		}
		if use.Last.After(have.Last) {
			have.Last = use.Last
		}
	}
	return out
}
