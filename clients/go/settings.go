package wanllmdb

import (
	"log/slog"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// The variables of the environment that name services and how to reach them.
const (
	envRegistry   = "WANLLMDB_REGISTRY"
	envSuggestion = "WANLLMDB_SUGGESTION"
	envAPIKey     = "WANLLMDB_API_KEY"
	envAPIKeyFile = "WANLLMDB_API_KEY_FILE"
	envTLS        = "WANLLMDB_TLS"
	envTLSCA      = "WANLLMDB_TLS_CA"
	envTLSCert    = "WANLLMDB_TLS_CERT"
	envTLSKey     = "WANLLMDB_TLS_KEY"
	envTLSName    = "WANLLMDB_TLS_SERVER_NAME"
	envInsecure   = "WANLLMDB_INSECURE"
	envPatience   = "WANLLMDB_PATIENCE"
)

// Settings are what a client was configured with: options win over the environment, and the
// environment over defaults.
type Settings struct {
	// Registry and Suggestion are where the two services are.
	Registry, Suggestion Endpoint
	// APIKey is the key that every call carries; empty for none.
	APIKey Secret
	// TLS is nil for plain text.
	TLS *TLS
	// Insecure allows the key to go to another machine in plain text.
	Insecure bool
	// Patience is how long an agent waits for services that are unavailable.
	Patience time.Duration
	// FirstPatience is the same for services that have not answered yet.
	FirstPatience time.Duration

	keyFile   string
	keySource string
}

// Secret is a text that logs do not show. Convert it to a string to read it.
type Secret string

// String returns no part of the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(hidden)"
}

// GoString returns no part of the secret.
func (s Secret) GoString() string { return s.String() }

// MarshalText returns no part of the secret, also within JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue returns no part of the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Option configures a client; see Connect.
type Option func(*options)

type options struct {
	registry, suggestion string
	apiKey, apiKeyFile   string
	tls                  *TLS
	plainText            bool
	insecure             bool
	patience             *time.Duration
	getenv               func(string) string
	logger               *slog.Logger
	dial                 []grpc.DialOption
}

// WithRegistry sets the registry's address: host:port, or several of them with commas between.
func WithRegistry(address string) Option { return func(o *options) { o.registry = address } }

// WithSuggestion sets the suggestion service's address, in the same form.
func WithSuggestion(address string) Option { return func(o *options) { o.suggestion = address } }

// WithAPIKey sets the API key.
func WithAPIKey(key string) Option { return func(o *options) { o.apiKey = key } }

// WithAPIKeyFile reads the API key from a file, and again when a service refuses the key.
func WithAPIKeyFile(path string) Option { return func(o *options) { o.apiKeyFile = path } }

// WithTLS uses TLS.
func WithTLS(settings TLS) Option { return func(o *options) { o.tls = &settings } }

// WithPlainText uses no TLS, whatever the environment says.
func WithPlainText() Option { return func(o *options) { o.plainText = true } }

// WithInsecure allows the API key to go to another machine in plain text, in a trusted network.
func WithInsecure() Option { return func(o *options) { o.insecure = true } }

// WithPatience sets how long agents wait for services that are unavailable, also at first.
func WithPatience(d time.Duration) Option { return func(o *options) { o.patience = &d } }

// WithEnvironment reads variables from a function in place of os.Getenv.
func WithEnvironment(getenv func(string) string) Option {
	return func(o *options) { o.getenv = getenv }
}

// WithLogger sets where agents report what they do; by default slog.Default.
func WithLogger(logger *slog.Logger) Option { return func(o *options) { o.logger = logger } }

// WithDialOptions adds options of gRPC to each connection, for example interceptors that trace.
func WithDialOptions(dial ...grpc.DialOption) Option {
	return func(o *options) { o.dial = append(o.dial, dial...) }
}

func collected(given []Option) options {
	o := options{getenv: os.Getenv, logger: slog.Default()}
	for _, option := range given {
		option(&o)
	}
	return o
}

