package wanllmdb

import (
	"context"
	"errors"
	"sync"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
)

// StoppedError is what Run.Log returns, and the cause of the context of a training function, once
// its run must stop. A training function returns it, or the error of its context.
type StoppedError struct {
	// Reason says why the run stops, for people.
	Reason string

	order order
}

// Error returns the reason.
func (e *StoppedError) Error() string { return "wanllmdb: the run stops: " + e.Reason }

// Canceled returns an error with which a training function ends its run as canceled, for example
// because a point of the search space makes no sense.
func Canceled(reason string) error { return &StoppedError{Reason: reason} }

// order is what stops a run.
type order int

const (
	noOrder order = iota
	toPrune
	toCancel
	// leaseLost means that the run is no longer this agent's.
	leaseLost
	toGiveBack
)

// orders collects what stops one run. The first order counts, but the loss of the lease replaces
// any other.
type orders struct {
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	first *StoppedError
	// err keeps the values of the run from being reported.
	err error
}

// current returns the order to stop; nil while the run goes on.
func (o *orders) current() *StoppedError {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.first
}

// check returns why the run's code must not go on.
func (o *orders) check() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.first != nil {
		return o.first
	}
	return o.err
}

func (o *orders) stop(order order, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.first == nil || order == leaseLost {
		o.first = &StoppedError{reason, order}
	}
	o.cancel(o.first)
}

// obey handles the command in an answer to a heartbeat or a report.
func (o *orders) obey(command registryv1.RunCommand) {
	switch command {
	case registryv1.RunCommand_RUN_COMMAND_STOP:
		o.stop(toCancel, "it was canceled")
	case registryv1.RunCommand_RUN_COMMAND_ABANDON:
		o.stop(leaseLost, "its lease is no longer this agent's")
	default:
		// Other commands, also unknown ones, mean to continue.
	}
}

// broken handles an error after which waiting is of no use.
func (o *orders) broken(err error) {
	if endsRun(err) {
		o.stop(leaseLost, err.Error())
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
}

// outcomeOf returns how a run ends: as ordered, unless its code ended before it saw the order. It
// returns false for a run of which no end is sent.
func outcomeOf(ended error, trace string, stopped *StoppedError) (outcome, bool) {
	own := outcome{kind: succeeded}
	sawStop := false
	if asked, ok := errors.AsType[*StoppedError](ended); ok {
		own, sawStop = outcome{kind: canceled, message: asked.Reason}, true
	} else if ended != nil {
		own = outcome{kind: failed, message: ended.Error(), trace: trace}
		sawStop = stopped != nil && errors.Is(ended, context.Canceled)
	}
	switch {
	case stopped == nil:
		return own, true
	case stopped.order == toPrune:
		return outcome{kind: pruned, message: stopped.Reason}, true
	case stopped.order == leaseLost:
		return own, !sawStop
	case own.kind == succeeded:
		return own, true
	default:
		return outcome{kind: canceled, message: stopped.Reason}, true
	}
}
