package scim

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sample is about 1 KB of JSON, as an identity provider sends a person.
const sample = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
"externalId":"7a0c1b9e-3a53-4f9e-9d37-5d1d3e2b8f10","userName":"alexandra.meyer@example.test","active":true,"displayName":"Alexandra Meyer",
"name":{"formatted":"Alexandra Meyer","familyName":"Meyer","givenName":"Alexandra"},
"emails":[{"primary":true,"type":"work","value":"alexandra.meyer@example.test"},{"type":"home","value":"alex@example.org"}],
"phoneNumbers":[{"type":"work","value":"+49 30 1234567"},{"type":"mobile","value":"+49 170 1234567"}],
"addresses":[{"type":"work","formatted":"Hauptstr. 1, 10115 Berlin","streetAddress":"Hauptstr. 1","locality":"Berlin","postalCode":"10115","country":"DE"}],
"title":"Senior Engineer","preferredLanguage":"de","locale":"de-DE","timezone":"Europe/Berlin","userType":"Employee",
"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"4711","department":"Design","costCenter":"1000","organization":"Example GmbH","manager":{"value":"0192f3c4-0000-7000-8000-000000000001"}}}`

func normalized(t testing.TB, rt *ResourceType, body string) Object {
	t.Helper()
	d, _ := DialectByName("generic")
	raw, err := Decode([]byte(body), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	o, err := Normalize(rt, raw, d)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// kept is o without what a record does not hold.
func kept(rt *ResourceType, o Object) Object {
	var out Object
	for _, a := range o {
		if find(rt.Attributes, a.Name).stored() {
			out = append(out, a)
		}
	}
	return out
}

func TestRecordRoundTrip(t *testing.T) {
	o := normalized(t, User, sample)
	r := Encode(User, o)
	back, err := r.Object(User)
	if err != nil {
		t.Fatal(err)
	}
	if !back.Equal(kept(User, o)) {
		t.Errorf("got %s\nwant %s", AppendObject(nil, back), AppendObject(nil, kept(User, o)))
	}
	if got, most := len(r), 450; got > most {
		t.Errorf("%d bytes of JSON take %d in a record, want at most %d", len(sample), got, most)
	}
	for _, a := range User.Attributes {
		if a.stored() && !r.Attr(a).Equal(o.Get(a.Name)) {
			t.Errorf("Attr(%s) = %v, want %v", a.Name, r.Attr(a), o.Get(a.Name))
		}
	}
	want := o.Get(URNEnterprise).Obj().Get("manager")
	if got := r.ExtAttr(UserEnterprise, UserManager); !got.Equal(want) {
		t.Errorf("ExtAttr(manager) = %v, want %v", got, want)
	}
}

// TestRecordFrozen decodes the bytes of released versions, one record a line:
// the resource type, hex, and the JSON that it means. Lines are only added.
func TestRecordFrozen(t *testing.T) {
	raw, err := os.ReadFile("testdata/records.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 3)
		b, err := hex.DecodeString(fields[1])
		if err != nil {
			t.Fatal(err)
		}
		rt := User
		if fields[0] == "Group" {
			rt = Group
		}
		o, err := Record(b).Object(rt)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if got := string(AppendObject(nil, o)); got != fields[2] {
			t.Errorf("got %s\nwant %s", got, fields[2])
		}
		if got := hex.EncodeToString([]byte(Encode(rt, o))); got != fields[1] {
			t.Errorf("encoded anew: %s\nwant %s", got, fields[1])
		}
	}
}

// TestNumbersAreUnique guards the numbers that records are made of.
func TestNumbersAreUnique(t *testing.T) {
	var check func(path string, attrs []*Attribute)
	check = func(path string, attrs []*Attribute) {
		seen := map[uint16]string{}
		for _, a := range attrs {
			if other, twice := seen[a.Num]; twice || a.Num == 0 {
				t.Errorf("%s%s has number %d, as has %q", path, a.Name, a.Num, other)
			}
			seen[a.Num] = a.Name
			check(path+a.Name+".", a.Sub)
		}
	}
	for _, rt := range ResourceTypes {
		check("", rt.Attributes)
	}
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte(Encode(User, normalized(f, User, sample))))
	f.Add([]byte{})
	f.Add([]byte{0xff, 0xff, 0xff})
	d, _ := DialectByName("generic")
	for _, body := range bodies(f) {
		raw, err := Decode(body, DefaultLimits)
		if err != nil {
			continue
		}
		if o, err := Normalize(User, raw, d); err == nil {
			f.Add([]byte(Encode(User, o)))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := Record(b)
		for _, a := range User.Attributes {
			r.Attr(a)
		}
		AppendJSON(nil, User, bare{r}, nil)
		o, err := r.Object(User)
		if err != nil {
			return
		}
		for _, e := range o.Get("emails").List() {
			want := e.Obj().Get("value")
			found := want.Kind() != String
			r.Texts(UserEmails, "value", func(text string) bool {
				found = found || text == want.Str()
				return !found
			})
			if !found {
				t.Fatalf("%s: the e-mail %q is not among the texts", AppendObject(nil, o), want.Str())
			}
		}
		again, err := Encode(User, o).Object(User)
		if err != nil {
			t.Fatalf("%s encoded is no record: %v", AppendObject(nil, o), err)
		}
		AppendObject(nil, again)
	})
}

// bodies are what identity providers send in the interop rows and life cycles.
func bodies(f *testing.F) (out [][]byte) {
	f.Helper()
	files, err := filepath.Glob("../httpapi/testdata/*/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			if line[0] == '{' {
				out = append(out, bytes.TrimSpace(line))
			}
		}
	}
	return out
}

