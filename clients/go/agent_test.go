package wanllmdb_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	wanllmdb "github.com/wanllmdb/sweeps/clients/go"
	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/fake"
)

// connect returns a client of the services, for an environment with these variables alone.
func connect(
	t *testing.T, services *fake.Services, variables map[string]string,
) *wanllmdb.Client {
	t.Helper()
	address := services.Start(t)
	client, err := wanllmdb.Connect(
		wanllmdb.WithRegistry(address), wanllmdb.WithSuggestion(address),
		wanllmdb.WithEnvironment(func(name string) string { return variables[name] }),
		wanllmdb.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func TestSeveralRunsAtATime(t *testing.T) {
	services := &fake.Services{Runs: 7}
	client := connect(t, services, nil)
	var both sync.WaitGroup
	both.Add(2)
	result, err := client.Agent(t.Context(), fake.SweepID,
		func(ctx context.Context, run *wanllmdb.Run) error {
			if run.Number() < 2 {
				// Neither of the first two runs ends before the other has begun.
				both.Done()
				both.Wait()
			}
			for i := range 3 {
				if err := run.Log(ctx, wanllmdb.Values{"loss": float64(i)}); err != nil {
					return err
				}
			}
			return nil
		}, wanllmdb.WithParallel(2))
	if err != nil || result.Runs != 7 || result.Failed != 0 {
		t.Fatalf("got %+v and %v", result, err)
	}
	for number := range int64(7) {
		if got := services.Values(number); !maps.Equal(got, map[int64]float64{0: 0, 1: 1, 2: 2}) {
			t.Errorf("run %d has the values %v", number, got)
		}
		if services.End(number).GetSucceeded() == nil {
			t.Errorf("run %d ended with %v", number, services.End(number))
		}
	}
}

func TestTheEndOfTheContextGivesTheRunBack(t *testing.T) {
	services := &fake.Services{Runs: 2}
	client := connect(t, services, nil)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := client.Agent(ctx, fake.SweepID, func(ctx context.Context, _ *wanllmdb.Run) error {
		cancel()
		<-ctx.Done()
		if _, ok := errors.AsType[*wanllmdb.StoppedError](context.Cause(ctx)); !ok {
			t.Errorf("the cause is %v", context.Cause(ctx))
		}
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v", err)
	}
	if got := services.Released(); !slices.Equal(got, []int64{0}) {
		t.Errorf("the runs %v were given back", got)
	}
	if services.End(0) != nil {
		t.Errorf("the run ended with %v", services.End(0))
	}
}

func TestAnAgentThatStillWaitsForItsSweepEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	services := &fake.Services{Runs: 1, Find: func(call context.Context) error {
		cancel()
		<-call.Done()
		ended <- call.Err()
		return call.Err()
	}}
	client := connect(t, services, nil)
	_, err := client.Agent(ctx, fake.SweepID, func(context.Context, *wanllmdb.Run) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v", err)
	}
	if why := <-ended; !errors.Is(why, context.Canceled) {
		t.Errorf("the call for the sweep went on until %v", why)
	}
}

func TestTheLogSaysWhichErrorEndedTheAgent(t *testing.T) {
	services := &fake.Services{Runs: 1, Find: func(context.Context) error {
		return status.Error(codes.NotFound, "there is no such sweep")
	}}
	var log strings.Builder
	address := services.Start(t)
	client, err := wanllmdb.Connect(
		wanllmdb.WithRegistry(address), wanllmdb.WithSuggestion(address),
		wanllmdb.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	_, err = client.Agent(t.Context(), fake.SweepID, func(context.Context, *wanllmdb.Run) error { return nil })
	if err == nil {
		t.Fatal("the agent ended without an error")
	}
	if want := `because="` + err.Error(); !strings.Contains(log.String(), want) {
		t.Errorf("%q is not in the log %q", want, log.String())
	}
}

func TestTheEndOfTheContextIsTheErrorAlsoAfterOtherRunsEnded(t *testing.T) {
	both, finished := make(chan struct{}), make(chan struct{})
	services := &fake.Services{Runs: 3, Finished: func(int64) { close(finished) }}
	client := connect(t, services, nil)
	ctx, cancel := context.WithCancel(t.Context())
	result, err := client.Agent(ctx, fake.SweepID,
		func(ctx context.Context, run *wanllmdb.Run) error {
			if run.Number() == 0 {
				<-both
				return nil
			}
			close(both)
			// The other loop takes no more runs, since the agent works on two only.
			<-finished
			cancel()
			<-ctx.Done()
			return ctx.Err()
		}, wanllmdb.WithParallel(2), wanllmdb.WithCount(2))
	if !errors.Is(err, context.Canceled) || result.Runs != 1 {
		t.Errorf("got %+v and %v", result, err)
	}
}

func TestTheContextOfAFunctionEndsWithTheFunction(t *testing.T) {
	client := connect(t, &fake.Services{Runs: 1}, nil)
	var kept context.Context
	_, err := client.Agent(t.Context(), fake.SweepID,
		func(ctx context.Context, _ *wanllmdb.Run) error {
			kept = ctx
			return ctx.Err()
		})
	if err != nil || kept.Err() == nil {
		t.Errorf("got %v and the context ended with %v", err, kept.Err())
	}
}

func TestAnAgentNeedsAFunction(t *testing.T) {
	client := connect(t, &fake.Services{Runs: 1}, nil)
	_, err := client.Agent(t.Context(), fake.SweepID, nil)
	if _, ok := errors.AsType[*wanllmdb.InvalidError](err); !ok {
		t.Errorf("got the error %v", err)
	}
}

func TestAPanicFailsTheRun(t *testing.T) {
	services := &fake.Services{Runs: 1}
	client := connect(t, services, nil)
	result, err := client.Agent(t.Context(), fake.SweepID,
		func(context.Context, *wanllmdb.Run) error { panic("no such layer") })
	if err != nil || result.Failed != 1 {
		t.Fatalf("got %+v and %v", result, err)
	}
	problem := services.End(0).GetFailed().GetError()
	if problem.GetMessage() != "panic: no such layer" {
		t.Errorf("the message is %q", problem.GetMessage())
	}
	if !strings.Contains(problem.GetTraceback(), "TestAPanicFailsTheRun") {
		t.Errorf("the stack trace is %q", problem.GetTraceback())
	}
}

func TestARunThatStopsEarlyIsPruned(t *testing.T) {
	services := &fake.Services{Runs: 2, Stops: func(number int64) bool { return number == 0 }}
	client := connect(t, services, nil)
	_, err := client.Agent(t.Context(), fake.SweepID,
		func(ctx context.Context, run *wanllmdb.Run) error {
			for range 4 {
				if err := run.Log(ctx, wanllmdb.Values{"loss": 1}); err != nil {
					return err
				}
			}
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	if services.End(0).GetPruned().GetReason() != "worse than the best" {
		t.Errorf("run 0 ended with %v", services.End(0))
	}
	if len(services.Values(0)) != 2 || len(services.Values(1)) != 4 {
		t.Errorf("got the values %v and %v", services.Values(0), services.Values(1))
	}
}

func TestAnAgentGivesUp(t *testing.T) {
	services := &fake.Services{Runs: 9}
	client := connect(t, services, map[string]string{"WANLLMDB_AGENT_MAX_QUICK_FAILURES": "2"})
	broken := errors.New("no more memory")
	_, err := client.Agent(t.Context(), fake.SweepID,
		func(context.Context, *wanllmdb.Run) error { return broken })
	if _, ok := errors.AsType[*wanllmdb.GaveUpError](err); !ok || !errors.Is(err, broken) {
		t.Errorf("got the error %v", err)
	}
	if services.End(1) == nil || services.End(2) != nil {
		t.Error("the agent did not give up after two runs")
	}
}

func TestValuesThatTheRegistryRejectsAreLeftOut(t *testing.T) {
	services := &fake.Services{Runs: 1, Report: func(request *registryv1.ReportMetricsRequest) error {
		for _, row := range request.GetRows() {
			if _, ok := row.GetValues()["noise"]; ok {
				return status.Error(codes.FailedPrecondition, "too many metrics")
			}
		}
		return nil
	}}
	client := connect(t, services, nil)
	_, err := client.Agent(t.Context(), fake.SweepID,
		func(ctx context.Context, run *wanllmdb.Run) error {
			for range 2_500 {
				if err := run.Log(ctx, wanllmdb.Values{"loss": 1, "noise": 2}); err != nil {
					return err
				}
			}
			return nil
		})
	if err != nil || len(services.Values(0)) != 2_500 {
		t.Errorf("got %d values and %v", len(services.Values(0)), err)
	}
}

func TestANameThatAnOutageLeftIsStoredBeforeTheEnd(t *testing.T) {
	var updates []*registryv1.UpdateRunRequest
	services := &fake.Services{Runs: 1}
	services.Update = func(request *registryv1.UpdateRunRequest) error {
		updates = append(updates, request)
		if services.End(0) != nil {
			t.Error("the run has already ended")
		}
		if len(updates) < 2 {
			return status.Error(codes.DeadlineExceeded, "not now")
		}
		return nil
	}
	client := connect(t, services, nil)
	_, err := client.Agent(t.Context(), fake.SweepID,
		func(ctx context.Context, run *wanllmdb.Run) error {
			return run.Describe(ctx, "baseline", map[string]string{"node": "a\x00b"})
		})
	if err != nil || len(updates) != 2 || !proto.Equal(updates[0], updates[1]) {
		t.Fatalf("got the requests %v and %v", updates, err)
	}
	if labels := updates[1].GetRun().GetLabels(); labels["node"] != "a\uFFFDb" {
		t.Errorf("got the labels %v", labels)
	}
}

func TestAChildDeliversItsValuesAndSendsNoEnd(t *testing.T) {
	services := &fake.Services{Runs: 1}
	client := connect(t, services, map[string]string{
		"WANLLMDB_SWEEP_ID": fake.SweepID, "WANLLMDB_RUN_NUMBER": "0", "WANLLMDB_RUN_ATTEMPT": "1",
	})
	failure := errors.New("no more memory")
	err := client.Child(t.Context(), func(ctx context.Context, run *wanllmdb.Run) error {
		if err := run.Log(ctx, wanllmdb.Values{"loss": 3}); err != nil {
			return err
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Errorf("got the error %v", err)
	}
	if got := services.Values(0); got[0] != 3 || services.End(0) != nil {
		t.Errorf("got the values %v and the end %v", got, services.End(0))
	}
}

func TestAChildWhoseConfigIsRejectedSucceeds(t *testing.T) {
	services := &fake.Services{Runs: 1, Update: func(*registryv1.UpdateRunRequest) error {
		return status.Error(codes.InvalidArgument, "no such name")
	}}
	client := connect(t, services, map[string]string{
		"WANLLMDB_SWEEP_ID": fake.SweepID, "WANLLMDB_RUN_NUMBER": "0", "WANLLMDB_RUN_ATTEMPT": "1",
	})
	err := client.Child(t.Context(), func(ctx context.Context, run *wanllmdb.Run) error {
		return errors.Join(run.SetConfig("batch", 64), run.Log(ctx, wanllmdb.Values{"loss": 3}))
	})
	if got := services.Values(0); err != nil || got[0] != 3 {
		t.Errorf("got %v and the values %v", err, got)
	}
}

func TestOnlyTheProcessOfRank0Reports(t *testing.T) {
	for name, c := range map[string]struct {
		variables map[string]string
		reports   bool
	}{
		"rank 0":                  {map[string]string{"RANK": "0", "LOCAL_RANK": "3"}, true},
		"rank 2":                  {map[string]string{"RANK": "2"}, false},
		"rank 1 on the machine":   {map[string]string{"SLURM_LOCALID": "1"}, false},
		"all ranks report":        {map[string]string{"RANK": "2", "WANLLMDB_ALL_RANKS": "1"}, true},
		"the rank of the agent":   {map[string]string{"RANK": "2", "WANLLMDB_AGENT_RANKS": `{"RANK": "2"}`}, true},
		"another launch":          {map[string]string{"RANK": "2", "WORLD_SIZE": "4", "WANLLMDB_AGENT_RANKS": `{"RANK": "2"}`}, false},
		"an invalid text":         {map[string]string{"RANK": "2", "WANLLMDB_AGENT_RANKS": "[]"}, false},
		"no rank of a launcher's": {map[string]string{"MASTER_PORT": "1"}, true},
	} {
		services := &fake.Services{Runs: 1}
		maps.Copy(c.variables, map[string]string{
			"WANLLMDB_SWEEP_ID": fake.SweepID, "WANLLMDB_RUN_NUMBER": "0", "WANLLMDB_RUN_ATTEMPT": "1",
		})
		client := connect(t, services, c.variables)
		err := client.Child(t.Context(), func(ctx context.Context, run *wanllmdb.Run) error {
			run.SetSummary(wanllmdb.Values{"loss": 1})
			return errors.Join(
				run.Describe(ctx, "baseline", nil), run.Log(ctx, wanllmdb.Values{"loss": 3}))
		})
		if reports := len(services.Values(0)) > 0; err != nil || reports != c.reports {
			t.Errorf("%s: got %v and the values %v", name, err, services.Values(0))
		}
	}
}

func TestAProcessWithoutARunIsNoChild(t *testing.T) {
	client := connect(t, &fake.Services{}, nil)
	err := client.Child(t.Context(), func(context.Context, *wanllmdb.Run) error { return nil })
	if _, ok := errors.AsType[*wanllmdb.NoRunError](err); !ok {
		t.Errorf("got the error %v", err)
	}
}

func TestOptionsOfAnAgentAreChecked(t *testing.T) {
	client := connect(t, &fake.Services{}, nil)
	for name, option := range map[string]wanllmdb.AgentOption{
		"resuming without a name": wanllmdb.WithResume(),
		"a count below 0":         wanllmdb.WithCount(-1),
		"-1 runs at a time":       wanllmdb.WithParallel(-1),
	} {
		_, err := client.Agent(t.Context(), fake.SweepID,
			func(context.Context, *wanllmdb.Run) error { return nil }, option)
		if _, ok := errors.AsType[*wanllmdb.InvalidError](err); !ok {
			t.Errorf("%s: got the error %v", name, err)
		}
	}
}

func TestCallsOfAClosedClientFail(t *testing.T) {
	client := connect(t, &fake.Services{}, nil)
	for range 2 {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := client.Sweep(t.Context(), fake.SweepID); !errors.Is(err, wanllmdb.ErrClosed) {
		t.Errorf("got the error %v", err)
	}
}

func TestTheEndOfAContextIsTheErrorOfACall(t *testing.T) {
	client := connect(t, &fake.Services{}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Sweep(ctx, fake.SweepID); !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v", err)
	}
}
