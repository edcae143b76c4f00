package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"rosterd/bench/play"
)

// A tenant is one workspace of TestInvoiceExactlyOnce, and what its clients
// know of it.
type tenant struct {
	play.Workspace
	token   string
	hook    string   // path at the receiver
	kinds   []string // that the webhook wants; none: all
	clients []*client
}

// tenants returns workspaces that differ in all that an invoice depends on.
func tenants(n int, seed uint64) (out []*tenant) {
	prices := []play.Price{
		{Currency: "EUR", Minor: 1290, Interval: "month", AnchorDay: 1, AnchorMonth: 1, VATPercent: "19"},
		{Currency: "CHF", Minor: 1395, Interval: "month", AnchorDay: 31, AnchorMonth: 1, VATPercent: "8.1"},
		{Currency: "USD", Minor: 99999, Interval: "year", AnchorDay: 29, AnchorMonth: 2, VATPercent: "7.25"},
		{Currency: "JPY", Minor: 1001, Interval: "month", AnchorDay: 15, AnchorMonth: 1, VATPercent: "10"},
	}
	zones := []string{"Europe/Berlin", "America/New_York", "Asia/Tokyo", "Pacific/Auckland", "Atlantic/Azores"}
	for i := range n {
		ws := &tenant{Workspace: enterprise(fmt.Sprintf("ws-%02d", i), i%4)}
		ws.Timezone, ws.Price = zones[i%len(zones)], prices[i%len(prices)]
		ws.Seats.AutoBooking = true
		if i%3 == 1 {
			limit := 40
			ws.Seats.Cap = &limit
		}
		if i%6 == 4 {
			ws.Seats.WhenFull = "refuse"
		}
		ws.hook = "/" + ws.ID
		if i%4 == 3 {
			ws.kinds = []string{"window.opened", "window.closed", "invoice.issued"}
		}
		for c := range 2 {
			ws.clients = append(ws.clients, &client{ws: ws, number: c, random: rand.New(rand.NewPCG(seed, uint64(100*i+c)))})
		}
		out = append(out, ws)
	}
	return out
}

// create makes the workspace, a token, and then the webhook.
func (ws *tenant) create(t *testing.T, a *play.Admin, r *receiver) {
	t.Helper()
	if err := a.CreateWorkspace(ws.Workspace); err != nil {
		t.Fatal(err)
	}
	var err error
	if ws.token, err = a.CreateToken(ws.ID, "default", "test"); err != nil {
		t.Fatal(err)
	}
	var made struct {
		Secret string `json:"secret"`
	}
	hook := struct {
		URL   string   `json:"url"`
		Kinds []string `json:"kinds,omitzero"`
	}{r.url + ws.hook, ws.kinds}
	if err := a.Post("/workspaces/"+ws.ID+"/webhooks", hook, &made); err != nil {
		t.Fatal(err)
	}
	r.open(ws.hook, made.Secret)
}

// wants returns what of a log the webhook is to receive: what comes after it
// was created, but not what couriers write.
func (ws *tenant) wants(log []shownEntry) (out []shownEntry) {
	made := slices.IndexFunc(log, func(e shownEntry) bool { return e.Subject.Type == "Webhook" })
	for _, e := range log[made+1:] {
		if e.Kind != "mail.sent" && e.Kind != "delivery.dead" && (ws.kinds == nil || slices.Contains(ws.kinds, e.Kind)) {
			out = append(out, e)
		}
	}
	return out
}

// A client sends one request after the other and keeps outside what was
// acknowledged. It belongs to one goroutine at a time.
type client struct {
	ws     *tenant
	number int
	random *rand.Rand
	people []*staff
	next   int
	todo   *wish // was on its way when the daemon died
	sent   int
	fault  error // an answer that nobody could expect
}

// staff is one person, as acknowledged.
type staff struct {
	name, id      string
	there, active bool
}

// A wish is one request that is sent until it is answered.
type wish struct {
	what  string
	who   *staff
	again bool   // it may have taken effect already
	key   string // Idempotency-Key, where the request itself does not say whether it was done
}

// A link is how a client reaches the running daemon.
type link struct {
	scim     *play.Client
	api      string // root of the admin API
	operator string
}

// work sends what is left to do, and then something at random whenever pace
// says so, until stop or until the daemon is gone.
func (c *client) work(l link, pace time.Duration, stop <-chan struct{}) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for c.settle(l) {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		c.todo = c.choose()
	}
}

// settle sends the wish that is left. It reports false if there was no answer,
// or one that nobody could expect.
func (c *client) settle(l link) bool {
	if c.todo == nil {
		return true
	}
	err := c.send(l, c.todo)
	if errors.Is(err, errDead{}) {
		c.todo.again = true
		return false
	}
	if err != nil {
		c.fault = fmt.Errorf("%s, client %d: %s %+v, sent again: %v: %w", c.ws.ID, c.number, c.todo.what, *c.todo.who, c.todo.again, err)
		return false
	}
	c.todo = nil
	c.sent++
	return true
}

// moods say how often what is wished for, in percent. Growing and shrinking
// take turns, so that windows end with and without something to bill.
var moods = [...][]struct {
	often int
	what  string
	fits  func(*staff) bool // nil: it is about nobody, or somebody new
}{
	{
		{50, "create", nil}, {5, "create", (*staff).gone}, {10, "create", (*staff).inactive}, {10, "reactivate", (*staff).inactive},
		{13, "deactivate", (*staff).working}, {7, "delete", (*staff).known}, {3, "purchase", nil}, {2, "close", nil},
	},
	{
		{15, "create", nil}, {5, "create", (*staff).inactive}, {45, "deactivate", (*staff).working}, {35, "delete", (*staff).known},
	},
}

