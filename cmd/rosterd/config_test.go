package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// sources are the three ways to give a key a value.
var sources = []string{"flag", "environment", "file"}

// fromSource reads the configuration with one key set. name is what a message
// must call it. In the file the value is written as it is.
func fromSource(t *testing.T, source, key, value string) (c *config, name string, err error) {
	t.Helper()
	fs := configFlags()
	var args, environ []string
	switch source {
	case "flag":
		name = "--" + key
		args = []string{name + "=" + strings.Trim(value, "'")}
	case "environment":
		name = envPrefix + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))
		environ = []string{name + "=" + strings.Trim(value, "'")}
	default:
		name = key
		path := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(path, []byte(key+": "+value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		args = []string{"--config", path}
	}
	if err := fs.Parse(args); err != nil {
		return nil, name, flagError(nil, err)
	}
	c, _, err = loadConfig(fs, environ)
	return c, name, err
}

// typedKeys are the keys that are more than text. A value in quotes is one
// that the file has to quote.
var typedKeys = map[string]struct {
	read      func(*config) any
	good      map[string]string // value and what it is read as
	bad       []string
	badInFile []string // what only the file can say
}{
	"listen": {
		func(c *config) any { return c.listen },
		map[string]string{"0.0.0.0:80": "0.0.0.0:80", "'[::1]:8080'": "[::1]:8080", "':8080'": ":8080", "localhost:0": "localhost:0"},
		[]string{"''", "x", "'8080'", "'localhost:'", "localhost:http", "localhost:65536", "localhost:-1"},
		[]string{"", "8080", "[]", "{}", "true"},
	},
	"metrics-listen": {
		func(c *config) any { return c.metricsListen },
		map[string]string{"0.0.0.0:80": "0.0.0.0:80", "''": ""},
		[]string{"x", "'9464'", "localhost:65536"},
		[]string{"9464", "false"},
	},
	"pprof-listen": {
		func(c *config) any { return c.pprofListen },
		map[string]string{"127.0.0.1:6060": "127.0.0.1:6060", "'[::1]:6060'": "[::1]:6060", "localhost:0": "localhost:0", "''": ""},
		[]string{"x", "'6060'", "localhost:65536", "0.0.0.0:6060", "':6060'", "'[::]:6060'", "10.0.0.1:6060", "example.com:6060"},
		[]string{"6060", "false"},
	},
	"public-url": {
		func(c *config) any { return c.publicURL },
		map[string]string{
			"''": "", "https://x.example": "https://x.example", "http://x.example:81/": "http://x.example:81",
			"https://x.example/rosterd/": "https://x.example/rosterd", "'https://[::1]:8443'": "https://[::1]:8443",
		},
		[]string{
			"x.example", "/scim", "ftp://x.example", "'https:'", "https://", "'//'", "https:x.example", "https://u@x.example", "https://x.example?a=b",
			"https://x.example?", "'https://x.example#a'", "'https://x.example/#'", "https://x.example:99999", "https://x y",
		},
		[]string{"1", "[https://x.example]"},
	},
	"max-body":       {func(c *config) any { return c.maxBody }, goodBodies, badBodies, badSizesInFile},
	"max-group-body": {func(c *config) any { return c.maxGroupBody }, goodBodies, badBodies, badSizesInFile},
	"max-bulk-body":  {func(c *config) any { return c.maxBulkBody }, goodBodies, badBodies, badSizesInFile},
	"disk-reserve": {
		func(c *config) any { return c.diskReserve },
		map[string]string{"1GiB": "1073741824", "0": "0", "5MB": "5000000"},
		append([]string{"''", "9EiB"}, badSizes...), badSizesInFile,
	},
	"memory-limit": {
		func(c *config) any { return c.memoryLimit },
		map[string]string{"1GiB": "1073741824", "''": "0", "5MB": "5000000"},
		append([]string{"9EiB"}, badSizes...), badSizesInFile,
	},
	"drain-timeout":  {func(c *config) any { return c.drainTimeout }, goodDurations, badDurations, badDurationsInFile},
	"workspace-idle": {func(c *config) any { return c.workspaceIdle }, goodDurations, badDurations, badDurationsInFile},
	"log-retention":  {func(c *config) any { return c.logRetention }, goodDurations, badDurations, badDurationsInFile},
	"trusted-proxies": {
		func(c *config) any { return c.trustedProxies },
		map[string]string{
			"''": "[]", "10.0.0.0/8": "[10.0.0.0/8]", "10.0.0.0/8,fd00::/8": "[10.0.0.0/8 fd00::/8]", "'10.0.0.0/8, 192.0.2.1/32'": "[10.0.0.0/8 192.0.2.1/32]",
		},
		[]string{"home", "10.0.0.1", "10.0.0.0/8,home", "10.0.0.0/33", "'10.0.0.0/8,'", "'*'"},
		[]string{"10", "[10]", "[home]", "[[10.0.0.0/8]]", "{10.0.0.0/8: true}", "true"},
	},
	"max-connections":        {func(c *config) any { return c.maxConnections }, goodCounts, append([]string{"'0'"}, badCounts...), badCountsInFile},
	"max-connections-per-ip": {func(c *config) any { return c.maxPerIP }, map[string]string{"0": "0", "7": "7"}, badCounts, badCountsInFile},
	"invoice-window": {
		func(c *config) any { return c.invoiceWindow },
		map[string]string{"2s": "2s", "90m": "1h30m0s", "1d": "24h0m0s"},
		[]string{"''", "ever", "0s", "999ms", "25h", "2d", "-5m", "'15'"}, badDurationsInFile,
	},
	"webhook-allow-private": {
		func(c *config) any { return c.webhookAllowPrivate },
		map[string]string{"true": "true", "false": "false"},
		[]string{"''", "maybe", "'2'"}, []string{"2", "[true]", "{true: 1}"},
	},
	"commands-per-workspace": {func(c *config) any { return c.perWorkspace }, goodCounts, append([]string{"'0'"}, badCounts...), badCountsInFile},
}

