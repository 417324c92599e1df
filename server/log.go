package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"sotto/linking"
	"sotto/server/store"
)

// NewLog writes JSON lines of at least this level (debug, info, warn or error).
func NewLog(w io.Writer, level string) (*zap.Logger, error) {
	l, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, err
	}
	encoding := zap.NewProductionEncoderConfig()
	encoding.TimeKey, encoding.EncodeTime, encoding.EncodeDuration = "time", zapcore.RFC3339NanoTimeEncoder, zapcore.StringDurationEncoder
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(encoding), zapcore.Lock(zapcore.AddSync(w)), l)), nil
}

// turnLine is all that is logged of one turn.
type turnLine struct {
	Turn     string // the platform's request id
	Platform string
	Intent   string // or what the platform told of a link, where nobody asked anything
	Reply    string // the reply's message key
	Link     string // the link's id, or empty; logged as an HMAC
	Reason   string // why a customer was let down, by kind; empty where he was not
	Took     time.Duration
}

// turnDone logs one line for a turn and counts it. It is a warning where the customer was let down.
func (s *Server) turnDone(t turnLine) {
	s.metrics.turn(t)
	write := s.log.Info
	if t.Reason != "" {
		write = s.log.Warn
	}
	write("turn", zap.String("turn", bounded(t.Turn)), zap.String("platform", t.Platform), zap.String("intent", bounded(t.Intent)),
		zap.String("reply", t.Reply), zap.String("link", s.linkTag(t.Link)), zap.String("reason", t.Reason), zap.Duration("took", t.Took))
}

// refusedLine is all that is logged of a request that was no turn: forged, stale, malformed, too large.
type refusedLine struct {
	Platform string
	Status   int
	Reason   string // a fixed word or sentence, never something the request said
	Took     time.Duration
}

// turnRefused logs one line for a request that was refused at the door and counts it.
func (s *Server) turnRefused(r refusedLine) {
	s.metrics.refused(r)
	s.log.Warn("refused", zap.String("platform", r.Platform), zap.Int("status", r.Status), zap.String("reason", r.Reason), zap.Duration("took", r.Took))
}

// eventsUnread logs one line for a delivery that was taken though some of its events could not be read, and counts those.
func (s *Server) eventsUnread(platform linking.Platform, n int) {
	s.metrics.unread.WithLabelValues(string(platform)).Add(float64(n))
	s.log.Warn("events unread", zap.String("platform", string(platform)), zap.Int("events", n))
}

// stepLine is all that is logged of one step of OAuth.
type stepLine struct {
	Step    string // authorize, consent, callback, par, token, revoke, introspect …
	Outcome string // done, or the OAuth error code
	Client  string // the client's id from settings; empty where it is not known
	Link    string // the link's id, or empty; logged as an HMAC
	Reason  string // by kind; empty where all went well
	Fault   bool   // an engineer must come
	Took    time.Duration
}

// stepDone logs one line for a step of OAuth and counts it.
func (s *Server) stepDone(l stepLine) {
	s.metrics.step(l)
	write := s.log.Info
	switch {
	case l.Fault:
		write = s.log.Error
	case l.Reason != "":
		write = s.log.Warn
	}
	write("oauth", zap.String("step", l.Step), zap.String("outcome", l.Outcome), zap.String("client", bounded(l.Client)),
		zap.String("link", s.linkTag(l.Link)), zap.String("reason", l.Reason), zap.Duration("took", l.Took))
}

// tellTightened logs one line for each link that is tightened, before that is kept. It names the link by its id, by which alone it can be found in an
// older copy of the database; nothing is opened by an id.
func tellTightened(log *zap.Logger) func(store.Tightened) {
	return func(t store.Tightened) {
		log.Info("tightened", zap.String("id", t.Link), zap.String("how", t.How), zap.Int64("at", max(0, t.At.UnixMilli())), zap.Int64("scopes", int64(t.Scopes)))
	}
}

// linkTag is how a link is called in the log: the same link has the same tag, and nobody can find the link by it.
func (s *Server) linkTag(link string) string {
	if link == "" {
		return ""
	}
	mac := hmac.New(sha256.New, s.logKey)
	mac.Write([]byte(link))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// bounded cuts what came from outside to a length fit for a log.
func bounded(text string) string {
	if len(text) > 200 {
		return text[:200]
	}
	return text
}
