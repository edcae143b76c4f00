package main

import (
	"bufio"
	"io"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// newLog returns the daemon's logger, which writes to w, and what flushes it.
func newLog(cfg *config, w io.Writer) (log zerolog.Logger, flush func()) {
	zerolog.TimeFieldFormat = "2006-01-02T15:04:05.000Z07:00"
	out := &logWriter{out: bufio.NewWriterSize(w, 32<<10)}
	var sink io.Writer = out
	if cfg.logFormat == "console" {
		sink = levelled{zerolog.ConsoleWriter{Out: out, TimeFormat: "15:04:05.000"}, out}
	}
	return zerolog.New(sink).Level(cfg.logLevel).With().Timestamp().Logger(), out.flush
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
