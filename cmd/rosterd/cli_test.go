package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"rosterd/bench/play"
)

// A mistake is a command line that must end with a code and one line on stderr.
type mistake struct {
	name   string
	env    string
	args   []string
	code   int
	detail string // in that line
}

// wantMistakes runs command lines that must not touch the data directory fresh.
func wantMistakes(t *testing.T, fresh string, mistakes []mistake) {
	t.Helper()
	for _, c := range mistakes {
		code, out, errs := rosterd(t, []string{c.env}, c.args...)
		if code != c.code || !strings.Contains(errs, c.detail) || strings.Count(errs, "\n") != 1 || out != "" {
			t.Errorf("%s: code %d, %q %q", c.name, code, out, errs)
		}
		if _, err := os.Stat(fresh); err == nil {
			t.Errorf("%s: the data directory was touched", c.name)
		}
	}
}

// write makes a file with text in it, and its folder.
func write(t *testing.T, text string, path ...string) string {
	t.Helper()
	name := filepath.Join(path...)
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestMistakes: one line on stderr, the right exit code, nothing touched.
func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	fresh, foreign, newer := filepath.Join(dir, "fresh"), filepath.Join(dir, "foreign"), filepath.Join(dir, "newer")
	note := write(t, "buy milk\n", dir, "note.txt")
	write(t, "", foreign, "photo.jpg")
	write(t, "99\n", newer, "FORMAT")
	empty, part := filepath.Dir(write(t, "", dir, "empty", "FORMAT")), filepath.Dir(write(t, "1\n", dir, "part", "RESTORING"))
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	serve := []string{"serve", "--metrics-listen", "", "--data", fresh, "--listen", "127.0.0.1:0"}
	wantMistakes(t, fresh, []mistake{
		{"unknown command", "", []string{"fly"}, 2, `rosterd: unknown command "fly"; see rosterd --help`},
		{"unknown command of a group", "", []string{"token", "fly"}, 2, `rosterd: unknown command "token fly"; see rosterd token --help`},
		{"unknown flag", "", []string{"serve", "--wings"}, 2, "wings"},
		{"argument too many", "", []string{"version", "x"}, 2, `rosterd: version: unknown argument "x"`},
		{"argument missing", "", []string{"token", "revoke", "acme"}, 2, "rosterd: token revoke: give WORKSPACE ID; see"},
		{"nothing to set", "", []string{"workspace", "set", "acme"}, 2, "rosterd: workspace set: give ID KEY=VALUE; see"},
		{"a setting without a value", "ROSTERD_OPERATOR_TOKEN=x", []string{"workspace", "set", "acme", "plan"}, 2, "key=value"},
		{"people that are no number", "", []string{"demo", "--people", "x"}, 2, `--people: "x": write a whole number`},
		{"port in use", "", append(serve, "--listen", busy.Addr().String()), 1, "address already in use"},
		{"data directory of somebody else", "", append(serve, "--data", foreign), 1, "neither empty nor rosterd's"},
		{"data directory of a newer version", "", append(serve, "--data", newer), 1, "format 99"},
		{"data directory with a cut-off FORMAT", "", append(serve, "--data", empty), 1, "is no format"},
		{"data directory of a killed restore", "", append(serve, "--data", part), 1, "a restore into it was interrupted"},
		{"check of a killed restore", "", []string{"check", "--data", part}, 1, "a restore into it was interrupted"},
		{"no operator token", "", []string{"workspace", "list"}, 2, "operator-token"},
		{"bad url", "", []string{"workspace", "list", "--url", "nowhere", "--operator-token", "x"}, 2, "url"},
		{"check of nothing", "", []string{"check", "--data", fresh}, 1, "there is no store in"},
		{"dump of nothing", "", []string{"dump", "--data", fresh}, 1, "there is no store in"},
		{"restore of nothing", "", []string{"restore", "nothing", "--data", fresh}, 1, "no such file"},
		{"restore of something else", "", []string{"restore", note, "--data", fresh}, 1, "no backup"},
		{"no people", "", []string{"demo", "--people", "0"}, 2, "people"},
	})
}

