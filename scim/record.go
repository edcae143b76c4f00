package scim

// A Record is an Object of one resource type in its compact encoding. It is
// immutable: readers share it without a copy.
type Record []byte
