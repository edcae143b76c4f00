package main

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/knadh/koanf/v2"
)

// A reader reads keys and remembers the first that is wrong. A variable is
// always text, a flag is text or a number, and the file has types of its own;
// nothing that a source says is dropped because it has another type.
type reader struct {
	k      *koanf.Koanf
	origin origin
	err    error
}

func (r *reader) fail(key, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(r.origin.name(key)+": "+format, args...)
	}
}

// text reads what must be written as text. The file reads 0123 as a number and
// 2026-01-01 as an instant; the value is not shown, since it may be a secret.
func (r *reader) text(key string) string {
	switch v := r.k.Get(key).(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		r.fail(key, "this is no text; put it in quotes")
		return ""
	}
}

// scalar reads what may be written as text or as a whole number.
func (r *reader) scalar(key string) string {
	switch v := r.k.Get(key).(type) {
	case int, int64, uint64:
		return fmt.Sprint(v)
	default:
		return r.text(key)
	}
}

// yes reads true or false.
func (r *reader) yes(key string) bool {
	if v, ok := r.k.Get(key).(bool); ok {
		return v
	}
	v, err := strconv.ParseBool(r.text(key))
	if err != nil {
		r.fail(key, "write true or false")
	}
	return v
}

// list reads texts: a list in the file, or one text with commas.
func (r *reader) list(key string) []string {
	switch v := r.k.Get(key).(type) {
	case []string: // of the flag
		return v
	case []any: // of the file
		out := make([]string, len(v))
		for i, e := range v {
			text, ok := e.(string)
			if !ok {
				r.fail(key, "%v: write a list of texts", e)
			}
			out[i] = text
		}
		return out
	default:
		if text := r.text(key); text != "" {
			return strings.Split(text, ",")
		}
		return nil
	}
}

func (r *reader) networks(key string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range r.list(key) {
		p, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			r.fail(key, "%q is no network such as 10.0.0.0/8", text)
		}
		out = append(out, p)
	}
	return out
}

// size reads a number of bytes. What has no default may be left empty.
func (r *reader) size(key string, least, most uint64) uint64 {
	text := r.scalar(key)
	if text == "" && r.origin.flags.Lookup(key).DefValue == "" {
		return 0
	}
	n, err := humanize.ParseBytes(text)
	switch {
	case err != nil:
		r.fail(key, "%q is no size such as 8MiB", text)
	case n < least || n > most:
		r.fail(key, "%q: it may be %s to %s", text, humanize.IBytes(least), humanize.IBytes(most))
	}
	return n
}

// count reads a whole number of at least least.
func (r *reader) count(key string, least int) int {
	text := r.scalar(key)
	n, err := strconv.Atoi(text)
	if err != nil || n < least {
		r.fail(key, "%q: write a whole number of at least %d", text, least)
	}
	return n
}

const day = 24 * time.Hour

// duration reads what time.ParseDuration reads, and days such as 90d.
func (r *reader) duration(key string) time.Duration {
	text := r.text(key)
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 64)
		if n > uint64(math.MaxInt64/day) {
			err = strconv.ErrRange
		}
		d = time.Duration(n) * day
	}
	if err != nil || d <= 0 {
		r.fail(key, "%q is no duration such as 15m or 90d", text)
	}
	return d
}

// address reads where to listen. An empty one would be every interface of the
// machine, on a port that nobody knows; :8080 says so and is allowed.
func (r *reader) address(key string) string {
	text := r.text(key)
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		r.fail(key, "%q is no address such as 127.0.0.1:8080", text)
	}
	return text
}

// loopback is address of what only this machine may reach.
func (r *reader) loopback(key string) string {
	text := r.address(key)
	host, _, _ := net.SplitHostPort(text)
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		r.fail(key, "%q: write a loopback address such as 127.0.0.1:6060; it is for the operator alone", text)
	}
	return text
}

// baseURL reads what paths are appended to, and drops the slash at its end.
func (r *reader) baseURL(key string) string {
	text := r.text(key)
	if text == "" {
		return ""
	}
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err == nil && u.Port() != "" {
		_, err = strconv.ParseUint(u.Port(), 10, 16)
	}
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(text, "?#") {
		r.fail(key, "%q: write an absolute URL such as https://scim.example.com, without user, query and fragment", text)
		return ""
	}
	return u.String()
}
