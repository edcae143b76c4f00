package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"rosterd/bench/play"
)

// A demo is the product in one command.
type demo struct {
	people    int
	dir       string
	papers    string // where invoices are saved
	temporary bool   // dir is removed at the end
	exit      bool
	out       io.Writer
	d         *daemon
	token     string // operator token
}

func demoCommand() *cobra.Command {
	var dm demo
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the product at work, nothing to set up",
		Long: `demo starts the daemon on an embedded store, creates the workspace acme, and plays the
first cycle of an Entra ID provisioning job against its own HTTP endpoint: 2,000
people, 12 teams and 3 roles. 1,500 seats are purchased; the others are booked, and
one invoice is made for them when the window of bookings closes, thirty minutes after
the first. Then it says what happened, and what to try, and counts down to the
invoice. It keeps serving until Ctrl-C.`,
		Example: `  rosterd demo
  rosterd demo --people 500 --exit
  rosterd demo --data ./demo-data`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dm.people < 1 || dm.people > 1_000_000 {
				return usagef("people: write 1 to 1000000")
			}
			dm.out = cmd.OutOrStdout()
			return dm.run(cmd.Context())
		},
	}
	cmd.Flags().IntVar(&dm.people, "people", 2000, "people to provision")
	cmd.Flags().StringVar(&dm.dir, "data", "", "keep the data in this directory (default: a temporary one, removed at exit)")
	cmd.Flags().BoolVar(&dm.exit, "exit", false, "end after the import, with the invoice, instead of serving on")
	return cmd
}

const (
	demoWorkspace = "acme"
	demoSeed      = 1
	demoTeams     = 12
	demoRoles     = 3
	demoSeats     = 1500
	demoClients   = 16 // connections of the made-up identity provider
)

func (dm *demo) run(ctx context.Context) (err error) {
	if dm.dir == "" {
		dm.temporary = true
		if dm.dir, err = os.MkdirTemp("", "rosterd-demo-"); err != nil {
			return err
		}
		defer os.RemoveAll(dm.dir)
		dm.papers = dm.dir + "-invoices"
	} else {
		dm.papers = strings.TrimRight(dm.dir, "/") + "-invoices"
	}
	if err := dm.start(); err != nil {
		return err
	}
	defer func() {
		if e := dm.d.stop(); err == nil {
			err = e
		}
	}()
	token, err := dm.prepare()
	if err != nil {
		return err
	}
	if err := dm.play(ctx, token); err != nil {
		return err
	}
	if err := dm.report(); err != nil {
		return err
	}
	if dm.exit {
		if err := errors.Join(dm.closeWindow(ctx), dm.showInvoices(ctx)); err != nil {
			return err
		}
		dm.farewell(token)
		return nil
	}
	dm.invite(token)
	if dm.countdown(ctx) {
		if err := dm.showInvoices(ctx); err != nil {
			return err
		}
	}
	return dm.d.wait(ctx)
}

// start brings the daemon up on its usual port, or on a free one if that is
// busy.
func (dm *demo) start() error {
	cfg, _, err := loadConfig(configFlags(), nil)
	if err != nil {
		return err
	}
	cfg.data, cfg.metricsListen, cfg.seller = dm.dir, "", demoSeller
	cfg.logLevel, cfg.logFormat = zerolog.WarnLevel, "console"
	log, _ := newLog(cfg, os.Stderr) // warnings are written at once
	dm.d, err = start(cfg, log)
	if err != nil && strings.Contains(err.Error(), "address already in use") {
		fmt.Fprintf(dm.out, "%s is busy; taking a free port.\n", cfg.listen)
		cfg.listen = "127.0.0.1:0"
		dm.d, err = start(cfg, log)
	}
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dm.dir, tokenFile))
	dm.token = strings.TrimSpace(string(text))
	fmt.Fprintf(dm.out, "rosterd serves %s on data in %s\n", dm.d.url, dm.dir)
	return err
}

// prepare makes the workspace, and returns a token for its identity provider.
func (dm *demo) prepare() (token string, err error) {
	admin := play.NewAdmin(dm.d.url, dm.token)
	defer admin.Close()
	w := play.EnterpriseWorkspace(demoWorkspace, "Acme GmbH", demoSeats)
	w.Seats.AutoBooking = true
	if err := admin.CreateWorkspace(w); !fine(err) {
		return "", fmt.Errorf("workspace %s: %w", demoWorkspace, err)
	}
	if err := dm.admin().call(context.Background(), "PATCH", "/workspaces/"+demoWorkspace, json.RawMessage(demoBilling), nil); err != nil {
		return "", err
	}
	for i, role := range dm.plan().Roles() {
		if err := admin.CreateRole(demoWorkspace, role, 900-100*i); !fine(err) {
			return "", err
		}
	}
	if _, err := admin.CreateConnection(demoWorkspace, "Entra ID", "entra"); !fine(err) {
		return "", err
	}
	return admin.CreateToken(demoWorkspace, "entra-id", "demo")
}

