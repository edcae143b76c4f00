package workspace

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// TestTableModel holds a table against a plain map, and the copies that Views have
// of it against what they were: while it is written to, after it was set back to
// one of them, and while others read.
func TestTableModel(t *testing.T) {
	type view struct {
		table table[string]
		want  map[uint32]string
	}
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 3))
		var now table[string]
		want := map[uint32]string{}
		var views []view
		var readers sync.WaitGroup
		most := 1 + random.IntN(3<<branchBits)
		for range 3 * most {
			switch n := random.IntN(20); {
			case now.next == 0 || n < 12 && int(now.next) < most:
				x := string(rune('a' + random.IntN(26)))
				want[now.next] = x
				now.Set(now.next, x)
			case n < 16:
				if ord := random.Uint32N(now.next); want[ord] != "" {
					want[ord] += "x"
					now.Set(ord, want[ord])
				}
			case n < 19:
				if ord := random.Uint32N(now.next); want[ord] != "" {
					delete(want, ord)
					now.Delete(ord)
				}
			case random.IntN(most/4+1) == 0 && len(views) < 12:
				now.share()
				views = append(views, view{now, maps.Clone(want)})
				if random.IntN(3) == 0 { // a State that goes back, once it has written on
					v := views[len(views)-1]
					now.Set(now.next, "lost")
					now.Set(random.Uint32N(now.next), "lost")
					now = v.table
				}
				v := views[len(views)-1]
				readers.Go(func() { checkTable(t, seed, &v.table, v.want) })
			}
		}
		readers.Wait()
		checkTable(t, seed, &now, want)
		for _, v := range views {
			checkTable(t, seed, &v.table, v.want)
		}
	}
}

// checkTable reads all of a table in every way that there is.
func checkTable(t *testing.T, seed uint64, x *table[string], want map[uint32]string) {
	ords := slices.Sorted(maps.Keys(want))
	if x.Len() != len(ords) {
		t.Errorf("seed %d: %d are there, want %d", seed, x.Len(), len(ords))
		return
	}
	var scanned []uint32
	x.Scan(func(ord uint32, item string) bool {
		scanned = append(scanned, ord)
		if item != want[ord] {
			t.Errorf("seed %d: %q has ordinal %d, want %q", seed, item, ord, want[ord])
		}
		return true
	})
	if !slices.Equal(scanned, ords) {
		t.Errorf("seed %d: a scan finds %d, want %d", seed, len(scanned), len(ords))
	}
	for i, ord := range ords {
		if at := x.At(i); at != ord {
			t.Errorf("seed %d: number %d is %d, want %d", seed, i, at, ord)
			return
		}
	}
	for ord := range x.next + 2 {
		if item, found := x.Get(ord); item != want[ord] || found != (want[ord] != "") {
			t.Errorf("seed %d: %d is %q, want %q", seed, ord, item, want[ord])
		}
	}
	if n := len(ords); n > 0 {
		first := ords[n/2]
		x.Ascend(first, func(ord uint32, _ string) bool {
			if ord != first {
				t.Errorf("seed %d: from %d on comes %d", seed, first, ord)
			}
			return false
		})
	}
}
