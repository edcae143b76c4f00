package httpapi

import (
	"bytes"

	"rosterd/scim"
)

func (s *Server) opsRoutes() []route {
	out := []route{
		{method: "GET", template: "/healthz", surface: "ops", handle: s.healthz},
		{method: "GET", template: "/readyz", surface: "ops", handle: s.readyz},
	}
	if s.cfg.ServeMetrics {
		out = append(out, s.metricsRoute())
	}
	return out
}

func (s *Server) metricsRoute() route {
	return route{method: "GET", template: "/metrics", surface: "ops", handle: s.metrics}
}

// healthz says that the process answers.
func (s *Server) healthz(x *exchange) { x.send(200, "text/plain; charset=utf-8", []byte("ok\n")) }

// readyz says whether the daemon can take writes.
func (s *Server) readyz(x *exchange) {
	if err := s.cfg.Ready(); err != nil {
		x.s.cfg.Log.Warn().Err(err).Bytes("request", x.id).Msg("not ready")
		x.refuse(scim.Errorf(503, "", "not ready; the daemon's log says why"))
		return
	}
	x.send(200, "text/plain; charset=utf-8", []byte("ready\n"))
}

func (s *Server) metrics(x *exchange) {
	var out bytes.Buffer
	kind, err := s.cfg.Metrics.WriteText(&out, string(x.ctx.Request.Header.Peek("Accept")))
	if err != nil {
		x.fail(err)
		return
	}
	x.send(200, kind, out.Bytes())
}
