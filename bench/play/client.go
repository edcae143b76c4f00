package play

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/valyala/fasthttp"
)

// Bounds of one request. They are far above what a healthy server needs: they
// exist so that a load ends even when the server does not answer.
const (
	requestTimeout = 60 * time.Second
	maxAnswer      = 64 << 20 // bytes; a group of 100,000 members fits
	maxIdle        = 2 * time.Second
	maxAttempts    = 8                // of one request, all but the last answered 429
	maxRetryAfter  = 30 * time.Second // a longer Retry-After is cut to this
)

// scimType is the media type of SCIM bodies (RFC 7644 section 3.1).
const scimType = "application/scim+json"

// A Client speaks to one server over kept-alive connections. It is safe for
// concurrent use.
type Client struct {
	base  []byte
	token string
	http  *fasthttp.HostClient
	pool  sync.Pool  // of *exchange, for Do
	trace *recording // nil: nothing is written down
}

// NewClient returns a client of the server at base, which paths are appended
// to: a SCIM base such as http://127.0.0.1:8080/scim/v2. The bearer token is
// sent if not empty. At most so many connections are open at a time; further
// requests wait for one.
func NewClient(base, token string, connections int) *Client {
	var address fasthttp.URI
	err := address.Parse(nil, []byte(base)) // what cannot be parsed has no host, which the first request says
	secure := err == nil && string(address.Scheme()) == "https"
	c := &Client{base: []byte(strings.TrimRight(base, "/")), token: token, http: &fasthttp.HostClient{
		Addr:                      fasthttp.AddMissingPort(string(address.Host()), secure),
		IsTLS:                     secure,
		Name:                      "rosterd-bench",
		MaxConns:                  max(connections, 1),
		MaxConnWaitTimeout:        requestTimeout,
		MaxIdleConnDuration:       maxIdle, // below any server's own, so no request meets a closing connection
		ReadTimeout:               requestTimeout,
		WriteTimeout:              requestTimeout,
		MaxResponseBodySize:       maxAnswer,
		MaxIdemponentCallAttempts: 1, // a retry would hide what is measured
		DisablePathNormalizing:    true,
	}}
	c.pool.New = func() any { return c.exchange() }
	return c
}

// Close closes the connections that are idle.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// An Answer is one HTTP response.
type Answer struct {
	Status     int
	Body       []byte
	RetryAfter time.Duration // of a 429: how long to wait, a second if it does not say
	Sent       time.Time
	Elapsed    time.Duration // from sending the request to having read the answer
}

// OK says whether the server accepted the request (2xx).
func (a Answer) OK() bool { return a.Status/100 == 2 }

// Do sends one request and returns the answer, whatever its status; the error
// says that there was none. A body is sent as application/scim+json
// (RFC 7644 section 3.1). The answer's body is a copy.
func (c *Client) Do(method, path string, body []byte) (Answer, error) {
	return c.do(method, path, scimType, body)
}

func (c *Client) do(method, path, contentType string, body []byte) (Answer, error) {
	e := c.pool.Get().(*exchange)
	defer c.pool.Put(e)
	answer, err := e.do(method, path, contentType, body)
	answer.Body = append([]byte(nil), answer.Body...)
	return answer, err
}

// An exchange is a request and its response, with everything prepared that all
// requests have in common. One goroutine at a time may use it.
type exchange struct {
	client      *Client
	contentType string // that the headers are prepared for
	uri         []byte
	get         fasthttp.Request // one that has sent a body cannot be rid of its Content-Length
	other       fasthttp.Request
	resp        fasthttp.Response
}

func (c *Client) exchange() *exchange {
	e := &exchange{client: c, uri: bytes.Clone(c.base)}
	if c.token != "" {
		e.get.Header.Set("Authorization", "Bearer "+c.token)
		e.other.Header.Set("Authorization", "Bearer "+c.token)
	}
	return e
}

// do is Client.Do without the copy: the body of the answer is valid until the
// next call.
func (e *exchange) do(method, path, contentType string, body []byte) (Answer, error) {
	if e.contentType != contentType {
		e.contentType = contentType
		e.get.Header.Set("Accept", contentType)
		e.other.Header.Set("Accept", contentType)
	}
	e.uri = append(e.uri[:len(e.client.base)], path...)
	req := &e.get
	if method != http.MethodGet {
		req = &e.other
		req.Header.SetMethod(method)
		if body == nil {
			contentType = ""
		}
		req.Header.SetContentType(contentType)
	}
	req.SetRequestURIBytes(e.uri)
	req.SetBodyRaw(body)
	line := e.client.trace.write(method, path, body)
	start := time.Now()
	if err := e.client.http.Do(req, &e.resp); err != nil {
		return Answer{}, err
	}
	answer := Answer{Status: e.resp.StatusCode(), Sent: start, Elapsed: time.Since(start), Body: e.resp.Body()}
	e.client.trace.learn(line, method, path, answer)
	if answer.Status == http.StatusTooManyRequests {
		answer.RetryAfter = retryAfter(e.resp.Header.Peek("Retry-After"))
	}
	return answer, nil
}

// retryAfter reads the header in seconds; the form with a date is as good as
// absent (RFC 9110 section 10.2.3).
func retryAfter(header []byte) time.Duration {
	seconds, err := strconv.ParseUint(string(header), 10, 31)
	if err != nil {
		return time.Second
	}
	return time.Duration(seconds) * time.Second
}

// A Resource is what this client reads of a user or group.
type Resource struct {
	ID          string         `json:"id"`
	UserName    string         `json:"userName"`
	DisplayName string         `json:"displayName"`
	Name        Name           `json:"name"`
	Active      jsontext.Value `json:"active"` // there are servers that send a string
	Members     []Member       `json:"members"`
}

// Inactive reports whether the resource says that it is not active.
func (r Resource) Inactive() bool {
	return strings.EqualFold(strings.Trim(string(r.Active), `"`), "false")
}

// Name is what this client reads of a user's name.
type Name struct {
	Family string `json:"familyName"`
}

// A Member is one entry of a group's members.
type Member struct {
	Value string `json:"value"` // the user's id
}

// A List is a list response (RFC 7644 section 3.4.2).
type List struct {
	Total     int        `json:"totalResults"`
	Resources []Resource `json:"Resources"`
}

// scimError is an error response (RFC 7644 section 3.12).
type scimError struct {
	ScimType string `json:"scimType"`
	Detail   string `json:"detail"`
}

// Resource reads the answer as one resource.
func (a Answer) Resource() (Resource, error) {
	var r Resource
	err := json.Unmarshal(a.Body, &r)
	return r, err
}

// List reads the answer as a list response.
func (a Answer) List() (List, error) {
	l := List{Total: -1}
	err := json.Unmarshal(a.Body, &l)
	if err == nil && l.Total < 0 {
		err = errors.New("it has no totalResults")
	}
	if err != nil {
		return List{}, fmt.Errorf("the answer is no list response: %w", err)
	}
	return l, nil
}

// failure reads the answer as an error response; a body that is none, such as
// a proxy's, leaves both fields empty.
func (a Answer) failure() scimError {
	var e scimError
	if json.Unmarshal(a.Body, &e) != nil {
		return scimError{}
	}
	return e
}
