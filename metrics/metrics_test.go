package metrics

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// fill sets every series once.
func fill(m *Metrics) {
	m.Route("scim", "/Users/{id}").Answered("GET", 200, time.Millisecond)
	m.Command("CreateUser", Done, time.Millisecond)
	m.InFlight(1)
	m.MailboxWait(time.Microsecond)
	m.JournalAppend(time.Millisecond)
	m.JournalSync(3)
	m.JournalBytes(900)
	m.Workspaces("loaded", 1)
	m.Users("active", 2)
	m.Connections("open", 1)
	m.TokensExpiring("7d", 0)
	m.WorkspacesWithoutAdmin(0)
	m.StorageFree(1 << 30)
	m.ReadOnly(false)
	m.ReadOnly(true)
	m.BackupSucceeded(time.Unix(1, 0))
	m.Rejection(CommandsTotal)
	m.Seats("free", 3)
	m.Windows(1, time.Second)
	m.WaitingOldest(time.Minute)
	m.InvoiceIssued(time.Second)
	m.Delivery("webhook", "delivered")
	m.DeliveryLag("mail", time.Second)
	m.DeliveriesDead("mail", 1)
}

func TestText(t *testing.T) {
	m := New("1.0", "abc")
	fill(m)
	var out bytes.Buffer
	kind, err := m.WriteText(&out, "")
	if err != nil || kind == "" {
		t.Fatalf("%q %v", kind, err)
	}
	problems, err := promlint.New(bytes.NewReader(out.Bytes())).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(&out)
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{"kind", "surface", "route", "method", "code", "command", "outcome", "state", "within", "reason", "version", "commit", "goversion"}
	for name, f := range families {
		for _, s := range f.Metric {
			for _, l := range s.Label {
				if !slices.Contains(allowed, l.GetName()) && name[:7] == "rosterd" {
					t.Errorf("%s has the label %s", name, l.GetName())
				}
			}
		}
	}
	if families["rosterd_build_info"] == nil || families["rosterd_http_request_duration_seconds"] == nil {
		t.Error("series are missing")
	}
}

func TestNilIsSilent(t *testing.T) {
	fill(nil)
	var m *Metrics
	if _, err := m.WriteText(&bytes.Buffer{}, ""); err != nil {
		t.Fatal(err)
	}
}

// TestSeriesBeginAtZero: what an alert looks at is there before it happens.
func TestSeriesBeginAtZero(t *testing.T) {
	m := New("1.0", "abc")
	m.Command("CreateUser", Done, time.Millisecond)
	var out bytes.Buffer
	if _, err := m.WriteText(&out, ""); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`rosterd_rejections_total{reason="commands_per_workspace"} 0`, `rosterd_rejections_total{reason="commands_total"} 0`,
		`rosterd_commands_total{command="CreateUser",outcome="done"} 1`, `rosterd_commands_total{command="CreateUser",outcome="refused"} 0`,
		`rosterd_commands_total{command="CreateUser",outcome="failed"} 0`, "rosterd_journal_syncs_total 0", "rosterd_backup_last_success_timestamp_seconds 0",
	} {
		if !strings.Contains(out.String(), line+"\n") {
			t.Errorf("there is no line %s", line)
		}
	}
}
