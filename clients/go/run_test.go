package wanllmdb_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	wanllmdb "github.com/wanllmdb/sweeps/clients/go"
	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/fake"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// rowsOf works on one run, and returns all rows that arrived, and the run's end.
func rowsOf(
	t *testing.T, train wanllmdb.TrainFunc,
) ([]*registryv1.MetricRow, *registryv1.FinishRunRequest) {
	t.Helper()
	var mu sync.Mutex
	var rows []*registryv1.MetricRow
	services := &fake.Services{Runs: 1}
	services.Report = func(request *registryv1.ReportMetricsRequest) error {
		mu.Lock()
		defer mu.Unlock()
		rows = append(rows, request.GetRows()...)
		return nil
	}
	client := connect(t, services, nil)
	if _, err := client.Agent(t.Context(), fake.SweepID, train); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	return append(rows, services.End(0).GetRows()...), services.End(0)
}

func TestStepsGoOnAfterTheLastOne(t *testing.T) {
	rows, _ := rowsOf(t, func(ctx context.Context, run *wanllmdb.Run) error {
		for _, err := range []error{
			run.Log(ctx, wanllmdb.Values{"a": 1}),
			run.LogAt(ctx, 10, wanllmdb.Values{"a": 2}),
			run.Log(ctx, wanllmdb.Values{"a": 3}),
			run.LogAt(ctx, -1, wanllmdb.Values{"a": 4}), // left out with a warning
		} {
			if err != nil {
				return err
			}
		}
		if run.Step() != 12 {
			t.Errorf("the next step is %d", run.Step())
		}
		return nil
	})
	got := map[int64]float64{}
	for _, row := range rows {
		got[row.GetStep()] = row.GetValues()["a"]
	}
	if !maps.Equal(got, map[int64]float64{0: 1, 10: 2, 11: 3}) {
		t.Errorf("got %v", got)
	}
}

func TestSummaryAndConfigReachTheRegistry(t *testing.T) {
	rows, end := rowsOf(t, func(ctx context.Context, run *wanllmdb.Run) error {
		if err := run.Log(ctx, wanllmdb.Values{"a": 1}); err != nil {
			return err
		}
		run.SetSummary(wanllmdb.Values{"a": 0.5, strings.Repeat("long", 100): 1})
		if err := run.SetConfig("nothing", func() {}); err == nil {
			t.Error("a function is accepted as a value")
		}
		return run.SetConfig("batch", 64)
	})
	if end.GetConfig()["batch"].GetIntValue() != 64 || len(end.GetConfig()) != 1 {
		t.Errorf("the config is %v", end.GetConfig())
	}
	last := rows[len(rows)-1]
	if !last.GetIsSummary() || !maps.Equal(last.GetValues(), map[string]float64{"a": 0.5}) {
		t.Errorf("the last row is %v", last)
	}
}

func TestAConfigKeepsItsFirstEntriesByName(t *testing.T) {
	_, end := rowsOf(t, func(_ context.Context, run *wanllmdb.Run) error {
		for i := range protocol.ConfigMaxEntries + 1 {
			if err := run.SetConfig(fmt.Sprintf("entry%04d", i), i); err != nil {
				return err
			}
		}
		return nil
	})
	last := end.GetConfig()[fmt.Sprintf("entry%04d", protocol.ConfigMaxEntries)]
	if len(end.GetConfig()) != protocol.ConfigMaxEntries || last != nil {
		t.Errorf("got %d entries, and %v", len(end.GetConfig()), last)
	}
}

func TestACodeCanCancelItsRun(t *testing.T) {
	_, end := rowsOf(t, func(context.Context, *wanllmdb.Run) error {
		return wanllmdb.Canceled("no such optimizer")
	})
	if end.GetCanceled().GetReason() != "no such optimizer" {
		t.Errorf("the run ended with %v", end)
	}
}

func TestPagesCanBeReadTwice(t *testing.T) {
	client := connect(t, &fake.Services{Runs: 3}, nil)
	runs := client.Runs(t.Context(), fake.SweepID)
	for range 2 {
		var numbers []int64
		for run, err := range runs {
			if err != nil {
				t.Fatal(err)
			}
			if numbers = append(numbers, run.GetNumber()); len(numbers) == 2 {
				break
			}
		}
		if len(numbers) != 2 || numbers[0] != 0 || numbers[1] != 1 {
			t.Errorf("got the runs %v", numbers)
		}
	}
}
