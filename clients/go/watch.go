package wanllmdb

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"google.golang.org/grpc/codes"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// Watch returns the changes of a sweep and its runs as they happen, after all earlier ones. A
// stream that breaks goes on after the last change. The changes end when the sweep is deleted; when
// the context ends, its error comes last.
func (c *Client) Watch(
	ctx context.Context, sweepID string,
) iter.Seq2[*registryv1.WatchSweepResponse, error] {
	return c.WatchFrom(ctx, &registryv1.WatchSweepRequest{SweepId: sweepID})
}

// WatchFrom is Watch with what the request asks for: changes after a revision of a database, an
// interval between them, columns of runs.
//
// The reason RevisionUnknown, also in the middle, means that the database has another history, for
// example because a backup was restored: discard what was read, and begin again from revision 0.
func (c *Client) WatchFrom(
	ctx context.Context, request *registryv1.WatchSweepRequest,
) iter.Seq2[*registryv1.WatchSweepResponse, error] {
	return func(yield func(*registryv1.WatchSweepResponse, error) bool) {
		// The stream ends with the loop that reads it.
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		request := clone(request)
		hasBegun := false
		reopened(ctx, c.registry, yield, func(yield func(*registryv1.WatchSweepResponse) bool) error {
			stream, err := c.Registry.WatchSweep(ctx, request)
			if err == nil {
				err = received(stream.Recv, func(change *registryv1.WatchSweepResponse) bool {
					hasBegun = true
					request.SinceRevision = change.GetRevision()
					request.DatabaseId = change.GetDatabaseId()
					return yield(change)
				})
			}
			if hasBegun && codeOf(err) == codes.NotFound {
				return nil
			}
			return err
		})
	}
}

// WatchSweeps returns the changes of a list of sweeps. After a break of the stream the list begins
// again: the messages up to the one with is_current replace it.
func (c *Client) WatchSweeps(
	ctx context.Context, request *registryv1.WatchSweepsRequest,
) iter.Seq2[*registryv1.WatchSweepsResponse, error] {
	return func(yield func(*registryv1.WatchSweepsResponse, error) bool) {
		// The stream ends with the loop that reads it.
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		request := clone(request)
		reopened(ctx, c.registry, yield, func(yield func(*registryv1.WatchSweepsResponse) bool) error {
			stream, err := c.Registry.WatchSweeps(ctx, request)
			if err != nil {
				return err
			}
			return received(stream.Recv, yield)
		})
	}
}

// errDone is returned by a stream whose reader wants no more.
var errDone = errors.New("done")

// received passes on what a stream sends until it ends.
func received[T any](receive func() (T, error), yield func(T) bool) error {
	for {
		message, err := receive()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case !yield(message):
			return errDone
		}
	}
}

// reopened opens a stream again after it broke, until it ends well or with another error.
func reopened[T any](
	ctx context.Context, p *peer, yield func(T, error) bool, open func(func(T) bool) error,
) {
	pauses := protocol.Growing(protocol.StreamFirstPause, protocol.StreamLongestPause)
	for {
		err := open(func(message T) bool {
			pauses = protocol.Growing(protocol.StreamFirstPause, protocol.StreamLongestPause)
			return yield(message, nil)
		})
		if err == nil || errors.Is(err, errDone) {
			return
		}
		delay, again := p.reopenDelay(err, &pauses)
		if again {
			err = pause(ctx, delay)
		}
		if err != nil {
			var none T
			yield(none, err)
			return
		}
	}
}

// reopenDelay returns when a stream is opened again, if it is.
func (p *peer) reopenDelay(err error, pauses *protocol.Backoff) (time.Duration, bool) {
	failure, ok := errors.AsType[*Error](err)
	if !ok {
		return 0, false
	}
	isAway := failure.Code == codes.Unavailable || failure.Code == codes.Canceled
	if isAway && p.answered.Load() {
		return jittered(pauses.Next(), protocol.StreamLeast, protocol.StreamMost), true
	}
	if failure.Code == codes.ResourceExhausted {
		return failure.retryAfter()
	}
	return 0, false
}
