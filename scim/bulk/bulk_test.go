package bulk

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rosterd/scim"
)

var rewrite = flag.Bool("rewrite", false, "write the results into testdata; read the difference before committing it")

// limits are small, so that the table can reach them.
var limits = scim.Limits{Depth: 7, Values: 30, BulkOperations: 6}

// TestBulk runs testdata/bulk.txt: cases divided by ----, each a comment, the
// body of a bulk, and behind => its operations and its units in the order in
// which they run, with a star behind those that are circular; or the refusal.
func TestBulk(t *testing.T) {
	const file = "testdata/bulk.txt"
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for c := range strings.SplitSeq(strings.TrimSpace(string(raw)), "\n----\n") {
		input, want, _ := strings.Cut(c, "\n=> ")
		_, body, _ := strings.Cut(input, "\n") // the comment
		got := run(body)
		if got != want && !*rewrite {
			t.Errorf("%s\n got %s\nwant %s", input, got, want)
		}
		out = append(out, input+"\n=> "+got)
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(strings.Join(out, "\n----\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// run says what a bulk is, with the references resolved to <their bulkId>.
func run(body string) string {
	req, refusal := Parse([]byte(body), limits, new(scim.Room))
	if refusal != nil {
		return refusal.Error()
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%d, then stop", req.FailOnErrors)
	if req.FailOnErrors == 0 {
		out.Reset()
		out.WriteString("any number may fail")
	}
	for i, op := range req.Operations {
		before := string(scim.AppendObject(nil, op.Data))
		op := op.Resolve(func(id string) string { return "<" + id + ">" })
		if after := string(scim.AppendObject(nil, req.Operations[i].Data)); after != before {
			return "Resolve changed what it was given: " + after
		}
		fmt.Fprintf(&out, "\n%d: %s", i+1, op.Method)
		if op.Type != nil {
			fmt.Fprintf(&out, " %s", op.Type.Name)
		}
		for _, part := range []struct{ name, value string }{{"id", op.ID}, {"bulkId", op.BulkID}, {"version", op.Version}} {
			if part.value != "" {
				fmt.Fprintf(&out, " %s=%s", part.name, part.value)
			}
		}
		if op.Refusal != nil {
			fmt.Fprintf(&out, ": %v", op.Refusal)
		} else if op.Data != nil {
			fmt.Fprintf(&out, " %s", scim.AppendObject(nil, op.Data))
		}
	}
	out.WriteString("\n" + planText(Plan(req.Operations)))
	return out.String()
}

func planText(units []Unit) string {
	var out []string
	for _, u := range units {
		var ops []string
		for _, i := range u.Ops {
			ops = append(ops, fmt.Sprint(i+1))
		}
		text := strings.Join(ops, "+")
		if u.Circular {
			text += "*"
		}
		out = append(out, text)
	}
	return "order: " + strings.Join(out, " ")
}

// exact has cmp look into fields that are not exported, too, and at the order of
// attributes, to which Equal is blind.
var exact = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.Comparer(func(a, b scim.Value) bool { return a.Equal(b) && a.String() == b.String() }),
	cmp.Comparer(func(a, b scim.Object) bool {
		return a.Equal(b) && scim.ObjectOf(a...).String() == scim.ObjectOf(b...).String()
	}),
}

// TestPlan compares plans of random bulks with those of a slow planner, which
// says the same in other words.
func TestPlan(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 7))
		ops := randomOperations(r)
		got, want := Plan(ops), slowPlan(ops)
		if !cmp.Equal(got, want, exact) {
			t.Fatalf("seed %d: %s\n got %s\nwant %s", seed, describe(ops), planText(got), planText(want))
		}
		if again := Plan(ops); !cmp.Equal(got, again, exact) {
			t.Fatalf("seed %d: two plans differ", seed)
		}
	}
}

func randomOperations(r *rand.Rand) []Operation {
	ops := make([]Operation, 1+r.IntN(9))
	for i := range ops {
		op := &ops[i]
		op.Method, op.Type, op.BulkID = "POST", scim.ResourceTypes[r.IntN(2)], fmt.Sprint(i)
		if r.IntN(4) == 0 {
			op.Method, op.ID = "PATCH", fmt.Sprintf("%s%d", prefix, r.IntN(len(ops)))
		}
		if r.IntN(12) == 0 {
			op.Refusal = scim.Errorf(400, "", "no")
		}
		var refs []scim.Value
		for range r.IntN(3) {
			refs = append(refs, scim.Text(fmt.Sprintf("%s%d", prefix, r.IntN(len(ops)))))
		}
		op.Data = scim.Object{{Name: "refs", Value: scim.ListOf(refs...)}}
	}
	return ops
}

func describe(ops []Operation) string {
	var out strings.Builder
	for i, op := range ops {
		fmt.Fprintf(&out, "%d:%s %s %v %t; ", i+1, op.Method, op.Type.Name, op.references(), op.Refusal != nil)
	}
	return out.String()
}

// slowPlan follows every way from each operation. Two operations are in one unit
// if each is reached from the other. A unit is due when it and all that it
// reaches are in the past; it runs as soon as what it needs has run.
func slowPlan(ops []Operation) []Unit {
	n := len(ops)
	needs := make([][]bool, n)
	for i := range ops {
		needs[i] = make([]bool, n)
		for j := range ops {
			needs[i][j] = ops[i].Refusal == nil && ops[j].Method == "POST" && slices.Contains(ops[i].references(), ops[j].BulkID)
		}
	}
	reach := make([][]bool, n)
	for i := range reach {
		reach[i] = slices.Clone(needs[i])
	}
	for k := range n {
		for i := range n {
			for j := range n {
				reach[i][j] = reach[i][j] || reach[i][k] && reach[k][j]
			}
		}
	}
	var out []Unit
	ran := make([]bool, n)
	for now := range n {
		for again := true; again; {
			again = false
			for i := range n {
				ready := !ran[i] && i <= now
				for j := range n {
					mutual := reach[i][j] && reach[j][i]
					ready = ready && (!reach[i][j] || ran[j] || mutual && j <= now)
				}
				if !ready {
					continue
				}
				out = append(out, slowUnit(ops, reach, i))
				for _, j := range out[len(out)-1].Ops {
					ran[j] = true
				}
				again = true
				break
			}
		}
	}
	return out
}

func slowUnit(ops []Operation, reach [][]bool, i int) Unit {
	u := Unit{Circular: reach[i][i]}
	for _, rt := range []*scim.ResourceType{scim.User, scim.Group} {
		for j := range ops {
			if ops[j].Type == rt && (j == i || reach[i][j] && reach[j][i]) {
				u.Ops = append(u.Ops, j)
			}
		}
	}
	return u
}

// FuzzParse: whatever the bytes, Parse answers, every operation is planned once,
// and what is not refused has a type and refers to what there is. A bulk that can
// be decoded at once says the same as in parts, but for whether operations are
// known to be alone, of which it knows more.
func FuzzParse(f *testing.F) {
	raw, err := os.ReadFile("testdata/bulk.txt")
	if err != nil {
		f.Fatal(err)
	}
	for c := range strings.SplitSeq(string(raw), "\n----\n") {
		input, _, _ := strings.Cut(c, "\n=> ")
		_, body, _ := strings.Cut(input, "\n")
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		wholeAsInParts(t, body)
		req, refusal := Parse([]byte(body), limits, nil)
		if refusal != nil {
			if refusal.Status != 400 && refusal.Status != 413 || refusal.Detail == "" {
				t.Fatalf("refused with %v", refusal)
			}
			return
		}
		if len(req.Operations) == 0 || len(req.Operations) > limits.BulkOperations || req.FailOnErrors < 0 {
			t.Fatalf("%d operations, failOnErrors %d", len(req.Operations), req.FailOnErrors)
		}
		made := map[string]bool{}
		for _, op := range req.Operations {
			if op.Refusal == nil && (op.Type == nil || (op.ID == "") != (op.Method == "POST")) {
				t.Fatalf("let through: %+v", op)
			}
			made[op.BulkID] = made[op.BulkID] || op.Method == "POST"
		}
		planned := map[int]bool{}
		for _, u := range Plan(req.Operations) {
			for _, i := range u.Ops {
				if planned[i] {
					t.Fatalf("operation %d is planned twice", i+1)
				}
				planned[i] = true
			}
		}
		for i, op := range req.Operations {
			if !planned[i] {
				t.Fatalf("operation %d is not planned", i+1)
			}
			op.Resolve(func(id string) string {
				if op.Refusal == nil && !made[id] {
					t.Fatalf("operation %d refers to %q, which nobody makes", i+1, id)
				}
				return id
			})
		}
	})
}

