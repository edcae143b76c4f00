// Package workspace is the state machine of one workspace (tenant): its
// users, groups, roles, teams, memberships, connections, tokens and settings.
// It is pure and deterministic: time, ids and secrets are arguments, and the
// same commits always give the same state.
//
// # The machine
//
// A Command asks for a change. State.Execute decides it against the newest
// state, which gives events or a refusal (*scim.Error), and folds the events
// in. Deciding reads only; Apply cannot fail, it asserts. Events record
// outcomes: a UserChanged holds the document that resulted, never the PATCH
// that made it, so that a later change of PATCH semantics cannot rewrite
// history.
//
// # Reading
//
// State.View freezes the state in O(1): what it can see is copied on write, so
// it never changes and any number of goroutines may read it while the owner of
// the State goes on. Whoever drives the machine takes a View when it
// hands events to the journal and publishes it when they are durable.
//
// # Memory
//
// Users and groups carry an ordinal in order of creation, and are in arrays by it
// (table.go). Names, addresses and external ids are not
// stored twice: an index holds a hash and an ordinal in eight bytes, and
// whoever looks up verifies on the record (index.go). A user at rest is one
// piece of memory without a pointer in it (packed.go), and is unpacked by
// whoever looks; the document stays in its compact encoding (scim.Record).
//
// # Where to find what
//
//   - matching, adoption, re-hire (M6, product.md section 3): match.go
//   - roles, held memberships, sources: member.go, role.go
//   - the enterprise gate (M3): gate.go
//   - lists and orders: query.go, sort.go; which filters an index serves: plan.go
//   - the provisioning log (M15): log.go
package workspace