var (
	goodBodies         = map[string]string{"2MiB": "2097152", "1000": "1000", "1": "1", "64MiB": "67108864", "'1 kB'": "1000"}
	badSizes           = []string{"large", "-1", "1XB", "1e30GiB", "MiB"}
	badBodies          = append([]string{"''", "'0'", "65MiB", "20EiB"}, badSizes...)
	badSizesInFile     = []string{"1.5", "[1MiB]", "{1MiB: 1}", "true"}
	goodDurations      = map[string]string{"90m": "1h30m0s", "1h30m": "1h30m0s", "1d": "24h0m0s", "90d": "2160h0m0s"}
	badDurations       = []string{"''", "ever", "'0'", "0s", "0d", "-1d", "-5m", "'15'", "1.5d", "200000d", "99999999999999999999d", "d"}
	badDurationsInFile = []string{"", "15", "[15m]", "{15m: 1}"}
	goodCounts         = map[string]string{"7": "7", "1024": "1024"}
	badCounts          = []string{"''", "x", "-1", "1.5", "1e3", "99999999999999999999", "7d"}
	badCountsInFile    = []string{"", "[7]", "{7: 1}", "true"}
)

// TestEverySourceReadsTheSame: what a key accepts does not depend on where it
// is written, and nonsense is a mistake that names the place.
func TestEverySourceReadsTheSame(t *testing.T) {
	for key, c := range typedKeys {
		for _, source := range sources {
			for value, want := range c.good {
				got, _, err := fromSource(t, source, key, value)
				if err != nil {
					t.Errorf("%s %s: %s: %v", source, key, value, err)
				} else if fmt.Sprint(c.read(got)) != want {
					t.Errorf("%s %s: %s is read as %v, want %v", source, key, value, c.read(got), want)
				}
			}
			bad := c.bad
			if source == "file" {
				bad = slices.Concat(bad, c.badInFile)
			}
			for _, value := range bad {
				_, name, err := fromSource(t, source, key, value)
				wantMistake(t, fmt.Sprintf("%s %s: %q", source, key, value), name, err)
			}
		}
	}
	configFlags().VisitAll(func(f *pflag.Flag) {
		if _, typed := typedKeys[f.Name]; !typed && (f.Value.Type() != "string" || strings.ContainsAny(f.DefValue, "0123456789")) {
			t.Errorf("%s is not in the table", f.Name)
		}
	})
}

