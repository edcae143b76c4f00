package play

import (
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
)

// Admin is a client of the admin API with an operator token. It is safe for
// concurrent use.
type Admin struct{ client *Client }

// NewAdmin returns a client of the admin API of the server at base, such as
// http://127.0.0.1:8080.
func NewAdmin(base, operatorToken string) *Admin {
	return &Admin{client: NewClient(base+"/api/v1", operatorToken, 4)}
}

// Close closes the connections that are idle.
func (a *Admin) Close() { a.client.Close() }

// A Problem is an answer of the admin API other than 2xx (RFC 9457).
type Problem struct {
	Status int
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

// Error returns the status and what the server says about it.
func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	return fmt.Sprintf("admin API: status %d: %s", p.Status, text)
}

// Get reads the resource at path, such as "/workspaces/acme", into out. The
// error is a *Problem if the server refused.
func (a *Admin) Get(path string, out any) error { return a.do(http.MethodGet, path, nil, out) }

// Post sends in as JSON and reads the answer into out, unless that is nil. The
// error is a *Problem if the server refused.
func (a *Admin) Post(path string, in, out any) error { return a.do(http.MethodPost, path, in, out) }

// Patch sends in as a JSON merge patch (RFC 7396) and reads the answer into
// out, unless that is nil. The error is a *Problem if the server refused.
func (a *Admin) Patch(path string, in, out any) error { return a.do(http.MethodPatch, path, in, out) }

func (a *Admin) do(method, path string, in, out any) error {
	contentType := "application/json"
	if method == http.MethodPatch {
		contentType = "application/merge-patch+json"
	}
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("admin API: %w", err)
		}
	}
	answer, err := a.client.do(method, path, contentType, body)
	if err != nil {
		return fmt.Errorf("admin API: %w", err)
	}
	if !answer.OK() {
		problem := &Problem{}
		_ = json.Unmarshal(answer.Body, problem) // a proxy's page leaves the status alone to speak
		problem.Status = answer.Status
		return problem
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Body, out); err != nil {
		return fmt.Errorf("admin API: answer to %s %s: %w", method, path, err)
	}
	return nil
}

// Workspace is the settings a new workspace is created with.
type Workspace struct {
	ID           string   `json:"id"` // [a-z][a-z0-9-]{1,27}
	Name         string   `json:"name"`
	AppURL       string   `json:"appUrl"`
	Plan         string   `json:"plan"`
	Subscription string   `json:"subscription"`
	Locale       string   `json:"locale"`
	Timezone     string   `json:"timezone"`
	Seats        Seats    `json:"seats"`
	Price        Price    `json:"price"`
	Billing      Billing  `json:"billing"`
	SSO          SSO      `json:"sso"`
	SCIM         SCIMGate `json:"scim"`
}

// Seats says how many seats are paid for and what happens beyond them.
type Seats struct {
	Purchased   int    `json:"purchased"`
	AutoBooking bool   `json:"autoBooking"`
	Cap         *int   `json:"cap"` // nil is written as null: no cap, said on purpose
	WhenFull    string `json:"whenFull"`
}

// Price of one seat in minor units of Currency per Interval.
type Price struct {
	Currency    string `json:"currency"`
	Minor       int64  `json:"minor"`
	Interval    string `json:"interval"`
	AnchorDay   int    `json:"anchorDay"`
	AnchorMonth int    `json:"anchorMonth"`
	VATPercent  string `json:"vatPercent"`
}

// Billing names who is written to about money.
type Billing struct {
	Email string `json:"email"`
}

// SSO is the OpenID Connect connection.
type SSO struct {
	Issuer   string `json:"issuer"`
	ClientID string `json:"clientId"`
}

// SCIMGate is the operator's switch.
type SCIMGate struct {
	Enabled   bool `json:"enabled"`
	GraceDays int  `json:"graceDays"`
}

// EnterpriseWorkspace returns settings that meet every requirement of the SCIM
// endpoint, with so many purchased seats and automatic booking off.
func EnterpriseWorkspace(id, name string, purchased int) Workspace {
	return Workspace{
		ID: id, Name: name, AppURL: "https://" + id + ".example.com",
		Plan: "enterprise", Subscription: "active", Locale: "de-DE", Timezone: "Europe/Berlin",
		Seats:   Seats{Purchased: purchased, WhenFull: "wait"},
		Price:   Price{Currency: "EUR", Minor: 1290, Interval: "month", AnchorDay: 1, AnchorMonth: 1, VATPercent: "19"},
		Billing: Billing{Email: "billing@" + id + ".example.com"},
		SSO:     SSO{Issuer: "https://login.example.com/" + id, ClientID: "rosterd-" + id},
		SCIM:    SCIMGate{Enabled: true, GraceDays: 30},
	}
}

// Unanswered is an issuer that refuses to be asked, at once. The daemon asks every
// new issuer for its discovery document, and a name that this machine cannot
// resolve takes seconds.
const Unanswered = "http://127.0.0.1:9"

// CreateWorkspace creates w.
func (a *Admin) CreateWorkspace(w Workspace) error { return a.Post("/workspaces", w, nil) }

// CreateRole adds a role to the workspace. A higher rank wins where a person
// has several.
func (a *Admin) CreateRole(workspace, name string, rank int) error {
	return a.Post("/workspaces/"+workspace+"/roles", struct {
		Name string `json:"name"`
		Rank int    `json:"rank"`
	}{name, rank}, nil)
}

// CreateConnection adds a connection that speaks the dialect and returns its
// id.
func (a *Admin) CreateConnection(workspace, name, dialect string) (string, error) {
	var created struct {
		ID string `json:"id"`
	}
	err := a.Post("/workspaces/"+workspace+"/connections", struct {
		Name    string `json:"name"`
		Dialect string `json:"dialect"`
	}{name, dialect}, &created)
	return created.ID, err
}

// CreateToken makes a bearer token that may read and write through the
// connection, and returns it; the server shows it this once.
func (a *Admin) CreateToken(workspace, connection, name string) (string, error) {
	var created struct {
		Token string `json:"token"`
	}
	err := a.Post("/workspaces/"+workspace+"/tokens", struct {
		Name       string   `json:"name"`
		Connection string   `json:"connection"`
		Scopes     []string `json:"scopes"`
	}{name, connection, []string{"read", "write"}}, &created)
	if err == nil && created.Token == "" {
		err = fmt.Errorf("admin API: the created token is not shown")
	}
	return created.Token, err
}
