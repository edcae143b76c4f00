package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/go-json-experiment/json"

	"rosterd/bench/play"
)

// A kept store has a workspace of so many people and a group, and was stopped
// cleanly. It is filled once and never started: every use has a copy.
type kept struct {
	dir     string  // holds data, as that of a daemon does
	Token   string  `json:"token"`   // of the workspace
	Group   string  `json:"group"`   // id of the group
	Members int     `json:"members"` // of the group: the first people
	People  int     `json:"people"`
	Bytes   int     `json:"bytes"`  // of a person's JSON as it was sent, on average
	Memory  []point `json:"memory"` // resident megabytes of the daemon while it was filled, by people
}

const (
	keptFile      = "store.json"
	keptWorkspace = "kept"
	fillPerBulk   = 500 // people
	fillAtOnce    = 4   // bulks in flight: as many as one token may have
	memorySamples = 10
)

// keep returns the store with so many people, and fills it if there is none
// yet of this build of the daemon. Others of its size are removed then.
func (s *suite) keep(ctx context.Context, people int) (*kept, error) {
	if k := s.stores[people]; k != nil {
		return k, nil
	}
	build, err := fileHash(s.program)
	if err != nil {
		return nil, err
	}
	size := fmt.Sprintf("people-%d-", people)
	dir := filepath.Join(s.store, size+build)
	k, err := readKept(dir)
	if errors.Is(err, os.ErrNotExist) {
		old, _ := filepath.Glob(filepath.Join(s.store, size+"*")) // fails only for a bad pattern
		for _, path := range old {
			if err := os.RemoveAll(path); err != nil {
				return nil, err
			}
		}
		if err := s.fillStore(ctx, dir, people); err != nil {
			return nil, err
		}
		k, err = readKept(dir)
	}
	if err == nil {
		s.stores[people] = k
	}
	return k, err
}

// fileHash names what is in a file.
func fileHash(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}

func readKept(dir string) (*kept, error) {
	text, err := os.ReadFile(filepath.Join(dir, keptFile))
	if err != nil {
		return nil, err
	}
	k := &kept{dir: dir}
	return k, json.Unmarshal(text, k)
}

// fillStore makes a kept store at dir. It gets that name when it is whole.
func (s *suite) fillStore(ctx context.Context, dir string, people int) error {
	s.status.say("filling the store that is kept as %s", dir)
	d, err := s.fresh(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	k := &kept{People: people, Members: min(s.Members, people/2)}
	if k.Token, err = d.openWorkspace(keptWorkspace, seats); err != nil {
		return err
	}
	client := d.client(k.Token, fillAtOnce)
	defer client.Close()
	f := filler{client: client, people: people, daemon: d, say: s.status.say}
	if err := f.fill(ctx); err != nil {
		return err
	}
	k.Memory, k.Bytes = f.memory, int(f.bytes.Load())/people
	ids, err := userIDs(client, k.Members)
	if err != nil {
		return err
	}
	if k.Group, err = makeGroup(client, ids); err != nil {
		return err
	}
	client.Close()
	s.status.say("stopping the daemon, which keeps the store")
	if err := d.stop(); err != nil {
		return err
	}
	return k.save(d, dir)
}

// save moves the directory of a daemon that has stopped to its name.
func (k *kept) save(d *daemon, dir string) error {
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.dir, keptFile), text, 0o600); err != nil {
		return err
	}
	if err := os.Remove(d.output); err != nil {
		return err
	}
	return os.Rename(d.dir, dir)
}

// A filler creates people by bulk, as fast as the daemon takes them.
type filler struct {
	client *play.Client
	people int
	daemon *daemon
	say    func(string, ...any)
	bytes  atomic.Int64 // of the JSON of the people
	next   atomic.Int64 // bulks

	mu     sync.Mutex
	done   int     // people; guarded by mu
	memory []point // guarded by mu
}

func (f *filler) fill(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var group sync.WaitGroup
	for range fillAtOnce {
		group.Go(func() {
			for ctx.Err() == nil {
				from := int(f.next.Add(1)-1) * fillPerBulk
				if from >= f.people {
					return
				}
				if err := f.bulk(from, min(from+fillPerBulk, f.people)); err != nil {
					stop(err)
				}
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// bulk creates the people with the numbers of a range.
func (f *filler) bulk(from, to int) error {
	people := make([]play.Person, to-from)
	for i := range people {
		people[i] = play.PersonAt(keptSeed, from+i)
		f.bytes.Add(int64(len(people[i].Body())))
	}
	if err := sendBulk(f.client, people); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.done * memorySamples / f.people
	f.done += len(people)
	if f.done*memorySamples/f.people == before {
		return nil
	}
	f.say("%d of %d people are created", f.done, f.people)
	memory, err := f.daemon.memory()
	f.memory = append(f.memory, point{X: float64(f.done), Y: memory.Resident})
	return err
}

// sendBulk creates people with one bulk, all of whom have to be taken.
func sendBulk(client *play.Client, people []play.Person) error {
	answer, err := client.Do("POST", "/Bulk", play.BulkBody(people))
	if err != nil {
		return err
	}
	return allCreated(answer, len(people))
}

// allCreated is an error unless a bulk has created so many people.
func allCreated(answer play.Answer, people int) error {
	if n := bytes.Count(answer.Body, []byte(`"status":"201"`)); n != people {
		return fmt.Errorf("POST /Bulk: status %d, %d of %d people were created: %.300s", answer.Status, n, people, answer.Body)
	}
	return nil
}

// userIDs returns the ids of the first n users, in the order of their creation.
func userIDs(client *play.Client, n int) ([]string, error) {
	var ids []string
	for len(ids) < n {
		answer, err := client.Do("GET", fmt.Sprintf("/Users?attributes=userName&startIndex=%d&count=%d", len(ids)+1, min(idsPerPage, n-len(ids))), nil)
		if err != nil {
			return nil, err
		}
		list, err := answer.List()
		if err != nil || len(list.Resources) == 0 {
			return nil, fmt.Errorf("list users: status %d, %d of %d: %w", answer.Status, len(ids), n, err)
		}
		for _, r := range list.Resources {
			ids = append(ids, r.ID)
		}
	}
	return ids, nil
}

const idsPerPage = 500

// makeGroup makes a group with these members and returns its id.
func makeGroup(client *play.Client, ids []string) (string, error) {
	answer, err := client.Do("POST", "/Groups", play.Group{Name: "Large team", ExternalID: "large"}.Body())
	if err != nil {
		return "", err
	}
	group, err := answer.Resource()
	if err != nil || group.ID == "" {
		return "", fmt.Errorf("create a group: status %d: %.300s", answer.Status, answer.Body)
	}
	for len(ids) > 0 {
		n := min(len(ids), membersPerPatch)
		answer, err := client.Do("PATCH", "/Groups/"+group.ID, play.MembersBody("Add", ids[:n]...))
		if err != nil || !answer.OK() {
			return "", fmt.Errorf("add members: status %d: %.300s: %w", answer.Status, answer.Body, err)
		}
		ids = ids[n:]
	}
	return group.ID, nil
}
