package persistence

import "sync"

// A gate lets work in until it is shut. A sync.WaitGroup alone does not: what
// comes while one waits, or after that, would find Badger closed.
type gate struct {
	mu     sync.Mutex
	down   bool // guarded by mu
	inside sync.WaitGroup
}

// enter reports whether work may begin; leave ends it.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.down {
		g.inside.Add(1)
	}
	return !g.down
}

func (g *gate) leave() { g.inside.Done() }

// run starts work on a goroutine of its own, and reports whether it may begin.
func (g *gate) run(work func()) bool {
	if !g.enter() {
		return false
	}
	go func() {
		defer g.leave()
		work()
	}()
	return true
}

// shut lets nothing in any more and waits for what is inside.
func (g *gate) shut() {
	g.mu.Lock()
	g.down = true
	g.mu.Unlock()
	g.inside.Wait()
}
