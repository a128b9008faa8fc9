// Package fake has services for tests: one sweep, whose runs they assign, and about which they
// accept everything.
package fake

import (
	"context"
	"maps"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/durationpb"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	suggestionv1 "github.com/wanllmdb/sweeps/clients/go/api/suggestion/v1"
)

// SweepID is the id of the sweep.
const SweepID = "k6rsniyyjhjy"

// Services are both services.
type Services struct {
	registryv1.UnimplementedSweepRegistryServiceServer
	suggestionv1.UnimplementedSuggestionServiceServer

	// Runs is how many runs there are.
	Runs int64
	// Find decides on reading the sweep; nil to return it.
	Find func(context.Context) error
	// Stops decides ShouldStop; nil for a sweep without early termination.
	Stops func(number int64) bool
	// Report decides on reports; nil to accept all.
	Report func(*registryv1.ReportMetricsRequest) error
	// Finished is called after the end of a run; nil for nothing.
	Finished func(number int64)
	// Update decides on changes of runs; nil to accept all.
	Update func(*registryv1.UpdateRunRequest) error

	mu       sync.Mutex
	assigned int64
	// values has the values of "loss" by run and step.
	values   map[int64]map[int64]float64
	ends     map[int64]*registryv1.FinishRunRequest
	released []int64
}

// Start serves until the test ends, and returns the address of both services.
func (s *Services) Start(t testing.TB) string {
	t.Helper()
	s.values = map[int64]map[int64]float64{}
	s.ends = map[int64]*registryv1.FinishRunRequest{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	registryv1.RegisterSweepRegistryServiceServer(server, s)
	suggestionv1.RegisterSuggestionServiceServer(server, s)
	serving := health.NewServer()
	for name := range server.GetServiceInfo() {
		serving.SetServingStatus(name, healthpb.HealthCheckResponse_SERVING)
	}
	healthpb.RegisterHealthServer(server, serving)
	go func() {
		if err := server.Serve(listener); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// Values returns the values of "loss" of a run, by step.
func (s *Services) Values(number int64) map[int64]float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.values[number])
}

// End returns how a run ended; nil if it did not.
func (s *Services) End(number int64) *registryv1.FinishRunRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ends[number]
}

// Released returns the runs that were given back.
func (s *Services) Released() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.released
}

// CreateSweep returns the one sweep.
func (s *Services) CreateSweep(
	context.Context, *registryv1.CreateSweepRequest,
) (*registryv1.CreateSweepResponse, error) {
	return &registryv1.CreateSweepResponse{Sweep: s.sweep()}, nil
}

// GetSweep returns the sweep.
func (s *Services) GetSweep(
	ctx context.Context, _ *registryv1.GetSweepRequest,
) (*registryv1.GetSweepResponse, error) {
	if s.Find != nil {
		if err := s.Find(ctx); err != nil {
			return nil, err
		}
	}
	return &registryv1.GetSweepResponse{Sweep: s.sweep()}, nil
}

// GetRun returns a run.
func (s *Services) GetRun(
	_ context.Context, request *registryv1.GetRunRequest,
) (*registryv1.GetRunResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &registryv1.GetRunResponse{Run: s.run(request.GetNumber())}, nil
}

// ListRuns returns a page with one run.
func (s *Services) ListRuns(
	_ context.Context, request *registryv1.ListRunsRequest,
) (*registryv1.ListRunsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	number := int64(len(request.GetPageToken()))
	response := &registryv1.ListRunsResponse{Runs: []*registryv1.Run{s.run(number)}}
	if number+1 < s.Runs {
		response.NextPageToken = request.GetPageToken() + "x"
	}
	return response, nil
}

