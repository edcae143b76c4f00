package scim

import (
	"reflect"
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
				if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(refusal, wrong) {
					t.Errorf("%s: got %v, %v, want %v, %v", body, got, refusal, want, wrong)
				}
			}
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
