package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are the numbers about the service. Label values are ours alone (names of the catalogue, of settings, of kinds), so their
// number is bounded; what is not known is counted as "other".
type metrics struct {
	registry *prometheus.Registry
	intents  map[string]bool
	keys     map[string]bool
	clients  map[string]bool

	turns    *prometheus.CounterVec
	turnTime *prometheus.HistogramVec
	refusals *prometheus.CounterVec
	unread   *prometheus.CounterVec
	steps    *prometheus.CounterVec
	stepTime *prometheus.HistogramVec
	banks    *prometheus.CounterVec
	bankTime *prometheus.HistogramVec
	expiring *prometheus.GaugeVec
}

// within are the bounds of the histograms, in seconds: up to the turn's budget of 3 s, and what is beyond it.
var within = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10}

func newMetrics(intents, keys, clients []string) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: within}, labels)
	}
	m := &metrics{
		registry: prometheus.NewRegistry(), intents: setOf(intents), keys: setOf(keys), clients: setOf(clients),
		turns:    counter("sotto_turns_total", "Turns answered.", "platform", "intent", "reply"),
		turnTime: histogram("sotto_turn_seconds", "How long a turn took.", "platform"),
		refusals: counter("sotto_refused_total", "Platform requests refused at the door.", "platform", "status"),
		unread:   counter("sotto_events_unread_total", "Events of deliveries that were taken which could not be read.", "platform"),
		steps:    counter("sotto_oauth_steps_total", "Steps of OAuth by outcome.", "step", "outcome", "client"),
		stepTime: histogram("sotto_oauth_step_seconds", "How long a step of OAuth took.", "step"),
		banks:    counter("sotto_bank_calls_total", "Calls to banks by outcome.", "bank", "outcome"),
		bankTime: histogram("sotto_bank_call_seconds", "How long a call to a bank took.", "bank"),
		expiring: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sotto_connections_expiring", Help: "Connections whose permission at the bank ends within seven days.",
		}, []string{"bank"}),
	}
	m.registry.MustRegister(m.turns, m.turnTime, m.refusals, m.unread, m.steps, m.stepTime, m.banks, m.bankTime, m.expiring,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

func known(set map[string]bool, name string) string {
	if name == "" || set[name] {
		return name
	}
	return "other"
}

func (m *metrics) turn(t turnLine) {
	m.turns.WithLabelValues(t.Platform, known(m.intents, t.Intent), known(m.keys, t.Reply)).Inc()
	m.turnTime.WithLabelValues(t.Platform).Observe(t.Took.Seconds())
}

func (m *metrics) refused(r refusedLine) {
	m.refusals.WithLabelValues(r.Platform, strconv.Itoa(r.Status)).Inc()
}

func (m *metrics) step(l stepLine) {
	m.steps.WithLabelValues(l.Step, l.Outcome, known(m.clients, l.Client)).Inc()
	m.stepTime.WithLabelValues(l.Step).Observe(l.Took.Seconds())
}

// bank counts one HTTP exchange with a bank. The bank's id comes from settings.
func (m *metrics) bank(id, outcome string, took time.Duration) {
	m.banks.WithLabelValues(id, outcome).Inc()
	m.bankTime.WithLabelValues(id).Observe(took.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2})
}
