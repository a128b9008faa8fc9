package wanllmdb

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	suggestionv1 "github.com/wanllmdb/sweeps/clients/go/api/suggestion/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// loop works on one run at a time. The Suggest for the next run brings the end of the run before,
// which saves a call.
type loop struct {
	agent *agent
	name  string
	// resume is whether to begin with the runs that this name holds.
	resume bool
	// known is whether the suggestion service has answered.
	known   bool
	claimed bool
	// ahead is the answer to the Suggest that brought the last run's end.
	ahead *suggestionv1.SuggestResponse
	// unanswered is the request id of such a Suggest that got no answer.
	unanswered string
	// paused is whether the log says that the sweep is paused.
	paused bool
}

// work works on runs until the sweep has no more, or the loop may take no more.
func (l *loop) work() error {
	defer func() {
		if l.ahead != nil {
			l.giveBackAll(l.ahead.GetRuns())
		}
	}()
	for l.ahead != nil || (l.goesOn() && l.claims()) {
		l.claimed = false
		suggestion, err := l.next()
		if err != nil || suggestion == nil {
			return err
		}
		for i, run := range suggestion.GetRuns() {
			if err := l.workOn(run, suggestion); err != nil {
				l.giveBackAll(suggestion.GetRuns()[i+1:])
				return err
			}
		}
	}
	return nil
}

func (l *loop) goesOn() bool { return !l.agent.shutdown.is(drain) }

// claims reserves one more run, which stays reserved until a run begins.
func (l *loop) claims() bool {
	l.claimed = l.claimed || l.agent.claim()
	return l.claimed
}

// workOn works on one run, and reports how it ended.
func (l *loop) workOn(assigned *registryv1.Run, suggestion *suggestionv1.SuggestResponse) error {
	a := l.agent
	lease := leaseOf(suggestion.GetLeaseDuration(), usualLease)
	ctx, run, err := newRun(a.ctx, a.base, a.client, a.log, assignment{
		sweep: a.sweep, run: assigned, nextCheck: suggestion.NextCheckIteration,
		resumed: suggestion.GetResumed(), continues: suggestion.GetResumed(), lease: &lease,
	})
	if err != nil {
		l.giveBackAll([]*registryv1.Run{assigned})
		return err
	}
	a.began(run)
	if !l.goesOn() {
		// The run was assigned after the agent stopped taking runs.
		l.giveBack(run, "the agent was interrupted")
		return nil
	}
	run.log.InfoContext(ctx, "run", "parameters", run.parameters, "resumed", run.resumed)
	trace, ended := l.train(ctx, run)
	stopped := run.orders.current()
	if stopped != nil && stopped.order == toGiveBack {
		l.giveBack(run, stopped.Reason)
		return nil
	}
	outcome, sends := outcomeOf(ended, trace, stopped)
	w := a.waiter(giveBack, a.client.settings.Patience)
	if err := run.complete(a.base, w, outcome, sends, l.bring); err != nil {
		a.gaveBack(run)
		return fmt.Errorf("the end of run %d could not be delivered; the run is queued again when "+
			"its lease runs out: %w", run.Number(), err)
	}
	run.log.InfoContext(ctx, "run ended", "state", run.ended.GetState(),
		"objective", run.ended.GetObjective())
	return a.finished(run, ended)
}

// train calls the training function; it returns the stack of a panic, and the error.
func (l *loop) train(ctx context.Context, run *Run) (trace string, err error) {
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-l.agent.shutdown.reached[giveBack]:
			run.orders.stop(toGiveBack, "the agent was interrupted")
		case <-ended:
		}
	}()
	return trained(ctx, run, l.agent.train)
}

// trained calls a training function, and then ends its context. A panic is an error, with the
// stack.
func trained(ctx context.Context, run *Run, train TrainFunc) (trace string, err error) {
	defer func() {
		run.orders.cancel(nil)
		if problem := recover(); problem != nil {
			trace, err = string(debug.Stack()), fmt.Errorf("panic: %v", problem)
		}
	}()
	return "", train(ctx, run)
}

func (l *loop) giveBack(run *Run, reason string) {
	l.agent.cutShort()
	l.agent.gaveBack(run)
	if err := run.giveBack(l.agent.base, reason); err != nil {
		run.log.Warn("the run could not be given back; it is queued again when its lease runs out",
			"error", err)
		return
	}
	run.log.Info("the run was given back")
}

// giveBackAll gives back runs that the loop has not begun.
func (l *loop) giveBackAll(runs []*registryv1.Run) {
	for _, run := range runs {
		s := &sender{client: l.agent.client, run: run}
		if err := s.release(l.agent.base, "the agent was ended by an error"); err != nil {
			l.agent.log.Warn("a run could not be given back", "run", run.GetNumber(), "error", err)
		}
	}
}

