// Package scim is SCIM 2.0 (RFC 7643, RFC 7644) as pure code: the values of
// its JSON model, the schemas as data, decoding, validation, encoding,
// projection, protocol errors and limits. It holds no clock, no I/O and no
// goroutine, and imports nothing else of this module.
//
// A request body travels Decode → Normalize → Object; an Object at rest is a
// Record, its compact encoding; an answer is written from a Resource, which
// is a Record and the attributes that the server computes.
package scim
