package main

import (
	"net"
	"net/http"
	"net/http/pprof"
	"time"
)

// serveProfiles answers /debug/pprof on l, for go tool pprof, until its Close.
// Profiles show what the daemon does and names of its code, and cost time, so l
// is the operator's alone (pprof-listen). The command line is not among them: it
// may hold the operator token.
func serveProfiles(l net.Listener) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", http.NotFound)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	s := &http.Server{Addr: l.Addr().String(), Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go s.Serve(l) // ends with Close
	return s
}
