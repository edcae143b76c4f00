package scim

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzAppendString holds quoting against the library's.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain text", "seven77", "eight888", `a "quote" in it`, "back\\slash", "tab\tand\x1f", "del\x7f", "ümläut", "\xff", "<&>\u2028", "東京都の田中さん", "Ελένη\x00", "Łukasz \"Ł\"", "naïve\xc3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, _ := jsontext.AppendQuote(nil, s) // the error says only what was replaced
		if got := AppendString(nil, s); string(got) != string(want) {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	})
}

// TestAppendStringOfEveryByte puts each byte among plain ones and among letters
// beyond ASCII, some of which it breaks, at every place of the eight that are
// looked at together.
func TestAppendStringOfEveryByte(t *testing.T) {
	for _, around := range []string{"abcdefghijklmnop", "ääääääää"} {
		for c := range 256 {
			for at := range len(around) {
				s := around[:at] + string([]byte{byte(c)}) + around[at:]
				want, _ := jsontext.AppendQuote(nil, s)
				if got := AppendString(nil, s); string(got) != string(want) {
					t.Errorf("%q: got %s, want %s", s, got, want)
				}
			}
		}
	}
}

// TestRecordText: what is read of a record without its Values, and changed.
func TestRecordText(t *testing.T) {
	doc := normalized(t, User, sample)
	r := Encode(User, doc)
	for _, a := range User.Attributes {
		v := r.Attr(a)
		if got, want := r.Has(a), v.Kind() != Null; got != want {
			t.Errorf("%s is there: %t", a.Name, got)
		}
		if got, _ := r.Part(a).Object(&ResourceType{Attributes: a.Sub}); !got.Equal(v.Obj()) {
			t.Errorf("%s: %v, want %v", a.Name, got, v.Obj())
		}
	}
	for _, text := range []string{"", "work", "somebody else"} {
		for _, a := range []*Attribute{UserUserName, UserTimezone} {
			if got, want := r.WithText(a, text), Encode(User, doc.With(a.Name, Text(text))); string(got) != string(want) {
				t.Errorf("%s %q: %x, want %x", a.Name, text, got, want)
			}
		}
		if got, want := TextRecord(GroupDisplayName, text), Encode(Group, Object{{GroupDisplayName.Name, Text(text)}}); string(got) != string(want) {
			t.Errorf("%q alone: %x, want %x", text, got, want)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	record := Encode(User, normalized(b, User, sample))
	var res Resource = known{record: record}
	buf := make([]byte, 0, 2048)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendJSON(buf[:0], User, res, nil)
	}
}
