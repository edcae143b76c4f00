package workspace

import (
	"errors"

	"rosterd/scim"
)

// An Append asks the journal to make commits durable.
type Append struct {
	Workspace ID
	// After is the number of events of the workspace that must be durable
	// before this append; anything else is ErrFence.
	After   uint64
	Commits []Commit // none: a fence, done once After events are durable
	Head    Head     // of the state with the commits applied
	// Done is called exactly once, in append order per workspace, from the
	// journal's goroutine. It must not block.
	Done func(error)
}

// What Do and the journal answer beside refusals (*scim.Error).
var (
	// ErrFence means that an append did not follow the durable events: an
	// earlier append failed, or another process owns the workspace.
	ErrFence = errors.New("workspace: append does not follow the journal")
	// ErrReadOnly means that the store refuses writes while space is short.
	ErrReadOnly = errors.New("workspace: storage is read-only while space is short")
	// ErrTooLarge means that one append is more than a storage transaction takes.
	ErrTooLarge = errors.New("workspace: write too large for one transaction")
	// ErrBusy means that too many commands are in flight; retry later.
	ErrBusy = errors.New("workspace: too many commands in flight")
	// ErrUnavailable means that the command could not be made durable. It may
	// or may not have taken effect: read before retrying.
	ErrUnavailable = errors.New("workspace: unavailable")
	// ErrNotFound means that there is no such workspace.
	ErrNotFound = errors.New("workspace: no such workspace")
)

// Refused reports whether err is a refusal: a rule forbids what was asked, and
// whoever asked is told which.
func Refused(err error) bool {
	var refusal *scim.Error
	return errors.As(err, &refusal)
}