// wholeAsInParts fails if a bulk that can be decoded at once says something else
// in parts.
func wholeAsInParts(t *testing.T, body string) {
	got, ok := whole([]byte(body), limits, new(scim.Room))
	if !ok {
		return
	}
	want, refusal := inParts([]byte(body), limits)
	if refusal != nil {
		t.Fatalf("refused in parts: %v", refusal)
	}
	for i := range min(len(got.Operations), len(want.Operations)) {
		one, other := &got.Operations[i], &want.Operations[i]
		alone, known := one.alone, other.alone
		one.alone, other.alone = false, false
		if refers := len(one.references()) > 0; alone == refers || known && refers {
			t.Errorf("operation %d refers to others: %v; alone: %v, %v", i+1, refers, alone, known)
		}
	}
	if !cmp.Equal(got, want, exact) {
		t.Errorf("whole %+v\nin parts %+v", got, want)
	}
}

// TestAlone: a reference is found whichever of its letters are escaped, and other
// escapes make none.
func TestAlone(t *testing.T) {
	alone := func(text string) bool {
		body := `{"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"` + text + `"}}]}`
		req, refusal := Parse([]byte(body), scim.DefaultLimits, nil)
		if refusal != nil {
			t.Fatalf("%s: %v", body, refusal)
		}
		op := &req.Operations[0]
		if op.Alone() && len(op.references()) > 0 {
			t.Errorf("%s: it refers to another operation, and says that it does not", text)
		}
		return op.Alone()
	}
	for i := range len(prefix) {
		for _, hex := range []string{"%02x", "%02X"} {
			if text := prefix[:i] + fmt.Sprintf(`\u00`+hex, prefix[i]) + prefix[i+1:] + "a"; alone(text) {
				t.Errorf("%s: the reference is not seen", text)
			}
		}
	}
	for _, text := range []string{`plain`, `Main Street 1\nBerlin`, `\"quoted\"`, `a\/b\\c\t`, `J\u00f6rg`, `\u4e16\u754c`, `\u00e9`} {
		if !alone(text) {
			t.Errorf("%s: a reference is seen", text)
		}
	}
}
