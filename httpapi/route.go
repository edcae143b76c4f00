package httpapi

import (
	"bytes"
	"strconv"
	"strings"

	"rosterd/metrics"
)

// Roots of the surfaces.
const (
	scimRoot  = "/scim/v2"
	adminRoot = "/api/v1"
)

// access says who may use a route.
type access uint8

const (
	public       access = iota
	tokenOnly           // a connection's bearer token
	operatorOnly        // the operator token
)

// A route is one method of one address.
type route struct {
	method   string
	template string // /Users/{id}; what metrics and the access log call it
	surface  string // scim, admin or ops
	access   access
	handle   func(*exchange)
	reads    bool // changes nothing, though it is no GET

	segments []string // of the whole path; "{…}" matches any
	answered *metrics.Route
}

// maxParams is the greatest number of {…} in a template.
const maxParams = 3

// routes finds routes by the number of segments.
type routes [][]*route

// newRoutes returns a table of routes, whose answers m counts.
func newRoutes(m *metrics.Metrics, groups ...[]route) routes {
	var out routes
	for _, group := range groups {
		for i := range group {
			r := &group[i]
			root := map[string]string{"scim": scimRoot, "admin": adminRoot}[r.surface]
			r.answered = m.Route(r.surface, r.template)
			r.segments = strings.Split(strings.Trim(root+r.template, "/"), "/")
			for len(out) <= len(r.segments) {
				out = append(out, nil)
			}
			out[len(r.segments)] = append(out[len(r.segments)], r)
		}
	}
	return out
}

// find returns the route of a request and fills in what its {…} stand for.
// Where the address exists for other methods, it returns those.
func (rs routes) find(method, path []byte, params *[maxParams][]byte) (match *route, allowed string) {
	path = bytes.Trim(path, "/") // a trailing slash is tolerated (product.md section 4)
	n := bytes.Count(path, []byte("/")) + 1
	if n >= len(rs) {
		return nil, ""
	}
	if string(method) == "HEAD" {
		method = []byte("GET")
	}
	var methods []string
	for _, r := range rs[n] {
		if !r.matches(path, params) {
			continue
		}
		if r.method == string(method) {
			return r, ""
		}
		methods = append(methods, r.method)
	}
	return nil, strings.Join(methods, ", ")
}

// otherVersion reports whether path asks for a version of SCIM that there is not
// here (RFC 7644 section 3.13): /scim/v and a number.
func otherVersion(path []byte) bool {
	rest, found := bytes.CutPrefix(path, []byte("/scim/v"))
	version, _, _ := bytes.Cut(rest, []byte("/"))
	_, err := strconv.ParseUint(string(version), 10, 32)
	return found && err == nil && "/scim/v"+string(version) != scimRoot
}

// matches reports whether r is at this address, for whatever method. No {…} stands
// for a name that begins with a dot: such names are the protocol's, as .search is
// (RFC 7644 section 3.4.3).
func (r *route) matches(path []byte, params *[maxParams][]byte) bool {
	n := 0
	for _, want := range r.segments {
		var have []byte
		have, path, _ = bytes.Cut(path, []byte("/"))
		switch {
		case want[0] == '{':
			if len(have) > 0 && have[0] == '.' {
				return false
			}
			params[n] = have
			n++
		case want != string(have):
			return false
		}
	}
	return true
}
