package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"rosterd/bench/play"
)

// A daemon is a rosterd that bench builds, starts and stops, with a data
// directory of its own.
type daemon struct {
	*process
	program string
	dir     string   // holds the data directory and the logs
	flags   []string // beside those for addresses and data
}

// buildDaemon returns the path of a rosterd: the given one, or one built into
// dir from the module that bench is run in.
func buildDaemon(ctx context.Context, given, dir string) (string, error) {
	if given != "" {
		return filepath.Abs(given)
	}
	program := filepath.Join(dir, "rosterd")
	output, err := exec.CommandContext(ctx, "go", "build", "-o", program, "rosterd/cmd/rosterd").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build rosterd: %w\n%s", err, strings.TrimSpace(string(output)))
	}
	return program, nil
}

// startDaemon starts the program on what its data directory in dir holds.
func startDaemon(ctx context.Context, program, dir string, flags ...string) (*daemon, error) {
	p, err := startProcess(ctx, dir, program, append([]string{"serve", "--listen", "127.0.0.1:0", "--metrics-listen", "",
		"--data", filepath.Join(dir, "data")}, flags...)...)
	if err != nil {
		return nil, err
	}
	return &daemon{process: p, program: program, dir: dir, flags: flags}, nil
}

// restart starts the program again on the same data, after it has ended.
func (d *daemon) restart(ctx context.Context) error {
	again, err := startDaemon(ctx, d.program, d.dir, d.flags...)
	if err != nil {
		return err
	}
	d.process = again.process
	return nil
}

// operatorToken returns the token that the daemon has generated.
func (d *daemon) operatorToken() (string, error) {
	text, err := os.ReadFile(filepath.Join(d.dir, "data", "operator-token"))
	return strings.TrimSpace(string(text)), err
}

// admin returns a client of the admin API of the daemon as it runs now.
func (d *daemon) admin() (*play.Admin, error) {
	operator, err := d.operatorToken()
	if err != nil {
		return nil, err
	}
	return play.NewAdmin(d.url, operator), nil
}

// openWorkspace creates a workspace that meets every requirement of SCIM, with
// so many seats, and returns a token for it.
func (d *daemon) openWorkspace(id string, seats int) (token string, err error) {
	admin, err := d.admin()
	if err != nil {
		return "", err
	}
	defer admin.Close()
	return openWorkspace(admin, id, seats)
}

func openWorkspace(admin *play.Admin, id string, seats int) (token string, err error) {
	w := play.EnterpriseWorkspace(id, "Bench", seats)
	w.SSO.Issuer = play.Unanswered
	if err := admin.CreateWorkspace(w); err != nil {
		return "", err
	}
	return admin.CreateToken(id, "default", "bench")
}

// client returns a SCIM client of the daemon as it runs now.
func (d *daemon) client(token string, connections int) *play.Client {
	return play.NewClient(d.url+"/scim/v2", token, connections)
}
