package wanllmdb

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // asks replicas whether they serve
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/resolver"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	suggestionv1 "github.com/wanllmdb/sweeps/clients/go/api/suggestion/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// service is one of the two services.
type service struct {
	name, fullName, variable string
}

var (
	registryService = service{
		"registry", registryv1.SweepRegistryService_ServiceDesc.ServiceName, envRegistry,
	}
	suggestionService = service{
		"suggestion service", suggestionv1.SuggestionService_ServiceDesc.ServiceName, envSuggestion,
	}
)

// config returns gRPC's service config: calls are spread over the replicas that serve and, with
// retries, repeated by the connection.
func (s service) config(retries bool) string {
	type object = map[string]any
	config := object{
		"loadBalancingConfig": []object{{"round_robin": object{}}},
		"healthCheckConfig":   object{"serviceName": s.fullName},
	}
	policy := func(attempts int, first, longest string, factor float64) object {
		return object{
			"maxAttempts":          attempts,
			"initialBackoff":       first,
			"maxBackoff":           longest,
			"backoffMultiplier":    factor,
			"retryableStatusCodes": []string{"UNAVAILABLE", "CANCELLED"},
		}
	}
	if retries {
		config["methodConfig"] = []object{
			{
				"name": []object{{"service": suggestionService.fullName, "method": "ShouldStop"}},
				"retryPolicy": policy(protocol.ShouldStopAttempts, secondsText(protocol.ShouldStopPause),
					secondsText(protocol.ShouldStopPause), 1),
			},
			{
				"name": []object{{}},
				"retryPolicy": policy(protocol.TransportAttempts,
					secondsText(protocol.TransportFirstPause),
					secondsText(protocol.TransportLongestPause), protocol.TransportFactor),
			},
		}
	}
	text, err := json.Marshal(config)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func secondsText(d time.Duration) string { return fmt.Sprintf("%gs", d.Seconds()) }

// connect returns a connection, which connects at its first call.
func (p *peer) connect(endpoint Endpoint, config string) (*grpc.ClientConn, error) {
	target, builder := endpoint.target()
	if scheme, _, _ := strings.Cut(target, ":"); builder == nil && resolver.Get(scheme) == nil {
		return nil, invalid(p.service.variable, "is %q: gRPC for Go has no resolver for %s",
			endpoint.Address, scheme)
	}
	transport := insecure.NewCredentials()
	if p.settings.TLS != nil {
		transport = credentials.NewTLS(p.settings.TLS.configFor(endpoint.ServerName))
	}
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultServiceConfig(config),
		grpc.WithDisableServiceConfig(),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(protocol.MaxReceiveBytes),
			// gRPC repeats no request that is larger than this, by default 256 KiB.
			grpc.MaxRetryRPCBufferSize(protocol.MaxReceiveBytes)),
		// The limit counts some bytes more for each entry.
		grpc.WithMaxHeaderListSize(2 * protocol.MaxMetadataBytes),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: protocol.Keepalive, Timeout: protocol.KeepaliveTimeout, PermitWithoutStream: true,
		}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay:  protocol.FirstReconnect,
				Multiplier: backoff.DefaultConfig.Multiplier,
				Jitter:     backoff.DefaultConfig.Jitter,
				MaxDelay:   protocol.LongestReconnect,
			},
			MinConnectTimeout: protocol.ConnectTimeout,
		}),
	}
	if builder != nil {
		dial = append(dial, grpc.WithResolvers(builder))
	}
	if endpoint.isLoopback() {
		// A proxy for outside addresses can't reach services on this machine.
		dial = append(dial, grpc.WithNoProxy())
	}
	return grpc.NewClient(target, append(dial, p.dial...)...)
}

// message returns what people read about a failed call.
func (p *peer) message(failure *Error, c call) string {
	where := fmt.Sprintf("the %s at %s", p.service.name, p.endpoint.Address)
	switch failure.Reason {
	case "":
		return p.transportMessage(failure, c, where)
	case KeyMissing:
		return where + " asks for an API key: set " + envAPIKey + ", or " + envAPIKeyFile +
			" to a file that holds it"
	case KeyInvalid, KeyExpired, KeyRevoked:
		return fmt.Sprintf("%s (it is from %s)", failure.Message, p.keys.source)
	default:
		return failure.Message
	}
}

func (p *peer) transportMessage(failure *Error, c call, where string) string {
	switch failure.Code {
	case codes.Unavailable:
		return fmt.Sprintf("no %s answers at %s: start one with `wanllmdb up`, or set %s to its "+
			"address (%s)", p.service.name, p.endpoint.Address, p.service.variable, failure.Message)
	case codes.Canceled:
		return fmt.Sprintf("%s ended %s without an answer; it may be stopping or overloaded", where,
			c.rpc)
	case codes.DeadlineExceeded:
		return fmt.Sprintf("%s did not answer %s within %v", where, c.rpc, c.deadline)
	case codes.Unimplemented:
		return fmt.Sprintf("%s does not know %s: it is older than this client, or another program "+
			"listens there", where, c.rpc)
	default:
		return fmt.Sprintf("%s could not carry out %s: %s", where, c.rpc, failure.Message)
	}
}
