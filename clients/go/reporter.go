package wanllmdb

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// lastWait is how long the end of a run waits for a report under way.
const lastWait = 2 * time.Second

// reporter collects the values of a run, and sends them from a goroutine of its own, in the order
// of their rows. Values that are not sent stay until they are, or until close returns them.
type reporter struct {
	// send sends rows that fit one request.
	send func(ctx context.Context, rows []*registryv1.MetricRow, deadline time.Duration) error
	// failed gets an error after which waiting is of no use.
	failed func(error)

	mu     sync.Mutex
	rows   []*registryv1.MetricRow
	byKey  map[rowKey]*registryv1.MetricRow
	values int
	// failing is whether the registry did not answer the last report.
	failing bool

	sending chan struct{} // holds a token while a report is under way
	added   chan struct{}
	full    chan struct{}
	closing chan struct{}
	ended   chan struct{}
	cancel  context.CancelFunc
}

type rowKey struct {
	step      int64
	isSummary bool
}

func newReporter(
	ctx context.Context,
	send func(context.Context, []*registryv1.MetricRow, time.Duration) error,
	failed func(error),
) *reporter {
	r := &reporter{
		send:    send,
		failed:  failed,
		byKey:   map[rowKey]*registryv1.MetricRow{},
		sending: make(chan struct{}, 1),
		added:   make(chan struct{}, 1),
		full:    make(chan struct{}, 1),
		closing: make(chan struct{}),
		ended:   make(chan struct{}),
	}
	ctx, r.cancel = context.WithCancel(ctx)
	go r.work(ctx)
	return r
}

// add adds values of one step; later values of a name replace earlier ones.
func (r *reporter) add(key rowKey, values map[string]float64) {
	if len(values) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	row := r.byKey[key]
	if row == nil {
		row = &registryv1.MetricRow{
			Step: key.step, IsSummary: key.isSummary, Time: timestamppb.Now(),
			Values: make(map[string]float64, len(values)),
		}
		r.byKey[key] = row
		r.rows = append(r.rows, row)
	}
	before := len(row.Values)
	maps.Copy(row.Values, values)
	r.values += len(row.Values) - before
	wake(r.added)
	if r.values >= protocol.FlushValues {
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

func (r *reporter) work(ctx context.Context) {
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
			more, err := r.sendSome(ctx, protocol.RunCallDeadline)
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
// wait for one under way.
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
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	select {
	case r.sending <- struct{}{}:
		defer func() { <-r.sending }()
	case <-ctx.Done():
		return false, ctx.Err()
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
		return false, err
	}
	r.note(false)
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.rows) > 0, nil
}

func (r *reporter) note(failing bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failing = failing
}

// take returns the oldest rows that fit one request, which are now the caller's.
func (r *reporter) take() []*registryv1.MetricRow {
	r.mu.Lock()
	defer r.mu.Unlock()
	var taken batch
	for len(r.rows) > 0 {
		row := r.rows[0]
		if parts := pieces(row); len(parts) > 1 {
			// The parts become rows of their own, of which only the last one takes more values.
			r.rows = slices.Replace(r.rows, 0, 1, parts...)
			r.byKey[keyOf(row)] = parts[len(parts)-1]
			continue
		}
		if !taken.add(row) {
			break
		}
		r.rows = r.rows[1:]
		if key := keyOf(row); r.byKey[key] == row {
			delete(r.byKey, key)
		}
	}
	r.values -= taken.values
	return taken.rows
}

// putBack puts rows before the later ones; of one step, later values win.
func (r *reporter) putBack(earlier []*registryv1.MetricRow) {
	r.mu.Lock()
	defer r.mu.Unlock()
	later := r.rows
	r.rows, r.byKey = nil, map[rowKey]*registryv1.MetricRow{}
	for _, row := range slices.Concat(earlier, later) {
		if there := r.byKey[keyOf(row)]; there != nil {
			maps.Copy(there.Values, row.GetValues())
			continue
		}
		r.byKey[keyOf(row)] = row
		r.rows = append(r.rows, row)
	}
	r.values = countOf(r.rows)
}

// close ends the goroutine, and returns the rows that the registry has not confirmed.
func (r *reporter) close() []*registryv1.MetricRow {
	close(r.closing)
	timer := time.AfterFunc(lastWait, r.cancel)
	<-r.ended
	timer.Stop()
	r.cancel()
	// A flush of code that does not belong to the run's function may still be under way.
	timer = time.NewTimer(lastWait)
	defer timer.Stop()
	select {
	case r.sending <- struct{}{}:
	case <-timer.C:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	rows := r.rows
	r.rows, r.byKey, r.values = nil, map[rowKey]*registryv1.MetricRow{}, 0
	return rows
}

func keyOf(row *registryv1.MetricRow) rowKey { return rowKey{row.GetStep(), row.GetIsSummary()} }

// isTemporary reports whether rows may be accepted later; a defect of a server may pass, too.
func isTemporary(err error) bool { return mayPass(err) || codeOf(err) == codes.Internal }