func (p *staff) gone() bool     { return !p.there }
func (p *staff) known() bool    { return p.there }
func (p *staff) inactive() bool { return p.there && !p.active }
func (p *staff) working() bool  { return p.there && p.active }

// choose makes a wish.
func (c *client) choose() *wish {
	w := &wish{what: "create", key: fmt.Sprintf("%s-%d-%d", c.ws.ID, c.number, c.sent)}
	n := c.random.IntN(100)
	for _, o := range moods[c.sent/15%3/2] {
		if n -= o.often; n >= 0 {
			continue
		}
		if o.fits != nil {
			w.who = c.pick(o.fits)
		}
		if o.fits == nil || w.who != nil {
			w.what = o.what
		}
		break
	}
	if w.who == nil {
		w.who = &staff{name: fmt.Sprintf("person.%d.%d@example.com", c.number, c.next)}
		if w.what == "create" {
			c.next++
			c.people = append(c.people, w.who)
		}
	}
	return w
}

// pick returns one of the people who fit, or nil.
func (c *client) pick(fits func(*staff) bool) *staff {
	var fitting []*staff
	for _, p := range c.people {
		if fits(p) {
			fitting = append(fitting, p)
		}
	}
	if fitting == nil {
		return nil
	}
	return fitting[c.random.IntN(len(fitting))]
}

// send sends one wish and notes what its answer says.
func (c *client) send(l link, w *wish) error {
	switch w.what {
	case "create":
		return c.create(l, w)
	case "purchase", "close":
		return c.administer(l, w)
	case "delete":
		a, err := c.ask(l, "DELETE", "/Users/"+w.who.id, "")
		if err == nil && a.Status != 204 && (a.Status != 404 || !w.again) {
			return fmt.Errorf("%d %s", a.Status, a.Body)
		}
		w.who.there = err != nil
		return err
	}
	active := w.what == "reactivate"
	a, err := c.ask(l, "PATCH", "/Users/"+w.who.id, fmt.Sprintf(`{"Operations":[{"op":"replace","path":"active","value":%v}]}`, active))
	if err == nil && a.Status != 200 {
		return fmt.Errorf("%d %s", a.Status, a.Body)
	}
	if err == nil {
		w.who.active = active
	}
	return err
}

// ask sends one request. A 503 says as little as no answer at all.
func (c *client) ask(l link, method, path, body string) (play.Answer, error) {
	a, err := l.scim.Do(method, path, []byte(body))
	if err != nil || a.Status == 503 {
		return a, errDead{}
	}
	return a, nil
}

// create posts somebody who is new, was deleted, or is inactive. If it is not
// the first time, whether they are there is read back.
func (c *client) create(l link, w *wish) error {
	a, err := c.ask(l, "POST", "/Users", fmt.Sprintf(`{"userName":%q,"active":true}`, w.who.name))
	if err != nil {
		return err
	}
	switch {
	case a.Status == 201:
		if id := idOf(a); w.who.there && w.who.id != id {
			return fmt.Errorf("restored as %s", id)
		}
		w.who.id, w.who.there, w.who.active = idOf(a), true, true
		return nil
	case a.Status == 403 && c.ws.Seats.WhenFull == "refuse":
		return c.read(l, w)
	case a.Status == 409 && w.again:
		return c.read(l, w)
	}
	return fmt.Errorf("%d %s", a.Status, a.Body)
}

// read decides from what is there.
func (c *client) read(l link, w *wish) error {
	a, err := c.ask(l, "GET", "/Users?filter=userName+eq+%22"+strings.ReplaceAll(w.who.name, "@", "%40")+"%22", "")
	if err != nil {
		return err
	}
	var list struct{ Resources []struct{ ID string } }
	if err := json.Unmarshal(a.Body, &list); err != nil || a.Status != 200 || len(list.Resources) > 1 {
		return fmt.Errorf("%d %s %w", a.Status, a.Body, err)
	}
	was := *w.who
	if w.who.there = len(list.Resources) == 1; w.who.there {
		w.who.id = list.Resources[0].ID
		w.who.active = strings.Contains(string(a.Body), `"active":true`)
	}
	if was.there && (!w.who.there || was.id != w.who.id) || !w.again && w.who.working() {
		return fmt.Errorf("there is %s", a.Body)
	}
	return nil
}

// administer buys seats, or closes the window, as an application does on its
// admin's behalf: once, whatever is lost on the way.
func (c *client) administer(l link, w *wish) error {
	path, body := "/seats/purchase", `{"seats":1,"billedBy":"shop"}`
	if w.what == "close" {
		path, body = "/window/close", ""
	}
	q, err := http.NewRequest("POST", l.api+"/workspaces/"+c.ws.ID+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	q.Header.Set("Authorization", "Bearer "+l.operator)
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Idempotency-Key", w.key)
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return errDead{}
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	switch {
	case err != nil || a.StatusCode == 503:
		return errDead{}
	case a.StatusCode == 200, a.StatusCode == 409 && w.what == "close", a.StatusCode == 400 && c.ws.Seats.Cap != nil:
		return nil
	}
	return fmt.Errorf("%d %s", a.StatusCode, text)
}
