package persistence

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"rosterd/scim"
	"rosterd/workspace"
)

// Dump writes the journal as JSON lines, one event each, oldest first: of one
// workspace, or of all in order of id where ws is empty. A line is the
// provisioning log's, with the event's name, the actor, and the document that
// a user's event holds. A workspace that is not there is an error.
func (s *Store) Dump(w io.Writer, ws workspace.ID) error {
	out := bufio.NewWriter(w)
	heads, err := s.Heads("", 0)
	if err != nil {
		return err
	}
	if ws != "" {
		heads = slices.DeleteFunc(heads, func(h workspace.Head) bool { return h.ID != ws })
		if len(heads) == 0 {
			return fmt.Errorf("there is no workspace %q", ws)
		}
	}
	for _, h := range heads {
		err := s.ReadLog(context.Background(), h.ID, 0, func(seq uint64, env workspace.Envelope, ev workspace.Event) bool {
			_, err := out.Write(append(dumpLine(h.ID, seq, env, ev), '\n'))
			return err == nil
		})
		if err != nil {
			return err
		}
	}
	return out.Flush()
}

var actors = map[workspace.ActorKind]string{
	workspace.ActorSystem: "system", workspace.ActorOperator: "operator", workspace.ActorToken: "token",
}

func dumpLine(ws workspace.ID, seq uint64, env workspace.Envelope, ev workspace.Event) []byte {
	entry, logged := workspace.Entry(seq, env, ev)
	head := scim.Object{
		{Name: "workspace", Value: scim.Text(string(ws))},
		{Name: "event", Value: scim.Text(strings.TrimPrefix(reflect.TypeOf(ev).String(), "workspace."))},
		{Name: "actor", Value: scim.Text(actors[env.Actor])},
	}
	if env.Token != "" {
		head = append(head, scim.Attr{Name: "token", Value: scim.Text(env.Token)})
	}
	if doc := document(ev); doc != nil {
		head = append(head, scim.Attr{Name: "document", Value: scim.ObjectOf(doc...)})
	}
	if !logged {
		entry = workspace.LogEntry{Seq: seq, At: env.At, RequestID: env.RequestID, Connection: env.Connection}
	}
	line := scim.AppendObject(nil, head)
	return append(append(line[:len(line)-1], ','), entry.AppendJSON(nil)[1:]...)
}

// document returns the attributes that a user's event holds.
func document(ev workspace.Event) scim.Object {
	var record scim.Record
	switch ev := ev.(type) {
	case workspace.UserCreated:
		record = ev.Record
	case workspace.UserChanged:
		record = ev.Record
	}
	doc, err := record.Object(scim.User)
	if err != nil {
		return nil
	}
	return doc
}
