package workspace

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// A naiveIndex is the plain model: for every hint, who is entered under it.
type naiveIndex map[uint32]map[uint32]bool

func (n naiveIndex) has(hint, ord uint32) bool { return n[hint][ord] }

func enter(x *index, hint, ord uint32, stays func(hint, ord uint32) bool) {
	for !x.insert(hint, ord) {
		x.makeRoom(hint, stays)
	}
}

// TestIndexModel holds an index, and the copies of it that Views would have,
// against the plain model, for hints that are spread and for hints that fall
// upon one page or upon few slots.
func TestIndexModel(t *testing.T) {
	for name, hint := range map[string]func(*rand.Rand) uint32{
		"spread": func(r *rand.Rand) uint32 { return r.Uint32() },
		"few":    func(r *rand.Rand) uint32 { return r.Uint32N(5) << 29 },
		"dense":  func(r *rand.Rand) uint32 { return r.Uint32N(40_000) },
		"begins": func(r *rand.Rand) uint32 { return 0xabcde000 | r.Uint32N(1<<13) },
	} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			x, model := newIndex(), naiveIndex{}
			type copied struct {
				index
				live []uint64
			}
			var live []uint64
			var views []copied
			for i := range 60_000 {
				if n := len(live); n > 0 && random.IntN(5) < 2 {
					at := random.IntN(n)
					h, ord := uint32(live[at]>>32), uint32(live[at])
					live[at], live = live[n-1], live[:n-1]
					delete(model[h], ord)
					x.remove(h, ord)
				} else {
					h, ord := hint(random), random.Uint32N(1<<30)
					if model.has(h, ord) {
						continue
					}
					if model[h] == nil {
						model[h] = map[uint32]bool{}
					}
					model[h][ord] = true
					live = append(live, uint64(h)<<32|uint64(ord))
					enter(&x, h, ord, model.has)
				}
				if i%10_000 == 5000 {
					views = append(views, copied{x.copy(), slices.Clone(live)})
				}
			}
			for _, v := range append(views, copied{x, live}) {
				slices.Sort(v.live)
				for len(v.live) > 0 {
					h, found := uint32(v.live[0]>>32), v.under(uint32(v.live[0]>>32), new(ordinals))
					if !slices.IsSorted(found) {
						t.Fatalf("hint %x: %v is not in order", h, found)
					}
					for len(v.live) > 0 && uint32(v.live[0]>>32) == h {
						if _, ok := slices.BinarySearch(found, uint32(v.live[0])); !ok {
							t.Fatalf("hint %x: %d is not found", h, uint32(v.live[0]))
						}
						v.live = v.live[1:]
					}
				}
			}
		})
	}
}

// TestIndexSweeps shows that an index does not grow by what is entered and
// removed for ever, and that one hint's many do not make a page long to search.
func TestIndexSweeps(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	x := newIndex()
	for range 100_000 {
		h := random.Uint32()
		enter(&x, h, 1, func(uint32, uint32) bool { return false })
		x.remove(h, 1)
	}
	for ord := range uint32(100_000) {
		enter(&x, 7, ord, func(hint, _ uint32) bool { return hint == 7 })
	}
	slots := 0
	for _, p := range x.pages {
		slots += len(p.slots)
	}
	if slots > 256 {
		t.Errorf("%d slots for %d entries that are left in pages", slots, fewPerHint)
	}
	if n := len(x.under(7, new(ordinals))); n != 100_000 {
		t.Errorf("%d found under one hint, want 100000", n)
	}
}

// TestIndexReaders reads a copy while the index goes on, for the race detector.
func TestIndexReaders(t *testing.T) {
	x := newIndex()
	always := func(uint32, uint32) bool { return true }
	for i := range uint32(5000) {
		enter(&x, i*2654435761, i, always)
	}
	v := x.copy()
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for i := range uint32(5000) {
				if !slices.Contains(v.under(i*2654435761, new(ordinals)), i) {
					t.Errorf("%d is not found", i)
					return
				}
			}
		})
	}
	for i := uint32(5000); i < 40_000; i++ {
		enter(&x, i*2654435761, i, always)
	}
	readers.Wait()
}
