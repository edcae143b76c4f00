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

// ReplaceBody returns the JSON of a PATCH that replaces one value.
func ReplaceBody(path, value string) []byte { return patch(replace(path, value)) }
