package persistence

import (
	"reflect"

	"github.com/dgraph-io/badger/v4"
)

// syncsValueLog is where db keeps whether it syncs its value log with each
// transaction, or nil if this Badger keeps it somewhere else. That sync comes before
// the one of the log that the transaction is in, and Badger has no option for it
// alone. Nothing is ever in that file (writer.write), but to sync it is a flush of
// the disk even so: a fifth of the time of a transaction
// (docs/adr/0027-value-log.md).
func syncsValueLog(db *badger.DB) *bool {
	v := reflect.ValueOf(db).Elem()
	for _, field := range []string{"vlog", "opt", "SyncWrites"} {
		if v.Kind() != reflect.Struct {
			return nil
		}
		v = v.FieldByName(field)
	}
	if v.Kind() != reflect.Bool {
		return nil
	}
	return (*bool)(v.Addr().UnsafePointer())
}