// Suggest carries out the ends that it brings, and assigns the next run.
func (s *Services) Suggest(
	ctx context.Context, request *suggestionv1.SuggestRequest,
) (*suggestionv1.SuggestResponse, error) {
	response := &suggestionv1.SuggestResponse{LeaseDuration: durationpb.New(time.Minute)}
	for _, end := range request.GetEndedRuns() {
		ended, err := s.FinishRun(ctx, end)
		if err != nil {
			return nil, err
		}
		response.EndedRuns = append(response.EndedRuns, &registryv1.FinishRunResult{
			Result: &registryv1.FinishRunResult_Response{Response: ended},
		})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.assigned == s.Runs {
		response.Exhausted = suggestionv1.ExhaustedReason_EXHAUSTED_REASON_RUN_CAP
		return response, nil
	}
	response.Runs = []*registryv1.Run{s.run(s.assigned)}
	s.assigned++
	if s.Stops != nil {
		response.NextCheckIteration = new(int64(2))
	}
	return response, nil
}

// ShouldStop decides whether a run stops.
func (s *Services) ShouldStop(
	_ context.Context, request *suggestionv1.ShouldStopRequest,
) (*suggestionv1.ShouldStopResponse, error) {
	return &suggestionv1.ShouldStopResponse{
		ShouldStop: s.Stops != nil && s.Stops(request.GetNumber()), Reason: "worse than the best",
	}, nil
}

// ReportMetrics accepts values.
func (s *Services) ReportMetrics(
	_ context.Context, request *registryv1.ReportMetricsRequest,
) (*registryv1.ReportMetricsResponse, error) {
	if s.Report != nil {
		if err := s.Report(request); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accept(request.GetNumber(), request.GetRows())
	return &registryv1.ReportMetricsResponse{
		Command: registryv1.RunCommand_RUN_COMMAND_CONTINUE,
	}, nil
}

// UpdateRun accepts changes of a run.
func (s *Services) UpdateRun(
	_ context.Context, request *registryv1.UpdateRunRequest,
) (*registryv1.UpdateRunResponse, error) {
	if s.Update != nil {
		if err := s.Update(request); err != nil {
			return nil, err
		}
	}
	return &registryv1.UpdateRunResponse{Run: request.GetRun()}, nil
}

// FinishRun accepts the end of a run.
func (s *Services) FinishRun(
	_ context.Context, end *registryv1.FinishRunRequest,
) (*registryv1.FinishRunResponse, error) {
	if s.Finished != nil {
		defer s.Finished(end.GetNumber())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accept(end.GetNumber(), end.GetRows())
	s.ends[end.GetNumber()] = end
	return &registryv1.FinishRunResponse{Run: s.run(end.GetNumber())}, nil
}

// ReleaseRun accepts a run that is given back.
func (s *Services) ReleaseRun(
	_ context.Context, request *registryv1.ReleaseRunRequest,
) (*registryv1.ReleaseRunResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.released = append(s.released, request.GetNumber())
	return &registryv1.ReleaseRunResponse{}, nil
}

// GetBestRuns returns the run with the smallest last value, if one has values.
func (s *Services) GetBestRuns(
	context.Context, *suggestionv1.GetBestRunsRequest,
) (*suggestionv1.GetBestRunsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var best *registryv1.Run
	for number := range s.assigned {
		if run := s.run(number); run.Objective != nil &&
			(best == nil || run.GetObjective() < best.GetObjective()) {
			best = run
		}
	}
	if best == nil {
		return &suggestionv1.GetBestRunsResponse{}, nil
	}
	return &suggestionv1.GetBestRunsResponse{Runs: []*registryv1.Run{best}}, nil
}

func (s *Services) accept(number int64, rows []*registryv1.MetricRow) {
	if s.values[number] == nil {
		s.values[number] = map[int64]float64{}
	}
	for _, row := range rows {
		if value, ok := row.GetValues()["loss"]; ok {
			s.values[number][row.GetStep()] = value
		}
	}
}

func (s *Services) sweep() *registryv1.Sweep {
	spec := &registryv1.SweepSpec{
		Metrics: []*registryv1.Metric{{Name: "loss", Goal: registryv1.Goal_GOAL_MINIMIZE}},
	}
	if s.Stops != nil {
		spec.EarlyTermination = &registryv1.EarlyTermination{}
	}
	return &registryv1.Sweep{
		SweepId: SweepID, Spec: spec, State: registryv1.SweepState_SWEEP_STATE_RUNNING,
	}
}

func (s *Services) run(number int64) *registryv1.Run {
	run := &registryv1.Run{
		SweepId: SweepID, Number: &number, Attempt: 1,
		State: registryv1.RunState_RUN_STATE_RUNNING,
		Parameters: map[string]*registryv1.ParameterValue{
			"lr": {Kind: &registryv1.ParameterValue_DoubleValue{
				DoubleValue: 0.01 / float64(number+1),
			}},
			"layers": {Kind: &registryv1.ParameterValue_IntValue{IntValue: number%4 + 1}},
		},
	}
	if values := s.values[number]; len(values) > 0 {
		run.Objective = new(values[int64(len(values)-1)])
	}
	switch s.ends[number].GetOutcome().(type) {
	case *registryv1.FinishRunRequest_Succeeded:
		run.State = registryv1.RunState_RUN_STATE_FINISHED
	case *registryv1.FinishRunRequest_Failed:
		run.State = registryv1.RunState_RUN_STATE_FAILED
	case *registryv1.FinishRunRequest_Pruned:
		run.State = registryv1.RunState_RUN_STATE_PRUNED
	case *registryv1.FinishRunRequest_Canceled:
		run.State = registryv1.RunState_RUN_STATE_CANCELED
	}
	return run
}
