package wanllmdb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// peer is one of the two services as a client reaches it. It is a connection of gRPC, so the
// generated stubs work on it, with all that the protocol says of calls: deadlines, request ids,
// repetitions, the replica of a sweep, typed errors.
type peer struct {
	service  service
	endpoint Endpoint
	settings Settings
	keys     *keyring
	routing  *routing
	dial     []grpc.DialOption
	all      *grpc.ClientConn
	// answered is whether the service has ever answered. Calls to a service that has wait for its
	// return; otherwise a wrong address is reported within seconds.
	answered atomic.Bool

	mu       sync.Mutex
	replicas map[string]*grpc.ClientConn
	closed   bool
}

func newPeer(
	s service, endpoint Endpoint, settings Settings, keys *keyring, dial []grpc.DialOption,
) (*peer, error) {
	p := &peer{
		service: s, endpoint: endpoint, settings: settings, keys: keys, routing: &routing{},
		dial: dial, replicas: map[string]*grpc.ClientConn{},
	}
	if s == suggestionService {
		p.routing = newRouting(endpoint)
	}
	var err error
	p.all, err = p.connect(endpoint, s.config(true))
	return p, err
}

var _ grpc.ClientConnInterface = (*peer)(nil)

// Invoke sends one request, again where the protocol says so; it returns an *Error, or an error
// that wraps the one of the context.
func (p *peer) Invoke(
	ctx context.Context, method string, request, reply any, given ...grpc.CallOption,
) error {
	request = withRequestID(request)
	c := callOf(method, request, given)
	for resends := 0; ; resends++ {
		key := p.keys.current()
		err := p.send(withKey(ctx, key), c, request, reply, given)
		if err == nil {
			p.answered.Store(true)
			return nil
		}
		failure := p.failure(ctx, c, err)
		delay, again := p.resendDelay(failure, resends, key)
		if !again {
			return failure
		}
		if err := pause(ctx, delay); err != nil {
			return fmt.Errorf("%s: %w", c.rpc, err)
		}
	}
}

// send sends a request to the replica of its sweep, else to any.
func (p *peer) send(
	ctx context.Context, c call, request, reply any, given []grpc.CallOption,
) error {
	ctx, cancel := context.WithTimeout(ctx, c.deadline)
	defer cancel()
	if replica := p.routing.replicaOf(c.sweepID); replica != "" {
		one, err := p.connection(replica)
		if err != nil {
			return err
		}
		err = one.Invoke(ctx, c.method, request, reply, given...)
		if err == nil || !p.triesOthers(ctx, replica, err) {
			return err
		}
	}
	waits := grpc.WaitForReady(c.waits && p.answered.Load())
	return p.all.Invoke(ctx, c.method, request, reply, append([]grpc.CallOption{waits}, given...)...)
}

// triesOthers reports whether a request that one replica did not answer goes to the others.
func (p *peer) triesOthers(ctx context.Context, replica string, err error) bool {
	failure := NewError(status.Convert(err))
	switch {
	case ctx.Err() != nil && failure.Code != codes.DeadlineExceeded:
		return false
	// A replica whose writes conflicted with others is there.
	case failure.Code == codes.Unavailable && failure.Reason != WriteConflict,
		failure.Code == codes.DeadlineExceeded:
		p.routing.markAway(replica)
	}
	return failure.Code == codes.Unavailable || failure.Code == codes.Canceled
}

// failure returns the error of a failed call: an *Error, unless the program's context has ended.
func (p *peer) failure(ctx context.Context, c call, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", c.rpc, ctx.Err())
	}
	if p.isClosed() {
		return fmt.Errorf("%s: %w", c.rpc, ErrClosed)
	}
	failure := NewError(status.Convert(err))
	if failure.Reason != "" {
		p.answered.Store(true)
	}
	failure.Message = p.message(failure, c)
	return failure
}

// resendDelay returns when the client sends a failed request again, if it does.
func (p *peer) resendDelay(err error, resends int, key Secret) (time.Duration, bool) {
	failure, ok := errors.AsType[*Error](err)
	if !ok || resends >= protocol.MaxResends {
		return 0, false
	}
	if failure.Code == codes.Unauthenticated {
		return 0, p.keys.hasOtherThan(key)
	}
	return failure.retryAfter()
}

// connection returns the connection to one replica, which is made at the first call.
func (p *peer) connection(replica string) (*grpc.ClientConn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one, ok := p.replicas[replica]; ok {
		return one, nil
	}
	if p.closed {
		return nil, ErrClosed
	}
	one, err := p.connect(Endpoint{
		Address: replica, Replicas: []string{replica}, ServerName: p.endpoint.ServerName,
	}, p.service.config(false))
	if err == nil {
		p.replicas[replica] = one
	}
	return one, err
}

func (p *peer) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

func (p *peer) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	err := p.all.Close()
	for _, one := range p.replicas {
		err = errors.Join(err, one.Close())
	}
	return err
}

func withKey(ctx context.Context, key Secret) context.Context {
	if key == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+string(key))
}