// fine reports whether something was made, or is there from an earlier demo on
// the same data.
func fine(err error) bool {
	var p *play.Problem
	return err == nil || errors.As(err, &p) && p.Status == 409
}

func (dm *demo) plan() play.Plan { return play.Roster(demoSeed, dm.people, demoTeams, demoRoles) }

// play is the first cycle.
func (dm *demo) play(ctx context.Context, token string) error {
	plan := dm.plan()
	progress, finish := dm.progress(ctx, plan)
	client := play.NewClient(dm.d.url+"/scim/v2", token, demoClients)
	defer client.Close()
	sum, err := play.Entra(ctx, client, plan, play.Options{Connections: demoClients, Progress: progress})
	finish()
	if err != nil {
		return err
	}
	fmt.Fprintf(dm.out, `
Entra ID's first cycle took %.1f s: %d people created and %d found in %.1f s (%.0f a second), then %d groups and %d memberships;
%d requests in all, %d refused.
`, sum.Elapsed.Seconds(), sum.Created, sum.Found, sum.People.Seconds(), sum.PeoplePerSecond(), sum.Groups, sum.Memberships, sum.Requests, sum.Failed)
	if sum.Failed > 0 || sum.Created+sum.Found != plan.People {
		return fmt.Errorf("%d steps failed: %v", sum.Failed, sum.Refusals)
	}
	return nil
}

// progress shows how far the cycle is: as a bar to people, as one line to
// whatever else reads stderr.
func (dm *demo) progress(ctx context.Context, plan play.Plan) (progress func(play.Step), finish func()) {
	const title = "Entra ID provisions acme"
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		fmt.Fprintf(os.Stderr, "%s: %d people, %d groups, %d memberships\n", title, plan.People, len(plan.Groups), plan.Memberships())
		return nil, func() {}
	}
	bar := progressbar.NewOptions(plan.Steps(), progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetWidth(40),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetDescription(title), progressbar.OptionClearOnFinish())
	watching, stop := context.WithCancel(ctx)
	go dm.watchSeats(watching, bar)
	// A bar that cannot be drawn is no reason to stop.
	return func(s play.Step) { _ = bar.Set(s.Done) }, func() {
		stop()
		_ = bar.Finish()
	}
}

// report reads the numbers back through the API.
func (dm *demo) report() error {
	c := dm.admin()
	ctx := context.Background()
	var ws struct {
		Users struct{ Active, Managed int }
	}
	if err := c.call(ctx, "GET", "/workspaces/"+demoWorkspace, nil, &ws); err != nil {
		return err
	}
	teams, memberships := 0, 0
	err := c.list(ctx, "/workspaces/"+demoWorkspace+"/groups", func(o object) error {
		var n int
		if _, err := fmt.Sscan(o.text("members"), &n); err != nil {
			return err
		}
		memberships += n
		if o.text("kind") == "team" {
			teams++
		}
		return nil
	})
	if err != nil {
		return err
	}
	roles := 0
	err = c.list(ctx, "/workspaces/"+demoWorkspace+"/roles", func(o object) error {
		if o.text("builtIn") == "false" {
			roles++
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(dm.out, "Read back through the API: %d active people, %d of them managed; %d teams, %d roles besides Admin and User, %d memberships.\n",
		ws.Users.Active, ws.Users.Managed, teams, roles, memberships)
	seats, err := dm.seats(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(dm.out)
	return seats.print(dm.out, time.Now())
}

// invite says what to try, as long as there is somebody who answers.
func (dm *demo) invite(token string) {
	base, someone := dm.d.url+"/scim/v2", play.PersonAt(demoSeed, 0).UserName
	fmt.Fprintf(dm.out, `
SCIM base URL   %s
Token           %s
Operator token  %s

Try:
  curl -H 'Authorization: Bearer %s' '%s/Users?count=2'
  curl -H 'Authorization: Bearer %s' -G '%s/Users' --data-urlencode 'filter=userName eq "%s"'
  curl -H 'Authorization: Bearer %s' '%s/api/v1/workspaces/%s/seats'

Serving until Ctrl-C.
`, base, token, dm.token, token, base, token, base, someone, dm.token, dm.d.url, demoWorkspace)
}

// farewell says what --exit leaves. Nobody will answer at the address.
func (dm *demo) farewell(token string) {
	if dm.temporary {
		fmt.Fprint(dm.out, "\nThe data was temporary. Without --exit the demo serves on and says what to try.\n")
		return
	}
	fmt.Fprintf(dm.out, `
To go on:       rosterd serve --data %s
Token           %s
Operator token  %s
`, dm.dir, token, dm.token)
}
