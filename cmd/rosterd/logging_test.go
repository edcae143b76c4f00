package main

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// TestLogTime: a line says when it was written, to the millisecond.
func TestLogTime(t *testing.T) {
	var out bytes.Buffer
	log, flush := newLog(&config{logFormat: "json", logLevel: zerolog.InfoLevel}, &out)
	for range 3 { // the first makes what the others keep
		out.Reset()
		before := time.Now().Truncate(time.Millisecond)
		log.Info().Msg("ready")
		flush()
		after := time.Now()
		var line struct{ Time, Message string }
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(logTime, line.Time)
		if err != nil || at.Before(before) || at.After(after) || line.Message != "ready" || len(line.Time) < len("2006-01-02T15:04:05.000Z") {
			t.Errorf("%s: between %v and %v: %v", out.Bytes(), before, after, err)
		}
	}
	if n := testing.AllocsPerRun(100, func() { log.Info().Str("request", "r1").Int("status", 200).Msg("request") }); n > 0.5 {
		t.Errorf("a line makes %v pieces of garbage", n)
	}
}
