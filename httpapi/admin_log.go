package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"rosterd/scim"
	"rosterd/workspace"
)

// heartbeat is how often a stream without news says that it lives, so that
// proxies do not cut it and a client that has gone is noticed.
const heartbeat = 15 * time.Second

// A logQuery says which entries of the log to show.
type logQuery struct {
	after      uint64
	user, kind string // empty: all
}

func (q logQuery) matches(e workspace.LogEntry) bool {
	return (q.user == "" || e.SubjectType == "User" && e.SubjectID == q.user) && (q.kind == "" || e.Kind == q.kind)
}

// logScan bounds the events that one request looks at: a filter that finds
// little must not read a whole journal.
const logScan = 50_000

func (s *Server) readLog(x *exchange) {
	limit, err := x.limit()
	after := uint64(0)
	if text := x.query("after"); err == nil && text != "" {
		var fault error
		if after, fault = strconv.ParseUint(text, 10, 64); fault != nil {
			err = scim.Errorf(400, "", "after: %q is no sequence number", text)
		}
	}
	q := logQuery{after: after, user: x.query("user"), kind: x.query("kind")}
	if _, ok := workspace.ParseResourceID(q.user); err == nil && q.user != "" && !ok {
		err = scim.Errorf(400, "", "user: %q is no id; GET users?query= finds it by name", q.user)
	}
	if err == nil && q.kind != "" && !slices.Contains(workspace.LogKinds, q.kind) {
		err = scim.Errorf(400, "", "kind: %q is none of %s", q.kind, strings.Join(workspace.LogKinds, ", "))
	}
	switch {
	case err != nil:
		x.refuse(err)
	case !x.open():
	case x.wantsEvents():
		x.followLog(q)
	default:
		s.sendLog(x, q, limit)
	}
}

// sendLog answers with one page of the log.
func (s *Server) sendLog(x *exchange, q logQuery, limit int) {
	after := q.after
	body := []byte(`{"items":[`)
	n, seen, last := 0, 0, after
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	fault := s.cfg.Store.ReadLog(ctx, x.ws, after, func(seq uint64, env workspace.Envelope, ev workspace.Event) bool {
		last, seen = seq, seen+1
		e, logged := workspace.Entry(seq, env, ev)
		if logged && q.matches(e) {
			if n > 0 {
				body = append(body, ',')
			}
			body = e.AppendJSON(body)
			n++
		}
		return n < limit && seen < logScan
	})
	if fault != nil {
		x.fail(fault)
		return
	}
	next := ""
	if n == limit || seen == logScan {
		next = strconv.FormatUint(last, 10)
	}
	body = append(body, `],"next":`...)
	x.send(200, plainJSON, append(scim.AppendValue(body, optional(next)), '}'))
}

// wantsEvents reports whether the client asks for server-sent events.
func (x *exchange) wantsEvents() bool {
	return bytes.Contains(x.ctx.Request.Header.Peek("Accept"), []byte("text/event-stream"))
}

// followLog sends the log's entries as server-sent events, those that there
// are and those that come. A client that was cut off goes on behind
// Last-Event-ID.
func (x *exchange) followLog(q logQuery) {
	if last := string(x.ctx.Request.Header.Peek("Last-Event-ID")); last != "" {
		seq, err := strconv.ParseUint(last, 10, 64)
		if err != nil {
			x.refuse(scim.Errorf(400, scim.InvalidValue, "Last-Event-ID: %q is no id of an entry; send none to begin with the oldest", last))
			return
		}
		q.after = seq
	}
	x.ctx.Response.Header.Set("Cache-Control", "no-store")
	x.stream("text/event-stream", func(w io.Writer) error { return x.follow(q, w) })
}

// follow writes events until the client or the server goes.
func (x *exchange) follow(q logQuery, w io.Writer) error {
	for {
		v, news, err := x.s.cfg.Workspaces.Watch(x.ctx, x.ws)
		if err != nil {
			return err
		}
		if err := x.writeEvents(&q, v.Seq(), w); err != nil {
			return err
		}
		beat := time.NewTimer(heartbeat)
		select {
		case <-news:
		case <-x.ctx.Done():
			beat.Stop()
			return nil
		case <-beat.C:
			_, err = io.WriteString(w, ": \n\n") // a comment, which clients skip
		}
		beat.Stop()
		if err != nil {
			return err
		}
	}
}

// writeEvents writes the entries after q.after that are in the log, and leaves
// q.after behind the last event that it looked at.
func (x *exchange) writeEvents(q *logQuery, upTo uint64, w io.Writer) error {
	if q.after >= upTo {
		return nil
	}
	out := bufio.NewWriterSize(w, streamChunk)
	var failed error
	err := x.s.cfg.Store.ReadLog(x.ctx, x.ws, q.after, func(seq uint64, env workspace.Envelope, ev workspace.Event) bool {
		q.after = seq
		e, logged := workspace.Entry(seq, env, ev)
		if !logged || !q.matches(e) {
			return true
		}
		event := strconv.AppendUint([]byte("id: "), seq, 10)
		event = append(append(append(event, "\nevent: "...), e.Kind...), "\ndata: "...)
		_, failed = out.Write(append(e.AppendJSON(event), "\n\n"...))
		return failed == nil
	})
	return errors.Join(failed, err, out.Flush())
}