// TestMistakesInTheConfiguration is the same for what serve is told; every key
// is in TestEverySourceReadsTheSame.
func TestMistakesInTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	fresh := filepath.Join(dir, "fresh")
	unknown, broken := write(t, "listen: 127.0.0.1:0\nlisten-on: x\n", dir, "unknown.yaml"), write(t, "listen: [\n", dir, "broken.yaml")
	serve := []string{"serve", "--metrics-listen", "", "--data", fresh}
	wantMistakes(t, fresh, []mistake{
		{"unknown key in the file", "", append(serve, "--config", unknown), 2, `"listen-on"`},
		{"file that is no YAML", "", append(serve, "--config", broken), 2, "broken.yaml"},
		{"no file", "", append(serve, "--config", "nowhere.yaml"), 2, "nowhere.yaml"},
		{"no file in the environment", "ROSTERD_CONFIG=nowhere.yaml", serve, 2, "ROSTERD_CONFIG"},
		{"unknown key in the environment", "ROSTERD_WINGS=2", serve, 2, "ROSTERD_WINGS"},
		{"a flag that is no key", "ROSTERD_PRINT_CONFIG=true", serve, 2, "ROSTERD_PRINT_CONFIG"},
		{"no address", "", append(serve, "--listen="), 2, "--listen"},
		{"no address in the environment", "ROSTERD_LISTEN=", serve, 2, "ROSTERD_LISTEN"},
		{"bad address", "", append(serve, "--listen", "x"), 2, "--listen"},
		{"bad network in the environment", "ROSTERD_TRUSTED_PROXIES=home", serve, 2, "ROSTERD_TRUSTED_PROXIES"},
		{"bad number", "", append(serve, "--max-connections", "x"), 2, `--max-connections: "x": write a whole number`},
		{"URL of nothing", "", append(serve, "--public-url", "scim.example.com"), 2, "--public-url"},
		{"bad level", "", append(serve, "--log-level", "loud"), 2, "log-level"},
		{"bad format", "", append(serve, "--log-format", "xml"), 2, "log-format"},
		{"certificate without a key", "", append(serve, "--tls-cert", "x"), 2, "tls-cert"},
		{"short token", "", append(serve, "--operator-token", "x"), 2, "operator-token"},
	})
}

// TestDataInUse starts a second daemon on a data directory.
func TestDataInUse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	startProcess(t, dir)
	code, _, errs := rosterd(t, nil, "serve", "--listen", "127.0.0.1:0", "--metrics-listen", "", "--data", dir)
	if code != 1 || !strings.Contains(errs, "in use by another rosterd") || strings.Count(errs, "\n") != 1 {
		t.Errorf("code %d, %q", code, errs)
	}
}

