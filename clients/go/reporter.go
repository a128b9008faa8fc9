package wanllmdb

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// lastWait is how long the end of a run waits for a report under way.
const lastWait = 2 * time.Second

// reporter collects the values of a run, and sends them from a goroutine of its own, in the order
// of their rows. Values that are not sent stay until they are, until close returns them, or until
// later ones need their place.
type reporter struct {
	// send sends rows that fit one request.
	send func(ctx context.Context, rows []*registryv1.MetricRow, deadline time.Duration) error
	// failed gets an error after which waiting is of no use.
	failed func(error)
	// leftOut is called once, when the rows of a long outage are too many.
	leftOut func()

	mu         sync.Mutex
	held       held
	maxBytes   int
	hasLeftOut bool
	// failing is whether the registry did not answer the last report.
	failing bool

	sending chan struct{} // holds a token while a report is under way
	added   chan struct{}
	full    chan struct{}
	closing chan struct{}
	ended   chan struct{}
	// ctx is the context of all reports.
	ctx    context.Context
	cancel context.CancelFunc
}

func newReporter(
	ctx context.Context,
	send func(context.Context, []*registryv1.MetricRow, time.Duration) error,
	failed func(error), leftOut func(),
) *reporter {
	r := &reporter{
		send:     send,
		failed:   failed,
		leftOut:  leftOut,
		maxBytes: maxHeldBytes,
		sending:  make(chan struct{}, 1),
		added:    make(chan struct{}, 1),
		full:     make(chan struct{}, 1),
		closing:  make(chan struct{}),
		ended:    make(chan struct{}),
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	go r.work()
	return r
}

// add adds values of one step; later values of a name replace earlier ones.
func (r *reporter) add(key rowKey, values map[string]float64) {
	if len(values) == 0 {
		return
	}
	r.mu.Lock()
	r.held.add(key, values)
	isFull := r.held.values >= protocol.FlushValues
	isFirst := r.held.leaveOut(r.maxBytes) > 0 && !r.hasLeftOut
	r.hasLeftOut = r.hasLeftOut || isFirst
	r.mu.Unlock()
	if isFirst {
		r.leftOut()
	}
	wake(r.added)
	if isFull {
		wake(r.full)
	}
}

// wake wakes a goroutine, which may already be awake.
func wake(channel chan<- struct{}) {
	select {
	case channel <- struct{}{}:
	default:
	}
}

func (r *reporter) isFailing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failing
}

func (r *reporter) work() {
	defer close(r.ended)
	for {
		select {
		case <-r.closing:
			return
		case <-r.added:
		}
		if !r.rest(protocol.FlushPause, r.full) {
			return
		}
		for {
			more, err := r.sendSome(r.ctx, protocol.RunCallDeadline)
			if err != nil {
				select {
				case <-r.closing:
					return
				default:
				}
				if !isTemporary(err) {
					r.failed(err)
					return
				}
				if !r.rest(protocol.ReportFailurePause, nil) {
					return
				}
				continue
			}
			if !more {
				break
			}
		}
	}
}

// rest waits, or until the channel wakes it; it returns false when the reporter is closed.
func (r *reporter) rest(d time.Duration, until <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-r.closing:
		return false
	case <-until:
	case <-timer.C:
	}
	return true
}

// flush sends all values that were added before. The deadline is that of each report, and of the
// wait for one under way. It returns errOver once the run is over.
func (r *reporter) flush(ctx context.Context, deadline time.Duration) error {
	for {
		more, err := r.sendSome(ctx, deadline)
		if err != nil || !more {
			return err
		}
	}
}

// sendSome sends the oldest rows that fit one request, and reports whether more are left.
func (r *reporter) sendSome(ctx context.Context, deadline time.Duration) (bool, error) {
	// The end of the reporter ends every report, also that of a flush.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	select {
	case r.sending <- struct{}{}:
		defer func() { <-r.sending }()
	case <-ctx.Done():
		return false, r.whyEnded(ctx)
	case <-timer.C:
		r.note(true)
		return false, NewError(status.Newf(codes.DeadlineExceeded,
			"earlier values are still not sent after %v", deadline))
	}
	rows := r.take()
	if len(rows) == 0 {
		return false, nil
	}
	if err := r.send(ctx, rows, deadline); err != nil {
		r.putBack(rows)
		r.note(isTemporary(err))
		if r.ctx.Err() != nil {
			err = errOver
		}
		return false, err
	}
	r.note(false)
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.held.rows) > 0, nil
}

// whyEnded returns why a report did not begin.
func (r *reporter) whyEnded(ctx context.Context) error {
	if r.ctx.Err() != nil {
		return errOver
	}
	return ctx.Err()
}

func (r *reporter) note(failing bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failing = failing
}

func (r *reporter) take() []*registryv1.MetricRow {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held.take()
}

func (r *reporter) putBack(rows []*registryv1.MetricRow) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held.putBack(rows)
}

// close ends the goroutine and all reports, and returns the rows that the registry has not
// confirmed.
func (r *reporter) close() []*registryv1.MetricRow {
	close(r.closing)
	timer := time.AfterFunc(lastWait, r.cancel)
	<-r.ended
	// A flush beside the run's function may still be under way: it puts its rows back before.
	r.sending <- struct{}{}
	timer.Stop()
	r.cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held.takeAll()
}

// isTemporary reports whether rows may be accepted later; a defect of a server may pass, too.
func isTemporary(err error) bool { return mayPass(err) || codeOf(err) == codes.Internal }
