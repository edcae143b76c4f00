package scim

import "fmt"

// An ErrorType is a scimType of RFC 7644 section 3.12, table 9, or of RFC 9865,
// or empty.
type ErrorType string

// The scimTypes of RFC 7644 table 9.
const (
	InvalidFilter   ErrorType = "invalidFilter"
	TooMany         ErrorType = "tooMany"
	Uniqueness      ErrorType = "uniqueness"
	MutabilityError ErrorType = "mutability"
	InvalidSyntax   ErrorType = "invalidSyntax"
	InvalidPath     ErrorType = "invalidPath"
	NoTarget        ErrorType = "noTarget"
	InvalidValue    ErrorType = "invalidValue"
	InvalidVers     ErrorType = "invalidVers"
	Sensitive       ErrorType = "sensitive"
)

// The scimTypes that RFC 9865 section 2.1 adds for pages.
const (
	InvalidCursor ErrorType = "invalidCursor"
	ExpiredCursor ErrorType = "expiredCursor"
	InvalidCount  ErrorType = "invalidCount"
)

// An Error is a refusal as RFC 7644 section 3.12 writes it. It is the only
// error whose text reaches a client; anything else is answered as a bare 500
// and its text stays in the log. Detail is one sentence that an admin of the
// identity provider can act on: it names the attribute, what was sent and
// what is allowed.
type Error struct {
	Status int // HTTP status
	Type   ErrorType
	Detail string
}

// Error returns status, scimType and detail in one line.
func (e *Error) Error() string {
	if e.Type == "" {
		return fmt.Sprintf("%d: %s", e.Status, e.Detail)
	}
	return fmt.Sprintf("%d %s: %s", e.Status, e.Type, e.Detail)
}

// Errorf returns a refusal with a formatted Detail.
func Errorf(status int, t ErrorType, format string, args ...any) *Error {
	return &Error{Status: status, Type: t, Detail: fmt.Sprintf(format, args...)}
}
