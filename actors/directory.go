package actors

import (
	"hash/maphash"
	"maps"
	"sync/atomic"

	"rosterd/workspace"
)

// A directory finds running actors without a lock: reads come at every core at
// once, and far more often than actors begin and end. It is made of small maps
// that are copied when they change; who changes it holds System.mu.
type directory struct {
	seed   maphash.Seed
	shards [256]atomic.Pointer[map[workspace.ID]*handle]
}

func newDirectory() *directory { return &directory{seed: maphash.MakeSeed()} }

func (d *directory) shard(ws workspace.ID) *atomic.Pointer[map[workspace.ID]*handle] {
	return &d.shards[maphash.String(d.seed, string(ws))%uint64(len(d.shards))]
}

// of returns the actor of ws, or nil.
func (d *directory) of(ws workspace.ID) *handle {
	if m := d.shard(ws).Load(); m != nil {
		return (*m)[ws]
	}
	return nil
}

// set makes h the actor of ws; nil: there is none any more.
func (d *directory) set(ws workspace.ID, h *handle) {
	shard, next := d.shard(ws), map[workspace.ID]*handle{}
	if m := shard.Load(); m != nil {
		next = maps.Clone(*m)
	}
	if next[ws] = h; h == nil {
		delete(next, ws)
	}
	shard.Store(&next)
}

// Newest returns what View does where that takes neither time nor a lock: the
// newest durable View of a workspace that is loaded, else nil.
func (s *System) Newest(ws workspace.ID) *workspace.View {
	h := s.readers.of(ws)
	if h == nil {
		return nil
	}
	h.touch()
	if v := h.view.Load(); v != nil && v.Exists() {
		return v
	}
	return nil
}
