package wanllmdb

import (
	"context"
	"log/slog"
	"time"

	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// waiter repeats a call while the services are unavailable.
type waiter struct {
	log      *slog.Logger
	patience time.Duration
	// stop ends the wait; nil for none.
	stop <-chan struct{}
}

// retry calls until that succeeds, fails with an error after which waiting is of no use, or the
// patience is over. The call must be safe to repeat: its request has a request id.
func (w waiter) retry(ctx context.Context, call func() error) error {
	began := time.Now()
	pauses := protocol.Growing(protocol.OutageFirstPause, protocol.OutageLongestPause)
	for waiting := false; ; {
		err := call()
		switch {
		case err == nil:
			if waiting {
				w.log.InfoContext(ctx, "the services are back", "after", time.Since(began))
			}
			return nil
		case !mayPass(err) || time.Since(began) > w.patience:
			return err
		case !waiting:
			waiting = true
			w.log.WarnContext(ctx, "waiting for the services", "patience", w.patience, "error", err)
		}
		timer := time.NewTimer(pauses.Next())
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-w.stop:
			timer.Stop()
			return err
		case <-timer.C:
		}
	}
}
