package play

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// BulkBody returns the JSON of a POST to /Bulk that creates these people.
func BulkBody(people []Person) []byte {
	body := bulkBody{Schemas: []string{urnBulk}, Operations: make([]bulkOperation, len(people))}
	for i, p := range people {
		body.Operations[i] = bulkOperation{Method: http.MethodPost, Path: "/Users", BulkID: strconv.Itoa(i), Data: jsontext.Value(p.Body())}
	}
	return encode(body)
}

// ReplaceBody returns the JSON of a PATCH that replaces one value, as Entra ID
// writes it.
func ReplaceBody(path, value string) []byte { return patch(replace(path, value)) }

// SetBody returns the JSON of a PATCH that replaces one value, as RFC 7644 section
// 3.5.2.3 has it: no server has to tolerate anything of it.
func SetBody(path string, value any) []byte {
	return patch(operation{Op: "replace", Path: path, Value: value})
}
