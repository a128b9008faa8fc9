package wanllmdb

import (
	"context"
	"maps"
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
	return newReporter(t.Context(), r.send, func(err error) { t.Error(err) })
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