// settings reads the environment and checks everything, without a call.
func (o options) settings() (Settings, error) {
	var s Settings
	var err error
	if s.Registry, err = o.endpoint(o.registry, envRegistry, "localhost:50051"); err != nil {
		return s, err
	}
	if s.Suggestion, err = o.endpoint(o.suggestion, envSuggestion, "localhost:50052"); err != nil {
		return s, err
	}
	if s.TLS, err = o.tlsSettings(); err != nil {
		return s, err
	}
	if s.Insecure, err = o.switched(envInsecure, false); err != nil {
		return s, err
	}
	s.Insecure = s.Insecure || o.insecure
	if err = o.readKey(&s); err != nil {
		return s, err
	}
	for _, endpoint := range []*Endpoint{&s.Registry, &s.Suggestion} {
		if s.TLS != nil {
			endpoint.ServerName = s.TLS.ServerName
			if endpoint.ServerName == "" {
				endpoint.ServerName = endpoint.hostAsWritten()
			}
		}
		if s.APIKey != "" && s.TLS == nil && !s.Insecure && !endpoint.isLoopback() {
			return s, invalid("the API key", "would go to %s in plain text, readable on the network: "+
				"use TLS (%s=1), or, in a network that you trust, set %s=1", endpoint.Address, envTLS,
				envInsecure)
		}
	}
	return s, o.readPatience(&s)
}

func (o options) endpoint(given, variable, byDefault string) (Endpoint, error) {
	for _, candidate := range []struct{ address, source string }{
		{given, "the option for " + variable}, {o.getenv(variable), variable}, {byDefault, variable},
	} {
		if candidate.address != "" {
			return newEndpoint(candidate.address, candidate.source)
		}
	}
	panic("a service has a default address")
}

func (o options) readPatience(s *Settings) error {
	s.Patience, s.FirstPatience = protocol.Patience, protocol.FirstPatience
	asked, err := o.seconds(envPatience, "the patience")
	if err != nil {
		return err
	}
	if o.patience != nil {
		asked = o.patience
	}
	if asked == nil {
		return nil
	}
	if *asked < 0 {
		return invalid("the patience", "is %v, and must be at least 0", *asked)
	}
	s.Patience, s.FirstPatience = *asked, *asked
	return nil
}

// switched reads a switch, which must be on or off.
func (o options) switched(variable string, byDefault bool) (bool, error) {
	text := o.getenv(variable)
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "":
		return byDefault, nil
	case "1", "true", "yes", "on":
		return true, nil
	case "0", "false", "no", "off":
		return false, nil
	default:
		return false, invalid(variable, "is %q: set it to 1 or 0", text)
	}
}

// flagged reads a flag, which is off for everything that does not turn it on.
func (o options) flagged(variable string) bool {
	switch strings.ToLower(o.getenv(variable)) {
	case "1", "true", "yes", "on":
		return true
	default:
		return false
	}
}

// number reads a number of at least 0; nil if the variable is not set. What names it for people.
func (o options) number(variable, what string) (*float64, error) {
	text := o.getenv(variable)
	if text == "" {
		return nil, nil
	}
	number, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(number) {
		return nil, invalid(variable, "is %q, which is no number", text)
	}
	if number < 0 {
		return nil, invalid(variable, "is %s: %s must be at least 0", text, what)
	}
	return &number, nil
}

func (o options) seconds(variable, what string) (*time.Duration, error) {
	number, err := o.number(variable, what)
	if number == nil || err != nil {
		return nil, err
	}
	d := duration(*number)
	return &d, nil
}

// duration converts seconds; a number beyond the longest duration is that.
func duration(seconds float64) time.Duration {
	if seconds >= math.MaxInt64/float64(time.Second) {
		return math.MaxInt64
	}
	return time.Duration(seconds * float64(time.Second))
}
