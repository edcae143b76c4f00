package workspace

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rosterd/scim"
	"rosterd/scim/filter"
)

var rewrite = flag.Bool("rewrite", false, "write the results into the scripts; read the difference before committing")

// TestScripts runs testdata/*.txt. A line that begins with "> " is a request
// or a look at the state; the lines under it are what it gave. #n stands for
// the n-th id that was minted.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runScript(t, string(text))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			for i, line := range strings.Split(got, "\n") {
				if want := strings.Split(string(text), "\n"); i >= len(want) || line != want[i] {
					t.Fatalf("line %d: got\n%s", i+1, line)
				}
			}
		})
	}
}

func runScript(t *testing.T, text string) string {
	w := newWorld(t)
	var out strings.Builder
	for block := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		switch {
		case strings.HasPrefix(block, "> "):
			out.WriteString(block + "\n" + w.alias(w.step(strings.TrimPrefix(block, "> "))))
		case block == "" || strings.HasPrefix(block, "#"):
			out.WriteString(block + "\n")
		}
	}
	w.agree()
	return out.String()
}

// exact has cmp look into fields that are not exported, too, and at the order of
// attributes and at time zones, to which Equal is blind.
var exact = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.Comparer(func(a, b scim.Value) bool { return a.Equal(b) && a.String() == b.String() }),
	cmp.Comparer(func(a, b scim.Object) bool {
		return a.Equal(b) && scim.ObjectOf(a...).String() == scim.ObjectOf(b...).String()
	}),
	cmp.Comparer(func(a, b time.Time) bool { return a == b }),
}

// A world is a workspace with its journal, a clock and the ids that were
// minted.
type world struct {
	t     testing.TB
	state *State
	log   []Commit
	now   time.Time
	ids   []ResourceID
}

var epoch = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// newWorld returns the workspace acme, open for SCIM, with the connections
// entra, okta, strict and default, and one token each.
func newWorld(t testing.TB) *world {
	w := &world{t: t, now: epoch}
	w.open(`{"seats":{"purchased":1000}}`)
	return w
}

// open begins anew with a workspace of the given settings, over those that
// open SCIM.
func (w *world) open(settings string) {
	w.state, w.log, w.ids = New("acme"), nil, nil
	base := w.json(`{"name":"Acme GmbH","plan":"enterprise","sso":{"issuer":"https://id.example.com","clientId":"c"},"scim":{"enabled":true}}`)
	w.must(Envelope{Actor: ActorOperator}, CreateWorkspace{Settings: merge(base, w.json(settings))})
	for _, name := range []string{"entra", "okta", "strict"} {
		w.must(Envelope{Actor: ActorOperator}, CreateConnection{ID: name, Name: name, Dialect: name})
	}
	for _, name := range []string{"entra", "okta", "strict", "default"} {
		w.must(Envelope{Actor: ActorOperator}, CreateToken{
			ID: name, Name: name, Connection: name, Hash: [32]byte{byte(len(name)), name[0]}, Read: true, Write: true,
		})
	}
}

func (w *world) must(env Envelope, cmd Command) {
	w.t.Helper()
	if _, _, err := w.do(env, cmd); err != nil {
		w.t.Fatalf("%T: %v", cmd, err)
	}
}

func (w *world) do(env Envelope, cmd Command) ([]Commit, Result, error) {
	env.At = w.now
	commits, res, err := w.state.Execute(cmd, env, Host{Mint: w.mint, Window: 30 * time.Minute, Gaps: noGaps})
	w.log = append(w.log, commits...)
	return commits, res, err
}

func (w *world) mint() ResourceID {
	last := w.state.LastID()
	if n := len(w.ids); n > 0 && string(w.ids[n-1][:]) > string(last[:]) {
		last = w.ids[n-1]
	}
	id := NextResourceID(last, w.now, [10]byte{1, 2, 3})
	w.ids = append(w.ids, id)
	return id
}

// agree checks that replaying the journal, and loading a snapshot, give the
// state that the machine is in.
func (w *world) agree() {
	w.t.Helper()
	replayed := New("acme")
	for _, c := range w.log {
		for _, ev := range c.Events {
			replayed.Apply(c.Envelope, ev)
		}
	}
	want := slices.Collect(w.state.View().Snapshot())
	loaded, err := Load("acme", func(yield func(SnapshotItem, error) bool) {
		for _, item := range want {
			if !yield(item, nil) {
				return
			}
		}
	})
	if err != nil {
		w.t.Fatal(err)
	}
	for name, s := range map[string]*State{"replay": replayed, "snapshot": loaded} {
		if got := slices.Collect(s.View().Snapshot()); !cmp.Equal(got, want, exact) {
			w.t.Errorf("%s differs from the state", name)
		}
		if got := s.View().Head(); !cmp.Equal(got, w.state.View().Head(), exact) {
			w.t.Errorf("%s: head %+v, want %+v", name, got, w.state.View().Head())
		}
	}
}

