package persistence

import (
	"reflect"

	"github.com/dgraph-io/badger/v4"
)

// restValueLog has db leave out the sync of its value log, which comes with each
// transaction before the sync of the log that the transaction is in, and reports
// whether it could. Nothing is ever in that file (maxEvent), but a sync of it is a
// flush of the disk even so: a fifth of the time of a transaction. Badger has no
// option for it, so this sets a private field, before anything is written; of a
// Badger that has it no more, nothing changes (docs/adr/0027-value-log.md).
func restValueLog(db *badger.DB) bool {
	v := reflect.ValueOf(db).Elem()
	for _, field := range []string{"vlog", "opt", "SyncWrites"} {
		if v.Kind() != reflect.Struct {
			return false
		}
		v = v.FieldByName(field)
	}
	if v.Kind() != reflect.Bool {
		return false
	}
	*(*bool)(v.Addr().UnsafePointer()) = false
	return true
}
