package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// table prints rows under headings, or each object as a JSON line.
type table struct {
	json bool
	out  io.Writer
	tabs *tabwriter.Writer
	keys []string
}

// newTable begins a table. keys are fields of the objects; headings are their
// names in capitals.
func newTable(cmd *cobra.Command, keys ...string) *table {
	asJSON, _ := cmd.Flags().GetBool("json")
	t := &table{json: asJSON, out: cmd.OutOrStdout(), keys: keys}
	t.tabs = tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	if !asJSON {
		fmt.Fprintln(t.tabs, strings.ToUpper(strings.Join(keys, "\t")))
	}
	return t
}

func (t *table) row(o object) error {
	if t.json {
		_, err := fmt.Fprintf(t.out, "%s\n", o.raw)
		return err
	}
	var cells []string
	for _, key := range t.keys {
		head, rest, nested := strings.Cut(key, ".")
		cell := o.text(head)
		if nested {
			var inner object
			if json.Unmarshal(o.fields[head], &inner) == nil {
				cell = inner.text(rest)
			}
		}
		cells = append(cells, strings.NewReplacer("\t", " ", "\n", " ").Replace(cell))
	}
	_, err := fmt.Fprintln(t.tabs, strings.Join(cells, "\t"))
	return err
}

// show prints one object: JSON for programs, and for people too, since
// settings nest.
func show(cmd *cobra.Command, o object) error {
	out := cmd.OutOrStdout()
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		_, err := fmt.Fprintf(out, "%s\n", o.raw)
		return err
	}
	text, err := json.MarshalIndent(o.raw, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n", text)
	return err
}

// group returns a command that only holds others, which take the flags of the
// admin API's clients.
func group(name, short, example string) *cobra.Command {
	cmd := &cobra.Command{
		Use: name, Short: short, Example: example, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	clientFlags(cmd)
	return cmd
}

func workspaceCommand() *cobra.Command {
	root := group("workspace", "Create, list, show and change workspaces", `  rosterd workspace create acme name="Acme GmbH"
  rosterd workspace set acme plan=enterprise scim.enabled=true
  rosterd workspace show acme`)
	create := &cobra.Command{
		Use:   "create ID [KEY=VALUE]...",
		Short: "Create a workspace",
		Long: `create makes a workspace. Settings are those of the admin API, each as key=value
with dots between the parts of a key and JSON or plain text as value. SCIM answers
once plan, subscription, sso and scim.enabled are as in the example.`,
		Example: `  rosterd workspace create acme name="Acme GmbH" plan=enterprise \
    sso.issuer=https://login.example.com sso.clientId=rosterd scim.enabled=true`,
		Args: atLeast("ID"),
		RunE: func(cmd *cobra.Command, args []string) error { return writeWorkspace(cmd, "POST", args) },
	}
	set := &cobra.Command{
		Use:     "set ID KEY=VALUE...",
		Short:   "Change settings of a workspace; null sets a default again",
		Example: "  rosterd workspace set acme subscription=cancelled scim.graceDays=14",
		Args:    atLeast("ID", "KEY=VALUE"),
		RunE:    func(cmd *cobra.Command, args []string) error { return writeWorkspace(cmd, "PATCH", args) },
	}
	list := &cobra.Command{
		Use: "list", Short: "List workspaces", Example: "  rosterd workspace list", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printList(cmd, "/workspaces", "id", "name", "users.active", "users.inactive", "groupCount", "scimGate", "createdAt")
		},
	}
	one := &cobra.Command{
		Use: "show ID", Short: "Show a workspace's settings and state", Example: "  rosterd workspace show acme", Args: exactly("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			var o object
			if err := c.call(cmd.Context(), "GET", "/workspaces/"+url.PathEscape(args[0]), nil, &o); err != nil {
				return err
			}
			return show(cmd, o)
		},
	}
	root.AddCommand(create, list, one, set)
	return root
}

// atLeast wants so many arguments; the last may be repeated.
func atLeast(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return exactly(names...)(cmd, args)
		}
		return nil
	}
}

func writeWorkspace(cmd *cobra.Command, method string, args []string) error {
	c, err := newClient(cmd)
	if err != nil {
		return err
	}
	settings, err := parseSettings(args[1:])
	if err != nil {
		return err
	}
	path := "/workspaces"
	if method == "POST" {
		settings["id"] = json.RawMessage(quote(args[0]))
		if _, named := settings["name"]; !named {
			settings["name"] = json.RawMessage(quote(args[0]))
		}
	} else {
		path += "/" + url.PathEscape(args[0])
	}
	var o object
	if err := c.call(cmd.Context(), method, path, settings, &o); err != nil {
		return err
	}
	return show(cmd, o)
}

// tree is a JSON object that is being put together, of trees and raw values.
type tree map[string]json.Marshaler

// MarshalJSON writes the tree as a JSON object.
func (t tree) MarshalJSON() ([]byte, error) { return json.Marshal(map[string]json.Marshaler(t)) }