var idForm = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

// alias writes #n for ids.
func (w *world) alias(text string) string {
	return idForm.ReplaceAllStringFunc(text, func(s string) string {
		id, _ := ParseResourceID(s)
		if i := slices.Index(w.ids, id); i >= 0 {
			return "#" + strconv.Itoa(i+1)
		}
		return s
	})
}

var aliasForm = regexp.MustCompile(`#[0-9]+`)

func (w *world) unalias(text string) string {
	return aliasForm.ReplaceAllStringFunc(text, func(s string) string {
		n, _ := strconv.Atoi(s[1:])
		if n < 1 || n > len(w.ids) {
			return "00000000-0000-7000-8000-000000000000"
		}
		return w.ids[n-1].String()
	})
}

func (w *world) id(text string) ResourceID {
	id, _ := ParseResourceID(text)
	return id
}

func (w *world) json(text string) scim.Object {
	w.t.Helper()
	o, err := scim.Decode([]byte(text), scim.DefaultLimits)
	if err != nil {
		w.t.Fatalf("%s: %v", text, err)
	}
	return o
}

// step runs one line: "wait 1h", "show ...", "list ...", "gate", or a request
// by admin or by a connection.
func (w *world) step(line string) string {
	line = w.unalias(line)
	who, rest, _ := strings.Cut(line, " ")
	switch who {
	case "wait":
		d, err := time.ParseDuration(rest)
		if err != nil {
			w.t.Fatal(err)
		}
		w.now = w.now.Add(d)
		return ""
	case "workspace":
		w.open(rest)
		return ""
	case "seats":
		return w.seats()
	case "invoice":
		return w.invoice(rest)
	case "show":
		return w.show(rest)
	case "list":
		return w.list(rest)
	case "gate":
		gate, missing := w.state.View().Gate(w.now)
		return fmt.Sprintf("%d %s\n", gate, strings.Join(missing, "; "))
	case "admin":
		return w.report(w.do(Envelope{Actor: ActorOperator}, w.adminCommand(rest)))
	}
	if body, ok := strings.CutPrefix(rest, "BULK "); ok {
		return w.bulk(who, body)
	}
	cmd, err := w.scimCommand(who, rest)
	if err != nil {
		return fmt.Sprintf("%v\n", err)
	}
	return w.report(w.do(Envelope{Actor: ActorToken, Token: who, Connection: who}, cmd))
}

func (w *world) report(commits []Commit, res Result, err error) string {
	var out strings.Builder
	switch {
	case err != nil:
		fmt.Fprintf(&out, "%v\n", err)
	case res.Created:
		fmt.Fprintf(&out, "created %v%s\n", res.ID, res.Key)
	case res.Changed:
		fmt.Fprintf(&out, "changed\n")
	default:
		fmt.Fprintf(&out, "unchanged\n")
	}
	for _, c := range commits {
		for _, ev := range c.Events {
			e, ok := Entry(0, c.Envelope, ev)
			if !ok {
				fmt.Fprintf(&out, "  (%T)\n", ev)
				continue
			}
			if !slices.Contains(LogKinds, e.Kind) {
				w.t.Errorf("%T is logged as %s, which is not in LogKinds", ev, e.Kind)
			}
			if e.Kind == "request.refused" && err != nil {
				continue // the same words as the answer
			}
			fmt.Fprintf(&out, "  %s %s", e.Kind, e.SubjectName)
			for _, ch := range e.Changes {
				fmt.Fprintf(&out, " %s:%s->%s", ch.Path, scim.AppendValue(nil, ch.From), scim.AppendValue(nil, ch.To))
			}
			if e.Detail != "" {
				fmt.Fprintf(&out, " (%s)", e.Detail)
			}
			out.WriteString("\n")
		}
	}
	return out.String()
}

// show prints a resource: "#3" as an admin sees it, "#3 okta" as okta does.
func (w *world) show(args string) string {
	id, connection, _ := strings.Cut(args, " ")
	r := w.state.View().As(connection, "")
	p, _ := scim.NewProjection(scim.User, "", "meta,schemas,id")
	if u, ok := r.User(w.id(id)); ok {
		drift := ""
		if len(u.Drift()) > 0 {
			drift = fmt.Sprintf(" drift %v", u.Drift())
		}
		return fmt.Sprintf("v%d %s%s\n", u.Version(), scim.AppendJSON(nil, scim.User, u, p), drift)
	}
	p, _ = scim.NewProjection(scim.Group, "", "meta,schemas,id")
	if g, ok := r.Group(w.id(id)); ok {
		return fmt.Sprintf("v%d %s\n", g.Version(), scim.AppendJSON(nil, scim.Group, g, p))
	}
	return "gone\n"
}

