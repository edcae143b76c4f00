package play

import (
	"fmt"

	"github.com/go-json-experiment/json"
)

// URNs of the bodies below (RFC 7643 section 10.3, RFC 7644 section 8.2). The
// last one is Microsoft's own, which Entra ID names in every group it creates.
const (
	urnUser       = "urn:ietf:params:scim:schemas:core:2.0:User"
	urnEnterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	urnGroup      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	urnPatch      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	urnADSCIM     = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
)

// The structs below are the bodies as Entra ID sends them, field by field in
// its order. A struct and not a map: the bytes are then the same every time.
type userBody struct {
	Schemas           []string       `json:"schemas"`
	ExternalID        string         `json:"externalId"`
	UserName          string         `json:"userName"`
	Active            bool           `json:"active"`
	DisplayName       string         `json:"displayName"`
	Title             string         `json:"title"`
	PreferredLanguage string         `json:"preferredLanguage"`
	Locale            string         `json:"locale"`
	Timezone          string         `json:"timezone"`
	Emails            []valueBody    `json:"emails"`
	PhoneNumbers      []valueBody    `json:"phoneNumbers"`
	Addresses         []addressBody  `json:"addresses"`
	Meta              metaBody       `json:"meta"`
	Name              nameBody       `json:"name"`
	Roles             []string       `json:"roles"` // always empty: roles travel as groups
	Enterprise        enterpriseBody `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
}

type valueBody struct {
	Primary bool   `json:"primary"`
	Type    string `json:"type"`
	Value   string `json:"value"`
}

type addressBody struct {
	Type       string `json:"type"`
	Formatted  string `json:"formatted"`
	Street     string `json:"streetAddress"`
	Locality   string `json:"locality"`
	PostalCode string `json:"postalCode"`
	Country    string `json:"country"`
	Primary    bool   `json:"primary"`
}

type metaBody struct {
	ResourceType string `json:"resourceType"`
}

type nameBody struct {
	Formatted  string `json:"formatted"`
	FamilyName string `json:"familyName"`
	GivenName  string `json:"givenName"`
}

type enterpriseBody struct {
	EmployeeNumber string `json:"employeeNumber"`
	Department     string `json:"department"`
}

type groupBody struct {
	Schemas     []string `json:"schemas"`
	ExternalID  string   `json:"externalId"`
	DisplayName string   `json:"displayName"`
	Meta        metaBody `json:"meta"`
}

type patchBody struct {
	Schemas    []string    `json:"schemas"`
	Operations []operation `json:"Operations"`
}

// An operation's value is a string or, for members, a list of memberBody.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// Entra sends $ref and leaves it null.
type memberBody struct {
	Ref   *string `json:"$ref"`
	Value string  `json:"value"`
}

// Body returns the person as the JSON of a POST to /Users, about 1 KB, in the
// shape of Entra's default attribute mapping.
func (p Person) Body() []byte { return encode(p.body()) }

func (p Person) body() userBody {
	return userBody{
		Schemas:           []string{urnUser, urnEnterprise},
		ExternalID:        p.ExternalID,
		UserName:          p.UserName,
		Active:            true,
		DisplayName:       p.Display,
		Title:             p.Title,
		PreferredLanguage: p.Language,
		Locale:            p.Locale,
		Timezone:          p.Timezone,
		Emails:            []valueBody{{Primary: true, Type: "work", Value: p.UserName}},
		PhoneNumbers:      []valueBody{{Primary: true, Type: "work", Value: p.Work}, {Type: "mobile", Value: p.Mobile}},
		Addresses: []addressBody{{
			Type: "work", Formatted: p.Street + "\n" + p.Postcode + " " + p.City, Street: p.Street,
			Locality: p.City, PostalCode: p.Postcode, Country: p.Country, Primary: true,
		}},
		Meta:       metaBody{ResourceType: "User"},
		Name:       nameBody{Formatted: p.Display, FamilyName: p.FamilyName, GivenName: p.GivenName},
		Roles:      []string{},
		Enterprise: enterpriseBody{EmployeeNumber: p.Employee, Department: p.Department},
	}
}

// Body returns the group as the JSON of a POST to /Groups. It never holds
// members: Entra adds them afterwards, one by one.
func (g Group) Body() []byte { return encode(g.body()) }

func (g Group) body() groupBody {
	return groupBody{
		Schemas:     []string{urnGroup, urnADSCIM},
		ExternalID:  g.ExternalID,
		DisplayName: g.Name,
		Meta:        metaBody{ResourceType: "Group"},
	}
}

// MembersBody returns the JSON of a PATCH that adds ("Add") or removes
// ("Remove") the users with these ids. A removal carries the ids as its
// value, as Entra does without its flag, and not in a value filter.
func MembersBody(op string, ids ...string) []byte {
	members := make([]memberBody, len(ids))
	for i, id := range ids {
		members[i].Value = id
	}
	return patch(operation{Op: op, Path: "members", Value: members})
}

// patch returns the JSON of a PATCH request with these operations.
func patch(ops ...operation) []byte {
	return encode(patchBody{Schemas: []string{urnPatch}, Operations: ops})
}

// replace is the operation Entra sends for a value the server already has.
func replace(path, value string) operation {
	return operation{Op: "Replace", Path: path, Value: value}
}

// encode returns v as JSON. The types of this file always encode: their only
// strings are ours or an id the server sent as valid JSON.
func encode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("play: encode %T: %v", v, err))
	}
	return body
}
