package wanllmdb

import (
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// registry records reports; it fails as often as it should.
type registry struct {
	mu       sync.Mutex
	failures int
	reports  [][]*registryv1.MetricRow
}

func (r *registry) send(
	_ context.Context, rows []*registryv1.MetricRow, _ time.Duration,
) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failures > 0 {
		r.failures--
		return NewError(status.New(codes.Unavailable, "not now"))
	}
	r.reports = append(r.reports, rows)
	return nil
}

// recover ends the failures.
func (r *registry) recover() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = 0
}

// all returns the reports that arrived.
func (r *registry) all() [][]*registryv1.MetricRow {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.reports)
}

// steps returns the steps in the order in which they arrived.
func (r *registry) steps() []int64 {
	var steps []int64
	for _, row := range slices.Concat(r.all()...) {
		steps = append(steps, row.GetStep())
	}
	return steps
}

func started(t *testing.T, r *registry) *reporter {
	return newReporter(t.Context(), r.send, func(err error) { t.Error(err) }, func() {
		t.Error("values are left out")
	})
}

func TestValuesGoTogetherAfterAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registry{}
		reporter := started(t, r)
		reporter.add(rowKey{step: 0}, Values{"a": 1})
		reporter.add(rowKey{step: 1}, Values{"a": 2})
		time.Sleep(protocol.FlushPause - 1)
		synctest.Wait()
		if len(r.all()) != 0 {
			t.Errorf("%d reports came at once", len(r.all()))
		}
		time.Sleep(2 * time.Nanosecond)
		synctest.Wait()
		if len(r.all()) != 1 || !slices.Equal(r.steps(), []int64{0, 1}) {
			t.Errorf("got the reports %v", r.all())
		}
		reporter.close()
	})
}

func TestManyValuesGoAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registry{}
		reporter := started(t, r)
		for step := range int64(protocol.FlushValues) {
			reporter.add(rowKey{step: step}, Values{"a": 1})
		}
		synctest.Wait()
		if len(r.all()) != 1 {
			t.Errorf("%d reports came at once", len(r.all()))
		}
		reporter.close()
	})
}

func TestRowsKeepTheirOrderInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registry{failures: 2}
		reporter := started(t, r)
		for step := range int64(4) {
			reporter.add(rowKey{step: step}, Values{"a": 1})
			time.Sleep(protocol.FlushPause)
		}
		if !reporter.isFailing() {
			t.Error("the outage is not known")
		}
		// The values of a step that is reported again replace those that wait.
		reporter.add(rowKey{step: 0}, Values{"a": 5, "b": 6})
		time.Sleep(3 * protocol.ReportFailurePause)
		synctest.Wait()
		if !slices.Equal(r.steps(), []int64{0, 1, 2, 3}) {
			t.Errorf("the steps arrived as %v", r.steps())
		}
		if got := r.all()[0][0].GetValues(); !maps.Equal(got, Values{"a": 5, "b": 6}) {
			t.Errorf("step 0 has the values %v", got)
		}
		if reporter.isFailing() {
			t.Error("the end of the outage is not known")
		}
		reporter.close()
	})
}

func TestCloseReturnsWhatIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registry{}
		reporter := started(t, r)
		reporter.add(rowKey{step: 0}, Values{"a": 1})
		if err := reporter.flush(t.Context(), time.Second); err != nil {
			t.Error(err)
		}
		reporter.add(rowKey{step: 1}, Values{"a": 1})
		rows := reporter.close()
		if len(rows) != 1 || rows[0].GetStep() != 1 || !slices.Equal(r.steps(), []int64{0}) {
			t.Errorf("close returned %v, and %v arrived", rows, r.steps())
		}
	})
}

func TestARowThatAFlushSendsAtTheEndIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := func(ctx context.Context, _ []*registryv1.MetricRow, _ time.Duration) error {
			<-ctx.Done()
			return ctx.Err()
		}
		reporter := newReporter(t.Context(), hangs, func(err error) { t.Error(err) }, nil)
		reporter.add(rowKey{step: 7}, Values{"a": 1})
		go func() {
			if err := reporter.flush(t.Context(), time.Hour); err != errOver {
				t.Errorf("the flush ends with %v", err)
			}
		}()
		synctest.Wait()
		if rows := reporter.close(); len(rows) != 1 || rows[0].GetStep() != 7 {
			t.Errorf("close returned %v", rows)
		}
	})
}

func TestALongOutageCostsTheOldestRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count, fit = 100, 10
		r := &registry{failures: math.MaxInt}
		warnings := 0
		reporter := newReporter(t.Context(), r.send, func(err error) { t.Error(err) }, func() {
			warnings++
		})
		reporter.maxBytes = fit * (bytesARow + bytesAValue + len("a"))
		for step := range int64(count) {
			reporter.add(rowKey{step: step}, Values{"a": 1})
			time.Sleep(protocol.FlushPause)
		}
		r.recover()
		time.Sleep(2 * protocol.ReportFailurePause)
		synctest.Wait()
		steps := r.steps()
		// Those of the last failed report may be there, too.
		if len(steps) < fit || len(steps) > 2*fit || !slices.IsSorted(steps) || slices.Max(steps) != count-1 {
			t.Errorf("the steps %v arrived", steps)
		}
		if warnings != 1 {
			t.Errorf("there are %d warnings", warnings)
		}
		reporter.close()
	})
}

func TestALoggedValueAfterAFinalOneComesLater(t *testing.T) {
	var h held
	h.add(rowKey{step: 5}, Values{"a": 1})
	h.add(rowKey{5, true}, Values{"a": 2})
	h.add(rowKey{step: 5}, Values{"a": 3})
	h.add(rowKey{5, true}, Values{"b": 4})
	rows := h.take()
	h.putBack(rows[:2])
	h.rows = append(h.rows, rows[2:]...)
	var got []float64
	for _, row := range h.rows {
		for _, value := range row.GetValues() {
			got = append(got, value)
		}
	}
	if !slices.Equal(got, []float64{1, 2, 3, 4}) {
		t.Errorf("the values are in the order %v", got)
	}
}

func TestTheSizeOfWhatIsHeldIsThatOfItsRows(t *testing.T) {
	var h held
	for step := range int64(3_000) {
		h.add(rowKey{step / 2, step%7 == 0}, Values{"a": 1, strconv.Itoa(int(step % 5)): 2})
	}
	large := Values{}
	for i := range protocol.ReportMaxValues + 1 {
		large[strconv.Itoa(i)] = 1
	}
	h.add(rowKey{step: 4_000}, large)
	for taken := 0; len(h.rows) > 0; taken++ {
		rows := h.take()
		if taken%2 == 0 {
			h.putBack(rows)
			h.add(rowKey{step: rows[0].GetStep()}, Values{"c": 1})
		}
		bytes := 0
		for _, row := range h.rows {
			bytes += sizeOf(row)
		}
		if h.bytes != bytes || h.values != countOf(h.rows) {
			t.Fatalf("%d bytes of %d values, not %d of %d", h.bytes, h.values, bytes, countOf(h.rows))
		}
	}
}

func TestALargeRowIsSentInPartsThatFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &registry{}
		reporter := started(t, r)
		values := Values{}
		for i := range 2*protocol.ReportMaxValues + 1 {
			values[strconv.Itoa(i)] = float64(i)
		}
		reporter.add(rowKey{step: 3}, values)
		if err := reporter.flush(t.Context(), time.Second); err != nil {
			t.Error(err)
		}
		arrived := Values{}
		for _, rows := range r.all() {
			if countOf(rows) > protocol.ReportMaxValues {
				t.Errorf("a report has %d values", countOf(rows))
			}
			for _, row := range rows {
				if row.GetStep() != 3 {
					t.Errorf("a part has step %d", row.GetStep())
				}
				maps.Copy(arrived, row.GetValues())
			}
		}
		if !maps.Equal(arrived, values) {
			t.Errorf("%d of %d values arrived", len(arrived), len(values))
		}
		reporter.close()
	})
}
