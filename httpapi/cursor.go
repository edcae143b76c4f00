package httpapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"rosterd/scim"
	"rosterd/workspace"
)

// A cursor is where a walk through a list goes on (RFC 9865). It travels with
// the client, so that walks in order of creation keep nothing here and go on
// after a restart.
//
//	cursor  = base64url(seal fields)
//	seal    = the first 16 bytes of HMAC-SHA256(CursorKey, context fields)
//	fields  = expires count total of from until walk next, a uvarint each but
//	          for the ids from and until, which have 16 bytes
//	context = version, workspace, connection and query, each behind its length
//
// The context binds it to who asks and what for: a cursor of another workspace,
// connection or query is as good as one that was made up. Tokens of one
// connection share theirs, so that rotation breaks no walk.
type cursor struct {
	expires time.Time // in seconds
	count   int       // of every page
	total   int       // of the first page
	from    workspace.Position
	until   workspace.ResourceID // the newest id when the walk began

	// Of a sorted walk: its number, and the place in its list.
	walk uint64
	next int
}

// cursorVersion is raised when fields change their meaning.
const cursorVersion = 1

const sealSize = 16

// seal returns c as text, valid from now on for as long as a page may wait.
func (x *exchange) seal(q *listRequest, c cursor) string {
	expires := x.s.cfg.Now().Add(x.s.cfg.Limits.PageWait)
	b := make([]byte, sealSize, 96)
	for _, n := range []uint64{uint64(expires.Unix()), uint64(c.count), uint64(c.total), uint64(c.from.Of)} {
		b = binary.AppendUvarint(b, n)
	}
	b = append(append(b, c.from.ID[:]...), c.until[:]...)
	b = binary.AppendUvarint(binary.AppendUvarint(b, c.walk), uint64(c.next))
	copy(b, x.sealOf(q, b[sealSize:]))
	return base64.RawURLEncoding.EncodeToString(b)
}

// unseal reads the cursor of q. All that is not ours is refused in the same
// words.
func (x *exchange) unseal(q *listRequest) (c cursor, err *scim.Error) {
	b, bad := base64.RawURLEncoding.DecodeString(*q.cursor)
	if bad != nil || len(b) < sealSize || !hmac.Equal(b[:sealSize], x.sealOf(q, b[sealSize:])) {
		return c, scim.Errorf(400, scim.InvalidCursor, "this is no cursor of this list; send nextCursor as it was answered, with the same filter, sortBy and sortOrder, or an empty cursor for the first page")
	}
	f := fields(b[sealSize:])
	c.expires = time.Unix(int64(f.number()), 0)
	c.count, c.total, c.from.Of = int(f.number()), int(f.number()), int(f.number())
	c.from.ID, c.until = f.id(), f.id()
	c.walk, c.next = f.number(), int(f.number())
	switch {
	case !x.s.cfg.Now().Before(c.expires):
		return c, scim.Errorf(400, scim.ExpiredCursor, "the cursor has expired: a page may wait %d seconds for the next; begin again with an empty cursor", int(x.s.cfg.Limits.PageWait.Seconds()))
	case q.counted && q.count != c.count:
		return c, scim.Errorf(400, scim.InvalidCount, "count: the first page was asked with %d; all pages of a walk have the same", c.count)
	}
	return c, nil
}

// sealOf returns the seal of fields in the context of q.
func (x *exchange) sealOf(q *listRequest, fields []byte) []byte {
	mac := hmac.New(sha256.New, x.s.cfg.CursorKey[:])
	context := []byte{cursorVersion}
	for _, part := range []string{string(x.ws), x.conn.ID, q.text} {
		context = append(binary.AppendUvarint(context, uint64(len(part))), part...)
	}
	mac.Write(context) // never fails (hash.Hash)
	mac.Write(fields)
	return mac.Sum(nil)[:sealSize]
}

// fields reads what seal wrote. Its seal was checked, so it is whole.
type fields []byte

func (f *fields) number() uint64 {
	n, size := binary.Uvarint(*f)
	*f = (*f)[size:]
	return n
}

func (f *fields) id() (id workspace.ResourceID) {
	*f = (*f)[copy(id[:], *f):]
	return id
}
