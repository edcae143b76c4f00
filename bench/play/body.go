package play

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
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
type metaBody struct {
	ResourceType string `json:"resourceType"`
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

// Body returns the person as the JSON of a POST to /Users, in the shape of
// Entra's default attribute mapping and in its order; how long it is depends
// on their profile. Roles travel as groups, so none are named.
func (p Person) Body() []byte {
	switch p.Profile {
	case Short:
		return compose(400,
			`{"schemas":["`+urnUser+`"],"externalId":`, p.ExternalID, `,"userName":`, p.UserName,
			`,"active":true,"displayName":`, p.Display, `,"emails":[{"primary":true,"type":"work","value":`, p.UserName,
			`}],"meta":{"resourceType":"User"},"name":{"familyName":`, p.FamilyName, `,"givenName":`, p.GivenName, `}}`)
	case Long:
		return p.longBody()
	}
	return p.ordinaryBody()
}

func (p Person) ordinaryBody() []byte {
	return compose(1200,
		`{"schemas":["`+urnUser+`","`+urnEnterprise+`"],"externalId":`, p.ExternalID, `,"userName":`, p.UserName,
		`,"active":true,"displayName":`, p.Display, `,"title":`, p.Title,
		`,"preferredLanguage":`, p.Language, `,"locale":`, p.Locale, `,"timezone":`, p.Timezone,
		`,"emails":[{"primary":true,"type":"work","value":`, p.UserName,
		`}],"phoneNumbers":[{"primary":true,"type":"work","value":`, p.Work, `},{"primary":false,"type":"mobile","value":`, p.Mobile,
		`}],"addresses":[{"type":"work","formatted":`, p.Street+"\n"+p.Postcode+" "+p.City, `,"streetAddress":`, p.Street,
		`,"locality":`, p.City, `,"postalCode":`, p.Postcode, `,"country":`, p.Country,
		`,"primary":true}],"meta":{"resourceType":"User"},"name":{"formatted":`, p.Display, `,"familyName":`, p.FamilyName, `,"givenName":`, p.GivenName,
		`},"roles":[],"`+urnEnterprise+`":{"employeeNumber":`, p.Employee, `,"department":`, p.Department, `}}`)
}

// longBody is what a directory says that knows everything: every attribute of
// RFC 7643 that identity providers map, and addresses as long as they get.
func (p Person) longBody() []byte {
	way := p.Street + "\n" + strings.Repeat("Building "+p.Employee+", entrance "+p.Department+"; ", 6) + "\n" + p.Postcode + " " + p.City
	b := compose(4600,
		`{"schemas":["`+urnUser+`","`+urnEnterprise+`"],"externalId":`, p.ExternalID, `,"userName":`, p.UserName,
		`,"active":true,"displayName":`, p.Display, `,"nickName":`, p.GivenName, `,"profileUrl":`, "https://people.example.com/"+p.ExternalID,
		`,"title":`, p.Title, `,"userType":`, "Employee", `,"preferredLanguage":`, p.Language, `,"locale":`, p.Locale, `,"timezone":`, p.Timezone,
		`,"meta":{"resourceType":"User"},"name":{"formatted":`, p.Display, `,"familyName":`, p.FamilyName, `,"givenName":`, p.GivenName,
		`,"middleName":`, p.GivenName, `,"honorificPrefix":`, "Dr.", `,"honorificSuffix":`, "LL.M.",
		`},"roles":[],"`+urnEnterprise+`":{"employeeNumber":`, p.Employee, `,"costCenter":`, "CC-"+p.Employee, `,"organization":`, p.City+" "+p.Country,
		`,"division":`, p.Department+" "+p.Country, `,"department":`, p.Department, `}`)
	b = p.appendValues(b, `,"emails":[`, "", [][2]string{{"work", p.UserName}, {"home", "home." + p.UserName}, {"other", "alias." + p.UserName}})
	b = p.appendValues(b, `,"phoneNumbers":[`, "", [][2]string{{"work", p.Work}, {"mobile", p.Mobile}, {"home", p.Mobile + "1"},
		{"fax", p.Work + "9"}, {"pager", p.Work + "7"}, {"other", p.Work + "5"}})
	b = p.appendValues(b, `,"ims":[`, "", [][2]string{{"xmpp", p.UserName}, {"skype", p.ExternalID}})
	b = p.appendValues(b, `,"photos":[`, "https://people.example.com/", [][2]string{{"photo", p.ExternalID + ".jpg"}, {"thumbnail", p.ExternalID + "-64.jpg"}})
	b = append(b, `,"addresses":[`...)
	for i, kind := range []string{"work", "home", "other"} {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, compose(1200, `{"type":`, kind, `,"formatted":`, way, `,"streetAddress":`, way, `,"locality":`, p.City, `,"region":`, p.City,
			`,"postalCode":`, p.Postcode, `,"country":`, p.Country, `}`)...)
	}
	return append(b, "]}"...)
}

// appendValues appends a multi-valued attribute, the first value as the
// primary one.
func (p Person) appendValues(b []byte, open, prefix string, values [][2]string) []byte {
	b = append(b, open...)
	for i, v := range values {
		literal := `,{"primary":false,"type":`
		if i == 0 {
			literal = `{"primary":true,"type":`
		}
		b = append(b, compose(200, literal, v[0], `,"value":`, prefix+v[1], `}`)...)
	}
	return append(b, ']')
}

// compose writes JSON from literals and strings in turn; the strings are
// quoted. A client shares its cores with the server that it measures: this
// costs a fraction of encoding a struct, and one allocation.
func compose(size int, parts ...string) []byte {
	b := make([]byte, 0, size)
	for i, part := range parts {
		if i%2 == 0 {
			b = append(b, part...)
			continue
		}
		b, _ = jsontext.AppendQuote(b, part) // fails on invalid UTF-8 alone, of which there is none
	}
	return b
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