// list prints the ids of a list: "okta Users 1 10 filter".
func (w *world) list(args string) string {
	f := strings.SplitN(args, " ", 5)
	start, _ := strconv.Atoi(f[2])
	count, _ := strconv.Atoi(f[3])
	sel := Selector{Type: scim.User}
	if f[1] == "Groups" {
		sel.Type = scim.Group
	}
	if len(f) == 5 {
		d, _ := scim.DialectByName("generic")
		parsed, err := filter.Parse(sel.Type, f[4], d, scim.DefaultLimits)
		if err != nil {
			return err.Error() + "\n"
		}
		sel.Filter = parsed
	}
	if f[0] == "admin" {
		f[0] = ""
	}
	l, refusal := w.state.View().As(f[0], "").List(Query{Select: []Selector{sel}})
	if refusal != nil {
		return refusal.Error() + "\n"
	}
	var ids []string
	for _, x := range l.Page("", max(start, 1), count) {
		if g, ok := x.(GroupView); ok {
			ids = append(ids, g.Name())
		} else {
			ids = append(ids, x.ID().String())
		}
	}
	return fmt.Sprintf("%d: %s\n", l.Total(), strings.Join(ids, " "))
}

// scimCommand reads "METHOD /Users[/id] [If-Match:n] [json]".
func (w *world) scimCommand(connection, line string) (Command, *scim.Error) {
	method, rest, _ := strings.Cut(line, " ")
	path, body, _ := strings.Cut(rest, " ")
	var match Precondition
	if v, ok := strings.CutPrefix(body, "If-Match:"); ok {
		v, body, _ = strings.Cut(v, " ")
		n, _ := strconv.ParseUint(v, 10, 64)
		match = Precondition{Set: true, Versions: []uint64{n}}
	}
	rt, idText := scim.User, strings.TrimPrefix(strings.TrimPrefix(path, "/Users"), "/")
	if strings.HasPrefix(path, "/Groups") {
		rt, idText = scim.Group, strings.TrimPrefix(strings.TrimPrefix(path, "/Groups"), "/")
	}
	req := Request{Method: method, Type: rt, ID: w.id(idText), IfMatch: match}
	if body != "" {
		req.Body = w.json(body)
	}
	c, _ := w.state.View().Connection(connection)
	return req.Command(c.Dialect, scim.DefaultLimits)
}

// adminCommand reads a command of the admin API.
func (w *world) adminCommand(line string) Command {
	f := strings.SplitN(line, " ", 3)
	arg := func(i int) string {
		if i < len(f) {
			return f[i]
		}
		return ""
	}
	normal := func(text string) scim.Object {
		d, _ := scim.DialectByName("generic")
		o, err := scim.Normalize(scim.User, w.json(text), d)
		if err != nil {
			w.t.Fatal(err)
		}
		return o
	}
	if cmd := w.seatCommand(f[0], arg); cmd != nil {
		return cmd
	}
	switch f[0] {
	case "set":
		return ChangeWorkspace{Patch: w.json(strings.TrimPrefix(line, "set "))}
	case "add":
		kind := Member
		if arg(1) == "external" {
			kind = External
		}
		return AddPerson{Kind: kind, Doc: normal(arg(2))}
	case "edit":
		return EditPerson{ID: w.id(arg(1)), Doc: normal(arg(2))}
	case "clear":
		return EditPerson{ID: w.id(arg(1)), Del: strings.Fields(arg(2))}
	case "deactivate", "reactivate":
		return SetActive{ID: w.id(arg(1)), Active: f[0] == "reactivate"}
	case "email":
		return ChangeAccountEmail{ID: w.id(arg(1)), Email: arg(2)}
	case "delete":
		return DeleteUser{ID: w.id(arg(1))}
	case "member":
		return AddMember{Group: w.id(arg(1)), User: w.id(arg(2))}
	case "unmember":
		return RemoveMember{Group: w.id(arg(1)), User: w.id(arg(2))}
	case "allow":
		return AllowMember{Group: w.id(arg(1)), User: w.id(arg(2))}
	case "role": // role NAME RANK
		rank, _ := strconv.Atoi(arg(2))
		return CreateRole{Name: arg(1), Rank: rank, Assignable: true}
	case "assignable":
		yes := arg(2) == "true"
		return ChangeRole{ID: w.id(arg(1)), Assignable: &yes}
	case "rename":
		name := arg(2)
		return ChangeRole{ID: w.id(arg(1)), Name: &name}
	case "rank":
		rank, _ := strconv.Atoi(arg(2))
		return ChangeRole{ID: w.id(arg(1)), Rank: &rank}
	case "unrole":
		return DeleteRole{ID: w.id(arg(1))}
	case "revoke":
		return RevokeToken{ID: arg(1)}
	case "disconnect":
		return DeleteConnection{ID: arg(1)}
	}
	w.t.Fatalf("unknown command %q", line)
	return nil
}
