package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"rosterd/bench/play"
)

var kills = flag.Int("kills", 2, "rounds of TestKillMidImport")

// importers are the connections that import side by side.
const importers = 16

// TestKillMidImport kills the daemon with kill -9 while it is being filled, in
// rounds on one data directory. After each restart, everything that was ever
// acknowledged is there with the same id and version, nothing that was refused
// is, and check finds no difference. What was on its way when the process died
// may be there or not, and nothing in between.
func TestKillMidImport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	p := startProcess(t, dir)
	token := openWorkspace(t, p, dir)
	all := make([]*importer, importers)
	for i := range all {
		all[i] = &importer{number: i}
	}
	for round := range *kills {
		runUntilKilled(t, p, token, all, round, 200+random.Int64N(1500))
		if code, out, errs := rosterd(t, nil, "check", "--data", dir); code != 0 {
			t.Fatalf("round %d: check: %s%s", round, out, errs)
		}
		p = startProcess(t, dir)
		client := play.NewClient(p.url+"/scim/v2", token, importers)
		var group sync.WaitGroup
		for _, im := range all {
			group.Go(func() { im.verify(t, client) })
		}
		group.Wait()
		client.Close()
		if t.Failed() {
			t.FailNow()
		}
	}
	people := 0
	for _, im := range all {
		people += len(im.people)
	}
	t.Logf("%d kills, %d people acknowledged", *kills, people)
	if code := p.stop(t); code != 0 {
		t.Errorf("a clean stop ends with %d", code)
	}
}

// runUntilKilled lets all importers work until so many requests are
// acknowledged, and kills the daemon.
func runUntilKilled(t *testing.T, p *process, token string, all []*importer, round int, after int64) {
	t.Helper()
	client := play.NewClient(p.url+"/scim/v2", token, importers)
	defer client.Close()
	var acked atomic.Int64
	enough := make(chan struct{})
	var group sync.WaitGroup
	for _, im := range all {
		group.Go(func() {
			im.work(client, round, func() {
				if acked.Add(1) == after {
					close(enough)
				}
			})
		})
	}
	select {
	case <-enough:
	case <-p.done:
		t.Fatal("the daemon ended by itself")
	}
	p.kill()
	group.Wait()
}

// An importer is one connection of an identity provider. It sends one request
// after the other and keeps outside what was acknowledged. It belongs to one
// goroutine at a time.
type importer struct {
	number  int
	team    string // id of its group
	people  []*imported
	refused []string // userNames whose POST was refused
	next    int      // number of its next person
}

type imported struct {
	id, name string
	version  int  // of the last acknowledged change
	member   bool // acknowledged
	unsure   bool // a change was on its way when the daemon died
}

// errDead says that the daemon did not answer.
type errDead struct{}

func (errDead) Error() string { return "no answer" }

// send sends one request and returns the answer, or errDead.
func (im *importer) send(c *play.Client, method, path, body string, acked func()) (play.Answer, error) {
	a, err := c.Do(method, path, []byte(body))
	if err != nil || a.Status == 503 {
		return a, errDead{}
	}
	acked()
	return a, nil
}

// work imports until the daemon is gone.
func (im *importer) work(c *play.Client, round int, acked func()) {
	for im.one(c, round, acked) == nil {
	}
}

// one is a person: refused once, created, put into the team, changed.
func (im *importer) one(c *play.Client, round int, acked func()) error {
	if im.team == "" {
		a, err := im.send(c, "POST", "/Groups", fmt.Sprintf(`{"displayName":"Team %d of round %d"}`, im.number, round), acked)
		if err != nil {
			return err
		}
		im.team = idOf(a)
	}
	n := im.next
	im.next++
	bad := fmt.Sprintf("refused.%d.%d@example.com", im.number, n)
	body := fmt.Sprintf(`{"userName":%q,"urn:ietf:params:scim:schemas:extension:rosterd:2.0:User":{"role":"Nobody"}}`, bad)
	a, err := im.send(c, "POST", "/Users", body, acked)
	if err != nil {
		return err
	}
	if a.Status == 400 {
		im.refused = append(im.refused, bad)
	}
	p := &imported{name: fmt.Sprintf("person.%d.%d@example.com", im.number, n), version: 1}
	if a, err = im.send(c, "POST", "/Users", fmt.Sprintf(`{"userName":%q,"title":"One"}`, p.name), acked); err != nil {
		return err
	}
	p.id = idOf(a)
	im.people = append(im.people, p)
	for _, step := range []struct{ path, op string }{
		{"/Groups/" + im.team, fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q}]}`, p.id)},
		{"/Users/" + p.id, `{"op":"replace","path":"title","value":"Two"}`},
	} {
		p.unsure = true
		if _, err := im.send(c, "PATCH", step.path, `{"Operations":[`+step.op+`]}`, acked); err != nil {
			return err
		}
		p.version, p.member, p.unsure = p.version+1, true, false
	}
	return nil
}

func idOf(a play.Answer) string {
	r, err := a.Resource()
	if err != nil {
		return ""
	}
	return r.ID
}

// verify reads back everything that was acknowledged.
func (im *importer) verify(t *testing.T, c *play.Client) {
	members := im.members(t, c)
	for _, p := range im.people {
		a, err := c.Do("GET", "/Users/"+p.id, nil)
		var got struct {
			UserName string
			Meta     struct{ Version string }
		}
		if err == nil {
			err = json.Unmarshal(a.Body, &got)
		}
		if err != nil || a.Status != 200 || got.UserName != p.name {
			t.Errorf("%s %s is not there: %d %v", p.id, p.name, a.Status, err)
			continue
		}
		same := got.Meta.Version == fmt.Sprintf(`W/"%d"`, p.version)
		if p.unsure && !same { // the change that was on its way made it
			p.version++
			same = got.Meta.Version == fmt.Sprintf(`W/"%d"`, p.version)
			p.member = members[p.id]
		}
		p.unsure = false
		if !same {
			t.Errorf("%s has version %s, acknowledged was %d", p.name, got.Meta.Version, p.version)
		}
		if p.member && !members[p.id] {
			t.Errorf("%s is not in its team", p.name)
		}
	}
	for _, name := range im.refused {
		a, err := c.Do("GET", "/Users?attributes=id&filter=userName+eq+%22"+strings.ReplaceAll(name, "@", "%40")+"%22", nil)
		list, bad := a.List()
		if err != nil || bad != nil || list.Total != 0 {
			t.Errorf("%s was refused and is there: %s %v", name, a.Body, err)
		}
	}
}

// members reads the importer's team.
func (im *importer) members(t *testing.T, c *play.Client) map[string]bool {
	out := map[string]bool{}
	if im.team == "" {
		return out
	}
	a, err := c.Do("GET", "/Groups/"+im.team, nil)
	if err != nil || a.Status != 200 {
		t.Errorf("group %s is not there: %d %v", im.team, a.Status, err)
		return out
	}
	r, err := a.Resource()
	if err != nil {
		t.Error(err)
	}
	for _, m := range r.Members {
		out[m.Value] = true
	}
	return out
}
