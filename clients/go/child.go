package wanllmdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	suggestionv1 "github.com/wanllmdb/sweeps/clients/go/api/suggestion/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// Assigned is the run that a command agent gave to this process.
type Assigned struct {
	SweepID string
	Number  int64
	Attempt int32
	// Resumed is whether the agent held the run before it was ended.
	Resumed bool
}

// AssignedRun returns the run that the environment names; nil if a command agent did not start this
// process. A *NoRunError says which variable is wrong. Without an option it reads os.Getenv.
func AssignedRun(given ...Option) (*Assigned, error) { return collected(given).assigned() }

func (o options) assigned() (*Assigned, error) {
	id := o.getenv("WANLLMDB_SWEEP_ID")
	if id == "" {
		return nil, nil
	}
	number, err := o.wholeNumber("WANLLMDB_RUN_NUMBER", 64)
	if err != nil {
		return nil, err
	}
	attempt, err := o.wholeNumber("WANLLMDB_RUN_ATTEMPT", 32)
	if err != nil {
		return nil, err
	}
	return &Assigned{id, number, int32(attempt), o.flagged("WANLLMDB_RUN_RESUMED")}, nil
}

func (o options) wholeNumber(variable string, bits int) (int64, error) {
	number, err := strconv.ParseUint(o.getenv(variable), 10, bits-1)
	if err != nil {
		return 0, &NoRunError{fmt.Sprintf("%s is %q and must be a decimal number: the agent sets it",
			variable, o.getenv(variable))}
	}
	return int64(number), nil
}

// Child calls a function with the run that a command agent gave to this process, which the agent
// ends by the exit code. The values have arrived when Child returns. In a program of several
// processes only that of rank 0 reports, by the variables of torchrun, Slurm, MPI and others, unless
// WANLLMDB_ALL_RANKS is 1.
//
// It returns the function's error, with which the program exits by another code than 0. It returns
// nil for a run that was to stop: the registry then has its end, which an exit code can't say. A
// *NoRunError says that this process has no run, or no longer has it.
func (c *Client) Child(ctx context.Context, train TrainFunc) error {
	assigned, err := c.options.assigned()
	if err != nil {
		return err
	}
	if assigned == nil {
		return &NoRunError{"no command agent started this process: start it with `wanllmdb agent " +
			"SWEEP -- PROGRAM`"}
	}
	// A command agent that started this process knows the services.
	w := waiter{c.log, c.settings.Patience, ctx.Done()}
	found, err := c.findAssigned(ctx, w, *assigned)
	if err != nil {
		return err
	}
	if rank := c.options.silentRank(); rank != "" {
		c.log.InfoContext(ctx, "this process reports nothing, since only that of rank 0 does", "rank", rank)
		found.silent, found.nextCheck = true, nil
	}
	runContext, run, err := newRun(ctx, context.WithoutCancel(ctx), c, c.log, found)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() {
		run.orders.stop(toGiveBack, context.Cause(ctx).Error())
	})()
	trace, ended := trained(runContext, run, train)
	if trace != "" {
		fmt.Fprintln(os.Stderr, trace)
	}
	return run.leave(context.WithoutCancel(ctx), w, ended)
}

// findAssigned returns the run as it is now, with the first check that is due.
func (c *Client) findAssigned(
	ctx context.Context, w waiter, assigned Assigned,
) (assignment, error) {
	a := assignment{resumed: assigned.Resumed, continues: true}
	err := w.retry(ctx, func() (err error) {
		if a.sweep, err = c.Sweep(ctx, assigned.SweepID); err == nil {
			a.run, err = c.currentRun(ctx, assigned.SweepID, assigned.Number)
		}
		return err
	})
	if err != nil {
		return a, err
	}
	if a.run.GetAttempt() != assigned.Attempt ||
		a.run.GetState() != registryv1.RunState_RUN_STATE_RUNNING {
		return a, &NoRunError{fmt.Sprintf("run %d of sweep %s is no longer this process's: its "+
			"attempt is %d and its state %s", assigned.Number, assigned.SweepID, a.run.GetAttempt(),
			a.run.GetState())}
	}
	if a.sweep.GetSpec().GetEarlyTermination() != nil {
		answer, err := c.Suggestion.ShouldStop(ctx, &suggestionv1.ShouldStopRequest{
			SweepId: assigned.SweepID, Number: a.run.Number,
		}, within(protocol.CheckDeadline))
		if err == nil {
			a.nextCheck = answer.NextCheckIteration
		} else {
			// Without an answer the first check is due at the first value.
			a.nextCheck = new(a.run.GetMetricValues() + 1)
		}
	}
	return a, nil
}

// leave ends the part of a child: its values arrive, and the registry gets an end that the exit
// code can't say.
func (r *Run) leave(ctx context.Context, w waiter, ended error) error {
	if r.silent {
		r.close()
		r.end()
		return ended
	}
	stopped := r.orders.current()
	if asked, ok := errors.AsType[*StoppedError](ended); ok && stopped == nil {
		stopped = &StoppedError{asked.Reason, toCancel}
	}
	switch {
	case stopped != nil && (stopped.order == toPrune || stopped.order == toCancel):
		outcome, _ := outcomeOf(ended, "", stopped)
		if outcome.kind != succeeded {
			return r.complete(ctx, w, outcome, true, nil)
		}
	case stopped != nil && stopped.order == leaseLost:
		r.close()
		r.end()
		return stopped
	}
	rows, ok := r.close()
	if !ok {
		return ended
	}
	defer r.end()
	err := r.sender.reportAll(ctx, w, rows)
	if err == nil {
		err = r.describeAtLast(ctx, w)
	}
	if err == nil {
		err = r.sender.storeConfig(ctx, w, r.configValues())
	}
	if err == nil || endsRun(err) {
		return ended
	}
	return errors.Join(
		ended, fmt.Errorf("the values of run %d could not be delivered: %w", r.Number(), err))
}