// bring sends a run's end with the Suggest for the next run; it returns nil if FinishRun must send
// the end. Without an answer the next Suggest repeats this one, without the end.
func (l *loop) bring(end *registryv1.FinishRunRequest) *registryv1.FinishRunResponse {
	if l.resume || proto.Size(end) > protocol.MaxBroughtBytes || !l.goesOn() || !l.claims() {
		return nil
	}
	request := l.request(newRequestID())
	request.EndedRuns = []*registryv1.FinishRunRequest{end}
	response, err := l.agent.client.Suggestion.Suggest(l.agent.base, request)
	if err != nil {
		l.unanswered = request.GetRequestId()
		return nil
	}
	l.ahead = response
	if results := response.GetEndedRuns(); len(results) > 0 {
		// FinishRun sends a rejected end again, which returns the error, and one without a result.
		return results[0].GetResponse()
	}
	return nil
}

func (l *loop) request(id string) *suggestionv1.SuggestRequest {
	return &suggestionv1.SuggestRequest{
		SweepId: l.agent.sweep.GetSweepId(), Count: 1, AgentId: l.name, RequestId: id,
		Resume: l.resume,
	}
}

// next returns the next runs; nil when there are no more.
func (l *loop) next() (*suggestionv1.SuggestResponse, error) {
	id := l.unanswered
	l.unanswered = ""
	pauses := protocol.Growing(protocol.PollFirstPause, protocol.PollLongestPause)
	for {
		if id == "" {
			id = newRequestID()
		}
		suggestion, err := l.suggest(id)
		failure, _ := errors.AsType[*Error](err)
		switch {
		case err == nil && len(suggestion.GetRuns()) > 0:
			return suggestion, nil
		case err == nil && suggestion.GetExhausted() == 0:
			pauses.Limit(protocol.PollLongestPause)
		case err == nil && l.stays(suggestion):
			pauses.Limit(protocol.StayLongestPause)
		case err == nil:
			l.agent.endBy(whyExhausted(suggestion))
			return nil, nil
		case failure != nil && failure.Code == codes.NotFound:
			return nil, l.sweepNotFound(err)
		case failure != nil && failure.Reason == SweepNotRunning:
			if state := failure.Metadata["state"]; state != "PAUSED" {
				l.agent.endBy("the sweep is " + state)
				return nil, nil
			}
			if !l.paused {
				l.paused = true
				l.agent.log.Info("the sweep is paused: waiting until it is resumed")
			}
		case !l.goesOn():
			return nil, nil
		default:
			return nil, err
		}
		timer := time.NewTimer(pauses.Next())
		select {
		case <-l.agent.shutdown.reached[drain]:
			timer.Stop()
			return nil, nil
		case <-timer.C:
		}
		id = ""
	}
}

// suggest asks for the next run, and waits for a service that is unavailable.
func (l *loop) suggest(id string) (*suggestionv1.SuggestResponse, error) {
	if response := l.ahead; response != nil {
		l.ahead = nil
		return response, nil
	}
	a := l.agent
	// A service that never answered may have a wrong address, which is reported soon.
	patience := a.firstPatience()
	if l.known {
		patience = a.client.settings.Patience
	}
	var response *suggestionv1.SuggestResponse
	err := a.waiter(drain, patience).retry(a.base, func() (err error) {
		response, err = a.client.Suggestion.Suggest(a.base, l.request(id))
		return err
	})
	if err != nil {
		return nil, err
	}
	l.known, l.paused = true, false
	// The agent may hold several runs: the next one is requested after this one.
	l.resume = l.resume && response.GetResumed()
	return response, nil
}

// stays reports whether to wait for runs of other agents that may be lost and queued again.
func (l *loop) stays(suggestion *suggestionv1.SuggestResponse) bool {
	if !l.agent.options.stay || suggestion.GetRunningRuns() == 0 {
		return false
	}
	switch suggestion.GetExhausted() {
	case suggestionv1.ExhaustedReason_EXHAUSTED_REASON_RUN_CAP,
		suggestionv1.ExhaustedReason_EXHAUSTED_REASON_SPACE_EXHAUSTED:
		return true
	default:
		return false
	}
}

// sweepNotFound ends the loop well if the sweep was deleted; it returns an error if the registry of
// this agent still has the sweep.
func (l *loop) sweepNotFound(err error) error {
	a := l.agent
	_, there := a.client.Sweep(a.base, a.sweep.GetSweepId())
	switch {
	case codeOf(there) == codes.NotFound:
		a.endBy("the sweep was deleted")
		return nil
	case there != nil:
		return there
	default:
		return fmt.Errorf("the suggestion service at %s does not know sweep %s, which the registry at "+
			"%s has: that service was started for another registry: %w",
			a.client.settings.Suggestion.Address, a.sweep.GetSweepId(),
			a.client.settings.Registry.Address, err)
	}
}

func whyExhausted(suggestion *suggestionv1.SuggestResponse) string {
	why := "the sweep has no more runs"
	switch suggestion.GetExhausted() {
	case suggestionv1.ExhaustedReason_EXHAUSTED_REASON_RUN_CAP:
		why += ": its run_cap was reached"
	case suggestionv1.ExhaustedReason_EXHAUSTED_REASON_SPACE_EXHAUSTED:
		why += ": every point of its search space was assigned"
	case suggestionv1.ExhaustedReason_EXHAUSTED_REASON_TARGET_REACHED:
		why += ": its target was reached"
	case suggestionv1.ExhaustedReason_EXHAUSTED_REASON_TERMINATED:
		why += ": its terminator ended it: " + suggestion.GetMessage()
	default:
	}
	return why
}
