package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// delay are the buckets of what may take seconds or days: the time from an
// invoice's due instant or an event to its document or delivery.
var delay = []float64{0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600}

// ledger makes the series of seats, windows, invoices and deliveries.
func (m *Metrics) ledger() {
	m.seats = gauges("seats", "Seats, by state: purchased, booked, seated, free, waiting.", "state")
	m.windowsOpen = gauge("windows_open", "Windows of bookings that are open.")
	m.windowOverdue = gauge("window_overdue_seconds", "How long the oldest window that is still open is past its end; 0: none is.")
	m.waitingOldest = gauge("waiting_oldest_seconds", "How long the longest waiting person has waited for a seat; 0: nobody waits.")
	m.invoices = counter("invoices_total", "Invoices and corrections issued since the start of the daemon.")
	m.invoiceDelay = histogram("invoice_delay_seconds", "Time from the instant at which an invoice was due to its issue.", delay)
	m.deliveries = counters("deliveries_total", "Attempts of deliveries, by outcome: delivered, failed or dead.", "kind", "outcome")
	m.deliveryLag = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Name: "delivery_lag_seconds", Help: "Time from an event to its delivery.", Buckets: delay,
	}, []string{"kind"})
	m.deliveriesDead = gauges("deliveries_dead", "Messages that were given up and not replayed.", "kind")
	for _, kind := range []string{"webhook", "mail"} {
		for _, outcome := range []string{"delivered", "failed", "dead"} {
			m.deliveries.WithLabelValues(kind, outcome)
		}
		m.deliveriesDead.WithLabelValues(kind)
	}
	m.registry.MustRegister(
		m.seats, m.windowsOpen, m.windowOverdue, m.waitingOldest, m.invoices, m.invoiceDelay, m.deliveries, m.deliveryLag, m.deliveriesDead,
	)
}

// Seats sets how many seats of all workspaces are in a state: purchased,
// booked, seated, free or waiting.
func (m *Metrics) Seats(state string, n int64) {
	if m != nil {
		m.seats.WithLabelValues(state).Set(float64(n))
	}
}

// Windows sets how many windows are open, and how long the oldest is past its
// end.
func (m *Metrics) Windows(open int, overdue time.Duration) {
	if m != nil {
		m.windowsOpen.Set(float64(open))
		m.windowOverdue.Set(overdue.Seconds())
	}
}

// WaitingOldest sets how long the longest waiting person has waited.
func (m *Metrics) WaitingOldest(d time.Duration) {
	if m != nil {
		m.waitingOldest.Set(d.Seconds())
	}
}

// InvoiceIssued counts an invoice or a correction, issued so long after it was
// due.
func (m *Metrics) InvoiceIssued(delay time.Duration) {
	if m != nil {
		m.invoices.Inc()
		m.invoiceDelay.Observe(delay.Seconds())
	}
}

// Delivery counts an attempt. kind is webhook or mail, outcome delivered,
// failed or dead.
func (m *Metrics) Delivery(kind, outcome string) {
	if m != nil {
		m.deliveries.WithLabelValues(kind, outcome).Inc()
	}
}

// DeliveryLag observes the time from an event to its delivery.
func (m *Metrics) DeliveryLag(kind string, lag time.Duration) {
	if m != nil {
		m.deliveryLag.WithLabelValues(kind).Observe(lag.Seconds())
	}
}

// DeliveriesDead sets how many dead letters there are.
func (m *Metrics) DeliveriesDead(kind string, n int) {
	if m != nil {
		m.deliveriesDead.WithLabelValues(kind).Set(float64(n))
	}
}
