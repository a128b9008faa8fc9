package wanllmdb

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// usualLease is the length of a lease of a service that does not say it.
const usualLease = time.Minute

// leaseOf returns the length of a lease as a service says it, else the one before.
func leaseOf(said *durationpb.Duration, before time.Duration) time.Duration {
	if said == nil {
		return before
	}
	return said.AsDuration()
}

// keepLease renews the lease of a run until the context ends or the lease is lost. Any other
// failure is tried again, while training and the lease go on.
func keepLease(
	ctx context.Context, c *Client, run *registryv1.Run, lease time.Duration, o *orders,
) {
	request := &registryv1.HeartbeatRequest{Leases: []*registryv1.RunLease{{
		SweepId: run.GetSweepId(), Number: run.Number, Attempt: run.GetAttempt(),
	}}}
	interval := protocol.HeartbeatPause(lease)
	next := interval
	for pause(ctx, next) == nil {
		next = interval
		response, err := c.Registry.Heartbeat(ctx, request, within(protocol.HeartbeatDeadline))
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			lease = leaseOf(response.GetLeaseDuration(), lease)
			interval = protocol.HeartbeatPause(lease)
			next = interval
			for _, status := range response.GetStatuses() {
				o.obey(status.GetCommand())
			}
		case codeOf(err) == codes.NotFound || codeOf(err) == codes.FailedPrecondition:
			o.stop(leaseLost, err.Error())
			return
		default:
			next = min(interval, protocol.HeartbeatFailurePause)
		}
	}
}
