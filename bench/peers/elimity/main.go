// Command elimity is a peer that bench compares the daemon with: the SCIM
// library elimity-com/scim behind net/http, as its README shows it, with
// handlers that keep everything in maps and find userName and displayName by
// an index. It is a module of its own, so that what it needs is no matter of
// ours.
//
// It listens on a free port of loopback, prints a ready line, and ends with
// SIGTERM.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/elimity-com/scim"
	"github.com/elimity-com/scim/schema"
)

const library = "github.com/elimity-com/scim"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "elimity:", err)
		os.Exit(1)
	}
}

// serve answers until ctx ends.
func serve(ctx context.Context) error {
	handler, err := newServer()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.StripPrefix("/scim", handler)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	if err := printReady("http://" + listener.Addr().String() + "/scim/v2"); err != nil {
		return err
	}
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	if err := server.Shutdown(context.Background()); err != nil {
		return err
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func newServer() (scim.Server, error) {
	schema.SetAllowStringValues(true) // Entra ID sends active as a string
	user, group, enterprise := schema.CoreUserSchema(), schema.CoreGroupSchema(), schema.ExtensionEnterpriseUser()
	return scim.NewServer(&scim.ServerArgs{
		ServiceProviderConfig: &scim.ServiceProviderConfig{SupportFiltering: true, SupportPatch: true},
		ResourceTypes: []scim.ResourceType{
			{
				Name: "User", Endpoint: "/Users", Schema: user, SchemaExtensions: []scim.SchemaExtension{{Schema: enterprise}},
				Handler: newStore("userName", true, user, enterprise),
			},
			{Name: "Group", Endpoint: "/Groups", Schema: group, Handler: newStore("displayName", false, group)},
		},
	})
}

// printReady says where the peer listens, what it is and what it keeps its
// resources in.
func printReady(url string) error {
	return json.NewEncoder(os.Stdout).Encode(struct {
		Message string `json:"message"`
		URL     string `json:"url"` // SCIM base
		Name    string `json:"name"`
		Version string `json:"version"`
		Runtime string `json:"runtime"`
		Storage string `json:"storage"`
	}{"ready", url, library, version(), runtime.Version(), "memory"})
}

// version reads from the program itself which version of the library is in it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == library {
				return module.Version
			}
		}
	}
	return "unknown"
}
