package scim

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// TestDecoderAgain: what a Decoder has read before changes nothing of what it
// reads, whatever names it expects by then.
func TestDecoderAgain(t *testing.T) {
	bodies := []string{
		`{"userName":"a","name":{"givenName":"b","familyName":"c"},"emails":[{"value":"d","type":"work"},{"value":"e"}]}`,
		`{"emails":[{"type":"work","value":"d"}],"name":{"familyName":"c","givenName":"b"},"userName":"a"}`,
		`{"username":"a","Name":{"GivenName":"b"},"userNames":"c","":"d","x":{"userName":"e"}}`,
		`{"user\u004eame":"a","name":{}}`,
		`{"userName":"a","name":`, // a refusal in between
		`{"userName":"a","USERNAME":"b"}`,
		`{"name":{"givenName":"b","givenName":"c"}}`,
	}
	var again Decoder
	for range 2 {
		for _, one := range bodies {
			for _, body := range []string{one, bodies[0]} {
				want, wrong := Decode([]byte(body), DefaultLimits)
				got, refusal := again.Decode([]byte(body), DefaultLimits)
				if !same(got, want) || !reflect.DeepEqual(refusal, wrong) {
					t.Errorf("%s: got %v, %v, want %v, %v", body, got, refusal, want, wrong)
				}
			}
		}
	}
}

// same reports whether two objects are the same, attribute by attribute in one
// order.
func same(a, b Object) bool {
	return a.Equal(b) && bytes.Equal(AppendObject(nil, a), AppendObject(nil, b))
}

// TestDecodeLong: texts are what they were in a body of many parts, whatever
// their length and wherever a part ends, and stay so when the body is used again.
func TestDecodeLong(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 11))
		var want Object
		for i := range 40 {
			text := strings.Repeat(string(rune('a'+i%26)), r.IntN(1+r.IntN(sharedText/4)))
			switch r.IntN(20) {
			case 0:
				text = strings.Repeat("b", sharedText-1+r.IntN(3))
			case 1:
				text += "\n"
			}
			want = append(want, Attr{fmt.Sprintf("name%d", i), Text(text)})
		}
		body := AppendObject(nil, want)
		got, refusal := Decode(body, DefaultLimits)
		clear(body)
		if refusal != nil || !same(got, want) {
			t.Fatalf("seed %d: got %v, %v, want %v", seed, got, refusal, want)
		}
	}
}

// TestDecodeElements: arrays of the body itself are bounded, those below are not.
func TestDecodeElements(t *testing.T) {
	d := Decoder{Elements: 2}
	for body, want := range map[string]int{
		`{"a":[1,2],"b":[{"c":[1,2,3]},[1,2,3]],"d":{"e":[1,2,3]}}`: 0,
		`{"a":[1,2,3`:              413,
		`{"b":[],"a":[[],{},null]`: 413,
	} {
		if _, refusal := d.Decode([]byte(body), DefaultLimits); (refusal != nil) != (want != 0) || refusal != nil && refusal.Status != want {
			t.Errorf("%s: %v", body, refusal)
		}
	}
}

// BenchmarkDecode reads the same person again and again, as imports do.
func BenchmarkDecode(b *testing.B) {
	d := Decoder{Room: new(Room)}
	b.SetBytes(int64(len(sample)))
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal := d.Decode([]byte(sample), DefaultLimits); refusal != nil {
			b.Fatal(refusal)
		}
		d.Room.Reset()
	}
}