func addPerson(t *testing.T, p *process, token, name string) {
	t.Helper()
	req, err := http.NewRequest("POST", p.url+"/scim/v2/Users", strings.NewReader(`{"userName":"`+name+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 201 {
		t.Fatalf("POST: %s", res.Status)
	}
}

// TestOperatorsDay is what README tells an operator to do: a workspace, a
// token, people, a backup, restored elsewhere, checked, dumped.
func TestOperatorsDay(t *testing.T) {
	base := t.TempDir()
	dir, elsewhere, backup := filepath.Join(base, "data"), filepath.Join(base, "elsewhere"), filepath.Join(base, "one.backup")
	p := startProcess(t, dir)
	env := []string{"ROSTERD_URL=" + p.url, "ROSTERD_OPERATOR_TOKEN=" + operatorToken(t, dir)}
	run := func(args ...string) string {
		t.Helper()
		code, out, errs := rosterd(t, env, args...)
		if code != 0 {
			t.Fatalf("%v: code %d: %s", args, code, errs)
		}
		return out
	}
	run("workspace", "create", "acme", "name=Acme GmbH", "plan=enterprise", "sso.issuer=https://id.example.com", "sso.clientId=c", "scim.enabled=true")
	var token struct{ ID, Token string }
	if err := json.Unmarshal([]byte(run("token", "create", "acme", "--name", "entra", "--json")), &token); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ada", "bob", "eve"} {
		addPerson(t, p, token.Token, name+"@example.com")
	}
	for out, want := range map[string]string{
		run("workspace", "list"):                         "acme  Acme GmbH  3 ",
		run("workspace", "show", "acme"):                 `"scimGate": "open"`,
		run("workspace", "set", "acme", "seats.cap=100"): `"cap": 100`,
		run("token", "list", "acme"):                     token.ID,
		run("log", "acme", "--kind", "user.created"):     "eve@example.com",
		run("backup", backup):                            "bytes in",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
	if code, _, errs := rosterd(t, env, "log", "acme", "--kind", "bogus"); code != 1 || !strings.Contains(errs, "user.created") || strings.Count(errs, "\n") != 1 {
		t.Errorf("log of a kind that is none: %d %q", code, errs)
	}
	run("token", "revoke", "acme", token.ID)
	if code := p.stop(t); code != 0 {
		t.Fatalf("the daemon ended with %d", code)
	}
	run("restore", backup, "--data", elsewhere)
	if code, _, _ := rosterd(t, nil, "restore", backup, "--data", elsewhere); code != 1 {
		t.Error("restored into a directory that is not empty")
	}
	for _, d := range []string{dir, elsewhere} {
		if out := run("check", "--data", d); out != "no difference\n" {
			t.Errorf("check: %s", out)
		}
	}
	if lines := strings.Count(run("dump", "--data", elsewhere, "--workspace", "acme"), `"event":"UserCreated"`); lines != 3 {
		t.Errorf("the restored journal has %d people", lines)
	}
	if code, out, errs := rosterd(t, nil, "dump", "--data", elsewhere, "--workspace", "nope"); code != 1 || out != "" || errs != "rosterd: there is no workspace \"nope\"\n" {
		t.Errorf("dump of a workspace that is not there: %d %q %q", code, out, errs)
	}
	again := startProcess(t, elsewhere)
	env = []string{"ROSTERD_URL=" + again.url, "ROSTERD_OPERATOR_TOKEN=" + operatorToken(t, elsewhere)}
	if out := run("workspace", "list"); !strings.Contains(out, "acme  Acme GmbH  3 ") {
		t.Errorf("restored: %s", out)
	}
}

// TestDemo plays the demo, twice on the same data. Its stderr is no terminal
// here.
func TestDemo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	for _, want := range []string{"150 people created and 0 found", "0 people created and 150 found"} {
		code, out, errs := rosterd(t, nil, "demo", "--people", "150", "--exit", "--data", dir)
		if code != 0 {
			t.Fatalf("code %d: %s", code, errs)
		}
		for _, part := range []string{
			want, " 0 refused", "150 active people, 150 of them managed; 12 teams, 3 roles", "rosterd serve --data " + dir, operatorToken(t, dir),
		} {
			if !strings.Contains(out, part) {
				t.Errorf("want %q in\n%s", part, out)
			}
		}
		if strings.Contains(out, "curl") {
			t.Errorf("it says what to try where nobody answers:\n%s", out)
		}
		if strings.Count(errs, "\n") != 1 || strings.ContainsAny(errs, "\r\x1b") || !strings.Contains(errs, "150 people, 15 groups") {
			t.Errorf("stderr: %q", errs)
		}
	}
}

// TestDemoServesOn tries what the demo says to try, and ends it.
func TestDemoServesOn(t *testing.T) {
	cmd := exec.Command(build(t), "demo", "--people", "3")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }() // it has ended by then, unless the test fails
	var base, token string
	tries := 0
	for lines := bufio.NewScanner(stdout); lines.Scan() && lines.Text() != "Serving until Ctrl-C."; {
		words := strings.Fields(lines.Text())
		switch {
		case strings.HasPrefix(lines.Text(), "SCIM base URL"):
			base = words[3]
		case strings.HasPrefix(lines.Text(), "Token"):
			token = words[1]
		case len(words) > 0 && words[0] == "curl":
			tries++
		}
	}
	a, err := play.NewClient(base, token, 1).Do("GET", "/Users?count=2", nil)
	if err != nil || a.Status != 200 || tries != 3 {
		t.Errorf("%s answers %d (%v); %d things to try", base, a.Status, err, tries)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
}

// TestPrintConfig shows what wins, and no secret.
func TestPrintConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, []byte("log-level: warn\nmax-body: 2MiB\ndata: from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"ROSTERD_MAX_BODY=3MiB", "ROSTERD_DATA=from-env", "ROSTERD_OPERATOR_TOKEN=very-secret-operator-token"}
	code, out, errs := rosterd(t, env, "serve", "--config", file, "--data", "from-flag", "--print-config")
	if code != 0 {
		t.Fatal(errs)
	}
	for _, want := range []string{"log-level: warn", "max-body: 3MiB", "data: from-flag", "listen: 127.0.0.1:8080", "log-retention: 90d"} {
		if !strings.Contains(out, want+"\n") {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "very-secret") || strings.Contains(out, "print-config") {
		t.Errorf("it shows\n%s", out)
	}
}

// TestEveryCommandHasAnExample wants help that helps.
func TestEveryCommandHasAnExample(t *testing.T) {
	var look func(c *cobra.Command)
	look = func(c *cobra.Command) {
		if !strings.HasPrefix(c.Example, "  rosterd") || c.Short == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			look(sub)
		}
	}
	look(newRoot())
}

// TestVersion: the flag says what the command says.
func TestVersion(t *testing.T) {
	_, want, _ := rosterd(t, nil, "version")
	if code, out, errs := rosterd(t, nil, "--version"); code != 0 || out != want || errs != "" || !strings.HasPrefix(want, "rosterd ") {
		t.Errorf("%d %q %q, want %q", code, out, errs, want)
	}
}

// TestInterruptedRestore ends a restore as Ctrl-C does.
func TestInterruptedRestore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cmd := newRoot()
	cmd.SetArgs([]string{"restore", write(t, "", t.TempDir(), "any.backup"), "--data", dir})
	if err := cmd.ExecuteContext(ctx); err == nil || err.Error() != "interrupted" {
		t.Errorf("it ends with %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the directory is left")
	}
}

// TestTokenOfAnInterruptedStart: a first start that died after the token and
// before its hash generates another one.
func TestTokenOfAnInterruptedStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	startProcess(t, dir).kill()
	first := operatorToken(t, dir)
	if err := os.Remove(filepath.Join(dir, tokenHashFile)); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, dir)
	if operatorToken(t, dir) == first {
		t.Error("the token is the one that was never valid")
	}
	openWorkspace(t, p, dir) // the new one is
}
