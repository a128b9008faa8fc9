package wanllmdb

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// sender sends the reports of one attempt of a run. Values that the registry rejects are left out
// with a warning, and the rest of the run is still reported.
type sender struct {
	client *Client
	run    *registryv1.Run
	obey   func(registryv1.RunCommand)
	log    *slog.Logger

	mu sync.Mutex
	// known are the metrics that the registry has accepted.
	known map[string]bool
	// onlyKnown is whether a limit of metrics was reached, so that new ones are not sent again.
	onlyKnown bool
	warned    map[string]bool
	repliedAt time.Time
}

func newSender(
	client *Client, sweep *registryv1.Sweep, run *registryv1.Run,
	obey func(registryv1.RunCommand), log *slog.Logger,
) *sender {
	s := &sender{
		client: client, run: run, obey: obey, log: log,
		known: map[string]bool{}, warned: map[string]bool{}, repliedAt: time.Now(),
	}
	for _, metric := range sweep.GetSpec().GetMetrics() {
		s.known[metric.GetName()] = true
	}
	return s
}

// report sends rows that fit one request.
func (s *sender) report(
	ctx context.Context, rows []*registryv1.MetricRow, deadline time.Duration,
) error {
	s.mu.Lock()
	if s.onlyKnown {
		rows = withoutValues(rows, func(_ int, name string) bool { return s.known[name] })
	}
	s.mu.Unlock()
	if len(rows) == 0 {
		return nil
	}
	request := &registryv1.ReportMetricsRequest{
		SweepId: s.run.GetSweepId(), Number: s.run.Number, Attempt: s.run.GetAttempt(),
		Rows: rows, RequestId: newRequestID(),
	}
	for request != nil {
		response, err := s.client.Registry.ReportMetrics(ctx, request, within(deadline))
		if err == nil {
			s.accepted(request.GetRows())
			s.obey(response.GetCommand())
			return nil
		}
		rejected, ok := errors.AsType[*Error](err)
		if !ok || !rejected.rejectsContent() {
			return err
		}
		s.warn(ctx, rejected)
		request = reducedReport(request, rejected, s.knownMetrics())
	}
	return nil
}

// reportAll sends rows, and waits for a registry that is unavailable.
func (s *sender) reportAll(ctx context.Context, w waiter, rows []*registryv1.MetricRow) error {
	for _, rows := range batches(rows) {
		err := w.retry(ctx, func() error { return s.report(ctx, rows, protocol.RunCallDeadline) })
		if err != nil {
			return err
		}
	}
	return nil
}

// finish sends the end of the run, with the last batch of rows in it, after the other batches. It
// first tries to bring the end with another call.
func (s *sender) finish(
	ctx context.Context, w waiter, outcome outcome, rows []*registryv1.MetricRow,
	config map[string]*registryv1.ParameterValue,
	bring func(*registryv1.FinishRunRequest) *registryv1.FinishRunResponse,
) (*registryv1.FinishRunResponse, error) {
	end := &registryv1.FinishRunRequest{
		SweepId: s.run.GetSweepId(), Number: s.run.Number, Attempt: s.run.GetAttempt(),
		Config: config, RequestId: newRequestID(),
	}
	outcome.fill(end)
	if all := batches(rows); len(all) > 0 {
		for _, earlier := range all[:len(all)-1] {
			if err := s.reportAll(ctx, w, earlier); err != nil {
				return nil, err
			}
		}
		end.Rows = all[len(all)-1]
	}
	if bring != nil {
		if response := bring(end); response != nil {
			return response, nil
		}
	}
	for {
		var response *registryv1.FinishRunResponse
		err := w.retry(ctx, func() (err error) {
			response, err = s.client.Registry.FinishRun(ctx, end, within(protocol.RunCallDeadline))
			return err
		})
		rejected, ok := errors.AsType[*Error](err)
		if !ok || !rejected.rejectsContent() {
			return response, err
		}
		s.warn(ctx, rejected)
		rest := reducedEnd(end, rejected, s.knownMetrics())
		if rest == nil {
			return nil, err
		}
		end = rest
	}
}

// storeConfig stores the config of a run that another process finishes, unless the registry rejects
// it.
func (s *sender) storeConfig(
	ctx context.Context, w waiter, config map[string]*registryv1.ParameterValue,
) error {
	if len(config) == 0 {
		return nil
	}
	request := &registryv1.UpdateRunRequest{
		Run: &registryv1.Run{
			SweepId: s.run.GetSweepId(), Number: s.run.Number, Config: config,
		},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"config"}},
		RequestId:  newRequestID(),
	}
	err := w.retry(ctx, func() error {
		_, err := s.client.Registry.UpdateRun(ctx, request, within(protocol.RunCallDeadline))
		return err
	})
	if rejected, ok := errors.AsType[*Error](err); ok && rejected.rejectsContent() {
		s.log.WarnContext(ctx, "the registry rejects the config of the run", "error", err)
		return nil
	}
	return err
}

// endOfThisAttempt returns the run if this attempt of it has ended, for example by a child.
func (s *sender) endOfThisAttempt(ctx context.Context, w waiter) (*registryv1.Run, error) {
	var run *registryv1.Run
	err := w.retry(ctx, func() (err error) {
		run, err = s.client.currentRun(ctx, s.run.GetSweepId(), s.run.GetNumber())
		return err
	})
	if err != nil || run.GetAttempt() != s.run.GetAttempt() || !isFinal(run.GetState()) {
		return nil, err
	}
	return run, nil
}

// release gives the run back, so that any agent can get it.
func (s *sender) release(ctx context.Context, reason string) error {
	_, err := s.client.Registry.ReleaseRun(ctx, &registryv1.ReleaseRunRequest{
		SweepId: s.run.GetSweepId(), Number: s.run.Number, Attempt: s.run.GetAttempt(),
		Reason: cutMessage(reason),
	}, within(protocol.RunCallDeadline))
	return err
}

// silence returns how long the registry has not answered a report.
func (s *sender) silence() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.repliedAt)
}

func (s *sender) accepted(rows []*registryv1.MetricRow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repliedAt = time.Now()
	if s.onlyKnown {
		// The known metrics may include values that were rejected.
		return
	}
	for _, row := range rows {
		for name := range row.GetValues() {
			s.known[name] = true
		}
	}
}

func (s *sender) knownMetrics() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := make(map[string]bool, len(s.known))
	for name := range s.known {
		known[name] = true
	}
	return known
}

func (s *sender) warn(ctx context.Context, err *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	namesRows := false
	for _, problem := range err.Fields {
		namesRows = namesRows || problem.Field != "" && problem.Field != "rows"
	}
	s.onlyKnown = s.onlyKnown || !namesRows
	kind := string(err.Reason) + err.Code.String()
	if !s.warned[kind] {
		s.warned[kind] = true
		s.log.WarnContext(ctx, "the registry rejects a part of the run, which continues", "error", err)
	}
}

// currentRun returns a run within the deadline of an agent's calls.
func (c *Client) currentRun(
	ctx context.Context, sweepID string, number int64,
) (*registryv1.Run, error) {
	response, err := c.Registry.GetRun(ctx, &registryv1.GetRunRequest{
		SweepId: sweepID, Run: &registryv1.GetRunRequest_Number{Number: number},
	}, within(protocol.RunCallDeadline))
	return response.GetRun(), err
}

func isFinal(state registryv1.RunState) bool {
	switch state {
	case registryv1.RunState_RUN_STATE_UNSPECIFIED, registryv1.RunState_RUN_STATE_QUEUED,
		registryv1.RunState_RUN_STATE_RUNNING:
		return false
	default:
		return true
	}
}
