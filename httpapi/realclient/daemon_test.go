package realclient

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-github/v93/github"
)

const organization = "acme"

// A daemon is a real one, started for one test.
type daemon struct {
	t      *testing.T
	binary string
	data   string
	url    string
}

// start builds the daemon out of the module that this one lies in, and starts
// it on an empty folder.
func start(t *testing.T) daemon {
	t.Helper()
	d := daemon{t: t, binary: filepath.Join(t.TempDir(), "rosterd"), data: t.TempDir()}
	build := exec.Command("go", "build", "-o", d.binary, "./cmd/rosterd")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	serve := exec.Command(d.binary, "serve", "--listen", "127.0.0.1:0", "--metrics-listen", "", "--data", d.data, "--disk-reserve", "0")
	log, err := serve.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	ready, ended := make(chan string, 1), make(chan string, 1)
	go func() {
		var last string
		for lines := bufio.NewScanner(log); lines.Scan(); {
			var l struct{ Message, URL string }
			if last = lines.Text(); json.Unmarshal([]byte(last), &l) == nil && l.Message == "ready" {
				ready <- l.URL
			}
		}
		ended <- last
	}()
	t.Cleanup(func() {
		if err := serve.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := serve.Wait(); err != nil {
			t.Error(err)
		}
	})
	select {
	case d.url = <-ready:
	case last := <-ended:
		t.Fatalf("the daemon ended: %s", last)
	}
	return d
}

// run runs a command of the operator and returns what it prints.
func (d daemon) run(args ...string) []byte {
	d.t.Helper()
	token, err := os.ReadFile(filepath.Join(d.data, "operator-token"))
	if err != nil {
		d.t.Fatal(err)
	}
	cmd := exec.Command(d.binary, args...)
	cmd.Env = append(os.Environ(), "ROSTERD_URL="+d.url, "ROSTERD_OPERATOR_TOKEN="+strings.TrimSpace(string(token)))
	out, err := cmd.Output()
	if err != nil {
		d.t.Fatalf("%v: %v", args, err)
	}
	return out
}

// open makes the workspace and returns a client of it, whose addresses a proxy
// turns into ours.
func (d daemon) open() *github.SCIMService {
	d.t.Helper()
	d.run("workspace", "create", organization, "name=Acme GmbH", "plan=enterprise", "sso.issuer=https://id.example.com",
		"sso.clientId=c", "scim.enabled=true", "seats.purchased=1000")
	var made struct{ Token string }
	if err := json.Unmarshal(d.run("token", "create", organization, "--name", "github", "--json"), &made); err != nil {
		d.t.Fatal(err)
	}
	target, err := url.Parse(d.url)
	if err != nil {
		d.t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.URL.Path = strings.Replace(r.In.URL.Path, "/api/v3/scim/v2/organizations/"+organization, "/scim/v2", 1)
	}})
	d.t.Cleanup(proxy.Close)
	client, err := github.NewClient(github.WithEnterpriseURLs(proxy.URL, proxy.URL), github.WithAuthToken(made.Token), github.WithHTTPClient(&http.Client{}))
	if err != nil {
		d.t.Fatal(err)
	}
	return client.SCIM
}