// bare is a resource of which the server knows nothing but the record.
type bare struct{ record Record }

func (b bare) Record() Record           { return b.record }
func (b bare) Derived(*Attribute) Value { return Value{} }

func FuzzDecode(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte(`{"a":[1,2.5e3,null,{"b":"\ud83d\ude00"}]}`))
	f.Add([]byte(`{"a":1,"A":2}`))
	f.Add([]byte("{\"a\":\"\xff\"}"))
	for _, body := range bodies(f) {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := Decode(body, DefaultLimits)
		if err != nil {
			if err.Status != 400 || err.Type != InvalidSyntax || err.Detail == "" {
				t.Fatalf("refused as %v", err)
			}
			return
		}
		text := AppendObject(nil, o)
		again, err := Decode(text, DefaultLimits)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := AppendObject(nil, again); string(got) != string(text) {
			t.Fatalf("%s became %s", text, got)
		}
		d, _ := DialectByName("generic")
		if n, err := Normalize(User, o, d); err == nil {
			if _, err := Encode(User, n).Object(User); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
	})
}

// BenchmarkAppendRecord packs the person of BenchmarkNormalize.
func BenchmarkAppendRecord(b *testing.B) {
	doc := slices.DeleteFunc(normalized(b, User, sample), func(a Attr) bool { return a.Name == "id" || a.Name == "externalId" }) // as workspace has it
	var record []byte
	b.ReportAllocs()
	for b.Loop() {
		record = AppendRecord(record[:0], User, doc)
	}
}

// TestAnyOrder: whatever the order in which attributes and their parts are sent,
// a person is the same, and so is the record, also of an object that is not in
// the order of the schema.
func TestAnyOrder(t *testing.T) {
	raw, refusal := Decode([]byte(sample), DefaultLimits)
	if refusal != nil {
		t.Fatal(refusal)
	}
	dialect, _ := DialectByName("generic")
	want := normalized(t, User, sample)
	record := Encode(User, want)
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		got, refusal := Normalize(User, shuffled(r, raw), dialect)
		if refusal != nil || !same(got, want) {
			t.Fatalf("seed %d: %v\n got %s\nwant %s", seed, refusal, AppendObject(nil, got), AppendObject(nil, want))
		}
		if again := Encode(User, shuffled(r, want)); again != record {
			t.Fatalf("seed %d: the record is\n%x, want\n%x", seed, again, record)
		}
	}
}

// shuffled returns o with its attributes, and theirs, in another order.
func shuffled(r *rand.Rand, o Object) Object {
	out := make(Object, 0, len(o))
	for _, i := range r.Perm(len(o)) {
		v := o[i].Value
		switch v.Kind() {
		case Complex:
			v = ObjectOf(shuffled(r, v.Obj())...)
		case List:
			list := slices.Clone(v.List())
			for j, e := range list {
				if e.Kind() == Complex {
					list[j] = ObjectOf(shuffled(r, e.Obj())...)
				}
			}
			v = ListOf(list...)
		}
		out = append(out, Attr{o[i].Name, v})
	}
	return out
}