// parseSettings reads key=value arguments into nested objects.
func parseSettings(args []string) (tree, error) {
	out := tree{}
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		if !ok || key == "" {
			return nil, usagef("%q: write key=value", arg)
		}
		at := out
		parts := strings.Split(key, ".")
		for _, part := range parts[:len(parts)-1] {
			inner, ok := at[part].(tree)
			if !ok {
				inner = tree{}
				at[part] = inner
			}
			at = inner
		}
		raw := json.RawMessage(value)
		if !json.Valid(raw) {
			raw = json.RawMessage(quote(value))
		}
		at[parts[len(parts)-1]] = raw
	}
	return out, nil
}

func quote(s string) string {
	b, _ := json.Marshal(s) // a string always has a JSON form
	return string(b)
}

func printList(cmd *cobra.Command, path string, keys ...string) error {
	c, err := newClient(cmd)
	if err != nil {
		return err
	}
	t := newTable(cmd, keys...)
	if err := c.list(cmd.Context(), path, t.row); err != nil {
		return err
	}
	return t.tabs.Flush()
}

func tokenCommand() *cobra.Command {
	root := group("token", "Create, list and revoke tokens of a workspace", `  rosterd token create acme --name entra
  rosterd token list acme`)
	var name, connection, expires string
	var scopes []string
	create := &cobra.Command{
		Use:     "create WORKSPACE",
		Short:   "Create a token; its text is printed this once",
		Example: "  rosterd token create acme --name entra",
		Args:    exactly("WORKSPACE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			body := struct {
				Name       string   `json:"name"`
				Connection string   `json:"connection"`
				Scopes     []string `json:"scopes"`
				ExpiresAt  string   `json:"expiresAt,omitempty"`
			}{name, connection, scopes, expires}
			var o object
			if err := c.call(cmd.Context(), "POST", "/workspaces/"+url.PathEscape(args[0])+"/tokens", body, &o); err != nil {
				return err
			}
			return show(cmd, o)
		},
	}
	create.Flags().StringVar(&name, "name", "token", "what to call the token")
	create.Flags().StringVar(&connection, "connection", "default", "the connection it belongs to")
	create.Flags().StringSliceVar(&scopes, "scopes", []string{"read", "write"}, "read, write")
	create.Flags().StringVar(&expires, "expires", "", "instant such as 2027-01-01T00:00:00Z")
	list := &cobra.Command{
		Use: "list WORKSPACE", Short: "List tokens", Example: "  rosterd token list acme", Args: exactly("WORKSPACE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return printList(cmd, "/workspaces/"+url.PathEscape(args[0])+"/tokens", "id", "name", "connection", "scopes", "createdAt", "expiresAt", "lastUsedAt")
		},
	}
	revoke := &cobra.Command{
		Use: "revoke WORKSPACE ID", Short: "Revoke a token at once", Example: "  rosterd token revoke acme tok_0123456789ab",
		Args: exactly("WORKSPACE", "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			return c.call(cmd.Context(), "DELETE", "/workspaces/"+url.PathEscape(args[0])+"/tokens/"+url.PathEscape(args[1]), nil, nil)
		},
	}
	root.AddCommand(create, list, revoke)
	return root
}

func logCommand() *cobra.Command {
	var user, kind string
	var follow bool
	cmd := &cobra.Command{
		Use:   "log WORKSPACE",
		Short: "Print the provisioning log of a workspace, newest last",
		Example: `  rosterd log acme --kind request.refused
  rosterd log acme --follow`,
		Args: exactly("WORKSPACE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			query := url.Values{}
			if user != "" {
				query.Set("user", user)
			}
			if kind != "" {
				query.Set("kind", kind)
			}
			path := "/workspaces/" + url.PathEscape(args[0]) + "/log?" + query.Encode()
			if follow {
				return followLog(cmd, path)
			}
			return printList(cmd, path, "seq", "at", "kind", "connection", "subject.name", "detail")
		},
	}
	clientFlags(cmd)
	cmd.Flags().StringVar(&user, "user", "", "only what happened to the user with this id")
	cmd.Flags().StringVar(&kind, "kind", "", "only entries of a kind such as user.created")
	cmd.Flags().BoolVar(&follow, "follow", false, "go on with what happens from now, until Ctrl-C")
	return cmd
}

func backupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "backup FILE",
		Short:   "Write a consistent backup of the running daemon to a new file",
		Example: "  rosterd backup /backups/rosterd-monday.backup",
		Args:    exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			return writeBackup(cmd, c, args[0])
		},
	}
	clientFlags(cmd)
	return cmd
}

// writeBackup streams a backup into a new file. What is not whole is removed.
func writeBackup(cmd *cobra.Command, c *adminClient, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	size := int64(0)
	if err = c.backup(cmd.Context(), f); err == nil {
		size, err = f.Seek(0, io.SeekCurrent)
	}
	err = cmp.Or(err, f.Sync(), f.Close())
	if err != nil {
		_ = os.Remove(path) // the error that is told is the reason
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d bytes in %s\n", size, path)
	return err
}
