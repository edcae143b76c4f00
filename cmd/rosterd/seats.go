package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rosterd/ledger"
)

// A seatsView is what GET seats answers.
type seatsView struct {
	Purchased, Booked, Seated, Free, Waiting, Releasing int64
	AutoBooking                                         bool
	Cap                                                 *int64
	Window                                              *struct {
		OpenedAt, ClosesAt time.Time
		Extra              int64
		Net, Gross         amount
	}
}

// An amount is money in the admin API.
type amount struct {
	Currency ledger.Currency
	Minor    int64
}

func (a amount) String() string { return ledger.Money(a).String() }

func seatsCommand() *cobra.Command {
	var purchase, release int64
	var billedBy string
	var closeWindow bool
	cmd := &cobra.Command{
		Use:   "seats WORKSPACE",
		Short: "Show seats and the open window; buy, give back, or close the window now",
		Example: `  rosterd seats acme
  rosterd seats acme --purchase 200 --billed-by "order 4711"
  rosterd seats acme --close-window`,
		Args: exactly("WORKSPACE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			path := "/workspaces/" + url.PathEscape(args[0])
			method, body := "GET", any(nil)
			switch {
			case cmd.Flags().Changed("purchase"):
				method, path = "POST", path+"/seats/purchase"
				body = struct {
					Seats    int64  `json:"seats"`
					BilledBy string `json:"billedBy,omitempty"`
				}{purchase, billedBy}
			case cmd.Flags().Changed("release"):
				method, path = "POST", path+"/seats/release"
				body = struct {
					Seats int64 `json:"seats"`
				}{release}
			case closeWindow:
				method, path = "POST", path+"/window/close"
			default:
				path += "/seats"
			}
			var o object
			if err := c.call(cmd.Context(), method, path, body, &o); err != nil {
				return err
			}
			return printSeats(cmd, o)
		},
	}
	clientFlags(cmd)
	cmd.Flags().Int64Var(&purchase, "purchase", 0, "add so many seats that are paid for, and seat those who wait")
	cmd.Flags().StringVar(&billedBy, "billed-by", "", "with --purchase: who bills them, for the log")
	cmd.Flags().Int64Var(&release, "release", 0, "give so many seats back at the end of the billing period")
	cmd.Flags().BoolVar(&closeWindow, "close-window", false, "close the open window now, which issues its invoice")
	cmd.MarkFlagsMutuallyExclusive("purchase", "release", "close-window")
	return cmd
}

func printSeats(cmd *cobra.Command, o object) error {
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		return show(cmd, o)
	}
	s, err := o.seats()
	if err != nil {
		return err
	}
	return s.print(cmd.OutOrStdout(), time.Now())
}

// print writes seats for people.
func (s *seatsView) print(w io.Writer, now time.Time) error {
	tabs := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tabs, "PURCHASED\tBOOKED\tSEATED\tFREE\tWAITING\tAUTO-BOOKING\n")
	auto := "off"
	switch {
	case s.AutoBooking && s.Cap == nil:
		auto = "on, no cap"
	case s.AutoBooking:
		auto = fmt.Sprintf("on, up to %d", *s.Cap)
	}
	fmt.Fprintf(tabs, "%d\t%d\t%d\t%d\t%d\t%s\n", s.Purchased, s.Booked, s.Seated, s.Free, s.Waiting, auto)
	if err := tabs.Flush(); err != nil {
		return err
	}
	if s.Releasing > 0 {
		fmt.Fprintf(w, "%d seats are given back at the end of the billing period.\n", s.Releasing)
	}
	if s.Window == nil {
		return nil
	}
	left := max(0, s.Window.ClosesAt.Sub(now)).Round(time.Second)
	_, err := fmt.Fprintf(w, "A window is open and closes in %v, at %s: %d extra seats so far, %v net, %v with tax.\n",
		left, s.Window.ClosesAt.Local().Format(time.DateTime), s.Window.Extra, s.Window.Net, s.Window.Gross)
	return err
}

func invoicesCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "invoices WORKSPACE [NUMBER]",
		Short: "List invoices, or show one or save it as XML or PDF",
		Example: `  rosterd invoices acme
  rosterd invoices acme acme-000001
  rosterd invoices acme acme-000001 --out acme-000001.pdf`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return exactly("WORKSPACE")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "/workspaces/" + url.PathEscape(args[0]) + "/invoices"
			form := filepath.Ext(out)
			switch {
			case len(args) == 1 && out != "":
				return usagef("out: name the invoice to save")
			case len(args) == 1:
				return printList(cmd, path, "number", "kind", "corrects", "date", "net", "vat", "gross")
			case out != "" && form != ".xml" && form != ".pdf" && form != ".json":
				return usagef("out: name a file that ends in .pdf, .xml or .json")
			}
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			path += "/" + url.PathEscape(args[1])
			if out != "" {
				return c.save(cmd, path+strings.TrimSuffix(form, ".json"), out)
			}
			var o object
			if err := c.call(cmd.Context(), "GET", path, nil, &o); err != nil {
				return err
			}
			return show(cmd, o)
		},
	}
	clientFlags(cmd)
	cmd.Flags().StringVar(&out, "out", "", "save to this new file: .pdf, .xml (XRechnung) or .json")
	return cmd
}

// save writes an answer into a new file.
func (c *adminClient) save(cmd *cobra.Command, path, name string) error {
	r, err := c.open(cmd.Context(), "GET", path, nil)
	if err != nil {
		return err
	}
	defer r.Close()
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}