// wantMistake wants a usage error of one line that names the key as it was
// written and none of the libraries underneath.
func wantMistake(t *testing.T, what, name string, err error) {
	t.Helper()
	var usage usageError
	if !errors.As(err, &usage) || !strings.Contains(err.Error(), name) || strings.ContainsAny(err.Error(), "\n\x00") || strings.Contains(err.Error(), "strconv") {
		t.Errorf("%s: %v", what, err)
	}
}

// TestProxiesInTheFile reads the form that only the file has.
func TestProxiesInTheFile(t *testing.T) {
	for _, value := range []string{"[10.0.0.0/8, fd00::/8]", "\n- 10.0.0.0/8\n- fd00::/8", `"10.0.0.0/8,fd00::/8"`} {
		c, _, err := fromSource(t, "file", "trusted-proxies", value)
		if err != nil || fmt.Sprint(c.trustedProxies) != "[10.0.0.0/8 fd00::/8]" {
			t.Errorf("%s: %v %v", value, c, err)
		}
	}
}

// TestTextMustBeText: the file must not turn a token into another one.
func TestTextMustBeText(t *testing.T) {
	const token = "01234567012345670123"
	if c, _, err := fromSource(t, "file", "operator-token", `"`+token+`"`); err != nil || c.operatorToken != token {
		t.Errorf("in quotes: %v", err)
	}
	for _, value := range []string{token, "1234567890123456789012", "2026-01-01"} {
		_, name, err := fromSource(t, "file", "operator-token", value)
		wantMistake(t, value, name, err)
		if strings.Contains(err.Error(), value) {
			t.Errorf("the message shows the token: %v", err)
		}
	}
}

// TestVariables: which variables count, which are passed over, and which are
// mistakes.
func TestVariables(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte("log-format: console\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fine := []string{
		"HOME=/root", "ROSTERD_URL=http://127.0.0.1:8080", "ROSTERD_CONFIG=" + path,
		// A Service called rosterd, and one called rosterd-metrics.
		"ROSTERD_SERVICE_HOST=10.96.7.1", "ROSTERD_SERVICE_PORT=8080", "ROSTERD_SERVICE_PORT_HTTP=8080", "ROSTERD_SERVICE_PORT_HTTP_ALT=8081",
		"ROSTERD_PORT=tcp://10.96.7.1:8080", "ROSTERD_PORT_8080_TCP=tcp://10.96.7.1:8080", "ROSTERD_PORT_8080_TCP_PROTO=tcp",
		"ROSTERD_PORT_8080_TCP_PORT=8080", "ROSTERD_PORT_8080_TCP_ADDR=10.96.7.1", "ROSTERD_PORT_53_UDP=udp://[fd00::1]:53", "ROSTERD_PORT_53_UDP_ADDR=fd00::1",
		"ROSTERD_METRICS_SERVICE_HOST=10.96.7.2", "ROSTERD_METRICS_PORT=tcp://10.96.7.2:9464", "ROSTERD_METRICS_PORT_9464_TCP_PORT=9464",
	}
	c, _, err := loadConfig(configFlags(), fine)
	if err != nil || c.logFormat != "console" {
		t.Fatalf("%v %v", c, err)
	}
	fs := configFlags()
	if err := fs.Parse([]string{"--config="}); err != nil {
		t.Fatal(err)
	}
	if c, _, err := loadConfig(fs, fine); err != nil || c.logFormat != "json" {
		t.Errorf("a flag that wants no file: %v %v", c, err)
	}
	for _, entry := range []string{
		"ROSTERD_WINGS=2", "ROSTERD_HELP=true", "ROSTERD_PRINT_CONFIG=true", "ROSTERD_=1", "ROSTERD_CONFIG=nowhere.yaml",
		"ROSTERD_PORT=8080", "ROSTERD_PORT_HTTP=8080", "ROSTERD_LISTEN_PORT=8080", "ROSTERD_SERVICE_HOST=", "ROSTERD_SERVICE_NAME=x",
		"ROSTERD_PORT_8080_TCP_FLAGS=1", "ROSTERD_SERVICE_PORT=http",
	} {
		variable, _, _ := strings.Cut(entry, "=")
		_, _, err := loadConfig(configFlags(), []string{entry})
		wantMistake(t, entry, variable, err)
	}
}
