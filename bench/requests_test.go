package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/go-json-experiment/json"

	"rosterd/bench/play"
)

// TestPrepared: a body with other numbers is that of other people, and the one
// it came from stays as it was.
func TestPrepared(t *testing.T) {
	people := []play.Person{preparedPerson(7, 0), preparedPerson(7, 1)}
	for _, c := range []struct {
		name string
		body func(people []play.Person) []byte
		n    int // people in it
	}{
		{"a person", func(p []play.Person) []byte { return p[0].Body() }, 1},
		{"a bulk", play.BulkBody, 2},
	} {
		original := c.body(people)
		p := prepare(original, people[:c.n])
		before := bytes.Clone(original)
		if same := p.numbered(1); !bytes.Equal(same, before) {
			t.Errorf("%s: with their own numbers\n%s\nwant\n%s", c.name, same, before)
		}
		first, second := p.numbered(12_345), p.numbered(12_345+c.n)
		if bytes.Equal(first, second) || len(first) != len(before) || !bytes.Equal(original, before) {
			t.Errorf("%s: %s", c.name, first)
		}
		if n := bytes.Count(first, []byte("10012345")); n != 4 { // userName, externalId, e-mail, employeeNumber
			t.Errorf("%s: the number is there %d times: %s", c.name, n, first)
		}
		var any struct{}
		if err := json.Unmarshal(first, &any); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestChanges: of the PATCHes that go around, each changes what the one before
// it has left.
func TestChanges(t *testing.T) {
	ids := []string{"a", "b"}
	for _, c := range []struct {
		name   string
		source *sequence
		want   []string // path and a word of the body
	}{
		{"active", patchActive(ids), []string{"/Users/a False", "/Users/b False", "/Users/a True", "/Users/b True", "/Users/a False"}},
		{"active as the RFC has it", setActive(ids), []string{"/Users/a replace false", "/Users/b false", "/Users/a true", "/Users/b true", "/Users/a false"}},
		{"members", patchMembers("g", ids), []string{"/Groups/g Add a", "/Groups/g Add b", "/Groups/g Remove a", "/Groups/g Remove b", "/Groups/g Add a"}},
	} {
		for i, want := range c.want {
			r, ok := c.source.Next(context.Background())
			for word := range bytes.FieldsSeq([]byte(want)) {
				if !bytes.Contains(append([]byte(r.Path+" "), r.Body...), word) {
					t.Errorf("%s: request %d has no %s: %s %s", c.name, i, word, r.Path, r.Body)
				}
			}
			if !ok {
				t.Errorf("%s: it ends", c.name)
			}
		}
	}
}

// TestChecking: an answer with a good status that finds nobody fails the run, and
// one that was refused is told of elsewhere.
func TestChecking(t *testing.T) {
	for body, good := range map[string]bool{`{"totalResults":1,"Resources":[]}`: true, `{"totalResults":1}`: true, `{"totalResults":0}`: false, `{"totalResults":10}`: false} {
		requests := filters([]string{"ada@example.com"}).checking(oneFound)
		r, _ := requests.Next(t.Context())
		r.Done(play.Answer{Status: 503}, nil)
		if err := requests.wrong.err(); err != nil {
			t.Errorf("a refusal: %v", err)
		}
		r.Done(play.Answer{Status: 200, Body: []byte(body)}, nil)
		if err := requests.wrong.err(); (err == nil) != good {
			t.Errorf("%s: %v", body, err)
		}
	}
}
