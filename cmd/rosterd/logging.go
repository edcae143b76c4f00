package main

import (
	"bufio"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// newLog returns the daemon's logger, which writes to w, and what flushes it.
func newLog(cfg *config, w io.Writer) (log zerolog.Logger, flush func()) {
	zerolog.TimeFieldFormat = logTime
	out := &logWriter{out: bufio.NewWriterSize(w, 32<<10)}
	var sink io.Writer = out
	if cfg.logFormat == "console" {
		sink = levelled{zerolog.ConsoleWriter{Out: out, TimeFormat: "15:04:05.000"}, out}
	}
	return zerolog.New(sink).Level(cfg.logLevel).Hook(new(stamper)), out.flush
}

const logTime = "2006-01-02T15:04:05.000Z07:00"

// A stamper adds the time to each line, as zerolog's own does in the format
// logTime. All but the milliseconds is the same for a second, and is kept: the
// access log has many lines in one.
type stamper struct{ second atomic.Pointer[stamp] }

// A stamp is the time of a second, in quotes, and where its milliseconds are.
type stamp struct {
	unix int64
	text string
}

const stampMillis = len(`"2006-01-02T15:04:05.`)

// Run implements zerolog.Hook.
func (s *stamper) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	now := time.Now()
	is := s.second.Load()
	if is == nil || is.unix != now.Unix() {
		is = &stamp{now.Unix(), now.Format(`"` + logTime + `"`)}
		s.second.Store(is)
	}
	var room [40]byte
	text := append(room[:0], is.text...)
	ms := now.Nanosecond() / 1e6
	text[stampMillis], text[stampMillis+1], text[stampMillis+2] = byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10)
	e.RawJSON(zerolog.TimestampFieldName, text)
}

// A logWriter spares a busy daemon a system call for each line of the access
// log. A line leaves at once if none has for flushEvery, or if it is a warning
// or worse; others wait for at most flushEvery.
type logWriter struct {
	mu      sync.Mutex
	out     *bufio.Writer // guarded by mu
	flushed time.Time     // guarded by mu
	timer   *time.Timer   // guarded by mu; set while lines wait
}

const flushEvery = 50 * time.Millisecond

// Write implements io.Writer for lines without a level.
func (l *logWriter) Write(p []byte) (int, error) { return l.WriteLevel(zerolog.NoLevel, p) }

// WriteLevel implements zerolog.LevelWriter.
func (l *logWriter) WriteLevel(level zerolog.Level, p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.out.Write(p)
	switch {
	case err != nil:
	case level >= zerolog.WarnLevel && level < zerolog.NoLevel || time.Since(l.flushed) >= flushEvery:
		err = l.flushLocked()
	case l.timer == nil:
		l.timer = time.AfterFunc(flushEvery, l.flush)
	}
	return n, err
}

// flush writes out what waits. A log that cannot be written has nowhere to say
// so.
func (l *logWriter) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.flushLocked()
}

func (l *logWriter) flushLocked() error {
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	l.flushed = time.Now()
	return l.out.Flush()
}

// levelled formats lines for people and lets warnings through at once.
type levelled struct {
	zerolog.ConsoleWriter
	out *logWriter
}

// WriteLevel implements zerolog.LevelWriter.
func (l levelled) WriteLevel(level zerolog.Level, p []byte) (int, error) {
	n, err := l.Write(p)
	if level >= zerolog.WarnLevel {
		l.out.flush()
	}
	return n, err
}
