package main

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"

	"rosterd/bench/play"
)

// Seeds of people. Populations of different seeds share nobody.
const (
	keptSeed   = 1
	bulkSeed   = 2
	createSeed = 100 // and on, one for each stream of creates of a part
)

// Prepared people have numbers of eight digits, so that one number can be
// written over another.
const (
	firstPrepared = 10_000_000
	lastPrepared  = 99_999_999
	preparedKinds = 256 // different people, but for their numbers
)

// A prepared body tells of one or more people with a number each. Encoding
// somebody anew for each request would cost the client as much as the bare
// server needs for an answer, on the cores that they share.
type prepared struct {
	body []byte
	at   [][]int // for each of the people, where the number is
}

// prepare finds the numbers of the people in the body that tells of them.
func prepare(body []byte, people []play.Person) prepared {
	p := prepared{body: body, at: make([][]int, len(people))}
	for i, one := range people {
		number := []byte(one.Employee)
		for from := 0; ; {
			at := bytes.Index(body[from:], number)
			if at < 0 {
				break
			}
			p.at[i] = append(p.at[i], from+at)
			from += at + len(number)
		}
	}
	return p
}

// numbered returns a copy of the body in which the people have numbers from
// n on.
func (p prepared) numbered(n int) []byte {
	body := slices.Clone(p.body)
	for i, places := range p.at {
		number := strconv.Itoa(firstPrepared + (n+i)%(lastPrepared-firstPrepared))
		for _, at := range places {
			copy(body[at:], number)
		}
	}
	return body
}

// preparedPerson returns the k-th kind of person of a seed.
func preparedPerson(seed uint64, k int) play.Person { return play.PersonAt(seed, firstPrepared+k) }

// creates makes POSTs of the prepared people of a seed, each once.
func creates(seed uint64) *sequence {
	kinds := make([]prepared, preparedKinds)
	for k := range kinds {
		person := preparedPerson(seed, k)
		kinds[k] = prepare(person.Body(), []play.Person{person})
	}
	return &sequence{request: func(n int) play.Request {
		return play.Request{Kind: "create user", Method: http.MethodPost, Path: "/Users", Body: kinds[n%len(kinds)].numbered(n)}
	}}
}

// perBulk is how many people a bulk creates.
const perBulk = 100

// bulkCreates returns POSTs of bulks with so many new people each.
func bulkCreates(seed uint64, each int) *sequence {
	people := make([]play.Person, each)
	for i := range people {
		people[i] = preparedPerson(seed, i)
	}
	bulk := prepare(play.BulkBody(people), people)
	return &sequence{request: func(n int) play.Request {
		return play.Request{Kind: "bulk", Method: http.MethodPost, Path: "/Bulk", Body: bulk.numbered(n * each)}
	}}
}

// A stride without a common factor goes through all of a population, out of
// order.
const stride = 7919

// reads returns GETs of the users with these ids.
func reads(ids []string) *sequence {
	paths := make([]string, len(ids))
	for i, id := range ids {
		paths[i] = "/Users/" + id
	}
	return &sequence{request: func(n int) play.Request {
		return play.Request{Kind: "GET", Method: http.MethodGet, Path: paths[n*stride%len(paths)]}
	}}
}

// patchActive returns PATCHes of Entra ID that deactivate all of the users with
// these ids, then reactivate all, and so on: each of them changes something. There
// must be more users than connections by far.
func patchActive(ids []string) *sequence {
	return inTurn(ids, play.ReplaceBody("active", "False"), play.ReplaceBody("active", "True"))
}

// setActive is patchActive in the words of the RFC.
func setActive(ids []string) *sequence {
	return inTurn(ids, play.SetBody("active", false), play.SetBody("active", true))
}

// inTurn returns PATCHes with these bodies, each to all of the users before the
// next one.
func inTurn(ids []string, bodies ...[]byte) *sequence {
	return &sequence{request: func(n int) play.Request {
		return play.Request{Kind: "PATCH active", Method: http.MethodPatch, Path: "/Users/" + ids[n%len(ids)], Body: bodies[n/len(ids)%len(bodies)]}
	}}
}

// patchMembers returns PATCHes that add all of the users with these ids to the
// group, one each, then remove all, and so on.
func patchMembers(group string, ids []string) *sequence {
	var bodies [2][][]byte
	for i, op := range []string{"Add", "Remove"} {
		for _, id := range ids {
			bodies[i] = append(bodies[i], play.MembersBody(op, id))
		}
	}
	return &sequence{request: func(n int) play.Request {
		return play.Request{Kind: "PATCH member", Method: http.MethodPatch, Path: "/Groups/" + group, Body: bodies[n/len(ids)%2][n%len(ids)]}
	}}
}
