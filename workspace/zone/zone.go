// Package zone holds the time zones of the IANA database as of one release.
//
// time.LoadLocation asks the machine first: ZONEINFO, then folders of the
// system. A journal must mean the same wherever it is replayed, so the zones
// are part of the binary, and nothing else is asked.
//
// zoneinfo.zip is the file of that name in Go's lib/time, which says how it is
// made. A newer one may change the future of a zone, and adds names; names are
// never taken away.
package zone

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"time"
)

//go:generate sh -c "cp $(go env GOROOT)/lib/time/zoneinfo.zip zoneinfo.zip"

//go:embed zoneinfo.zip
var database []byte

// files finds the file of a zone by its name.
var files = open()

func open() map[string]*zip.File {
	r, err := zip.NewReader(bytes.NewReader(database), int64(len(database)))
	if err != nil { // the binary was built with something else
		panic("zone: zoneinfo.zip: " + err.Error())
	}
	out := make(map[string]*zip.File, len(r.File))
	for _, f := range r.File {
		if !f.FileInfo().IsDir() {
			out[f.Name] = f
		}
	}
	return out
}

// ErrUnknown means that the database has no zone of that name.
var ErrUnknown = errors.New("zone: there is no such time zone")

// Load returns the zone with an IANA name such as Europe/Berlin. The error is
// ErrUnknown.
func Load(name string) (*time.Location, error) {
	if name == "UTC" {
		return time.UTC, nil
	}
	f, ok := files[name]
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrUnknown, name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("zone %s: %w", name, err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("zone %s: %w", name, err)
	}
	return time.LoadLocationFromTZData(name, data)
}
