package scim

import "time"

// DefaultMaxLen bounds a string attribute, in bytes.
const DefaultMaxLen = 4096

// Limits bound what one request may cost. What a client must know of them is
// in ServiceProviderConfig.
type Limits struct {
	Depth         int // levels of nesting of a body
	Values        int // values in a body, each with its parts; a bulk is one body
	Operations    int // operations of a PATCH
	FilterBytes   int // length of a filter
	FilterClauses int // comparisons in a filter
	PageDefault   int // resources in a page without count
	PageMax       int // the most resources in a page
	PageBytes     int // length of a page of several resources
	// PageWait is how long a client may wait before it asks for the next page
	// of a list; whole seconds.
	PageWait time.Duration

	BulkOperations int // operations of a bulk
	BulkBytes      int // length of the body of a bulk
}

// DefaultLimits are the limits of the daemon.
var DefaultLimits = Limits{
	Depth: 16, Values: 500_000, Operations: 5000, FilterBytes: 8192, FilterClauses: 64, PageDefault: 100, PageMax: 1000, PageBytes: 64 << 20,
	PageWait:       10 * time.Minute,
	BulkOperations: 1000, BulkBytes: 16 << 20,
}
