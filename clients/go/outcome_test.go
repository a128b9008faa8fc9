package wanllmdb

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestTheOutcomeFollowsFromTheOrderAndTheCode(t *testing.T) {
	broken := errors.New("no more memory")
	stopped := &StoppedError{Reason: "it was canceled"}
	for _, c := range []struct {
		name  string
		ended error
		order order
		want  outcomeKind
		sends bool
	}{
		{"ended", nil, noOrder, succeeded, true},
		{"failed", broken, noOrder, failed, true},
		{"ended with a context of its own", context.Canceled, noOrder, failed, true},
		{"stopped by itself", Canceled("makes no sense"), noOrder, canceled, true},
		{"pruned, ended all the same", nil, toPrune, pruned, true},
		{"pruned, failed", broken, toPrune, pruned, true},
		{"canceled, ended all the same", nil, toCancel, succeeded, true},
		{"canceled, failed", broken, toCancel, canceled, true},
		{"canceled, stopped", stopped, toCancel, canceled, true},
		{"lost, ended before", nil, leaseLost, succeeded, true},
		{"lost, failed before", broken, leaseLost, failed, true},
		{"lost, stopped", stopped, leaseLost, canceled, false},
		{"lost, stopped by the context", context.Canceled, leaseLost, failed, false},
	} {
		var order *StoppedError
		if c.order != noOrder {
			order = &StoppedError{"an order", c.order}
		}
		got, sends := outcomeOf(c.ended, "", order)
		if sends != c.sends || sends && got.kind != c.want {
			t.Errorf("%s: got %+v and %v", c.name, got, sends)
		}
	}
}

func TestTheLossOfTheLeaseReplacesTheFirstOrder(t *testing.T) {
	_, cancel := context.WithCancelCause(t.Context())
	o := &orders{cancel: cancel}
	o.stop(toPrune, "worse")
	o.stop(toCancel, "canceled")
	if o.current().order != toPrune {
		t.Errorf("got %v", o.current())
	}
	o.stop(leaseLost, "lost")
	if o.current().order != leaseLost {
		t.Errorf("got %v", o.current())
	}
}

func TestFailuresInARowEndAnAgent(t *testing.T) {
	now := time.Unix(0, 0)
	c := failureCounter{
		limits: Failures{MaxQuick: 3, Quick: time.Minute, MaxInitial: 0},
		now:    func() time.Time { return now },
	}
	fail := func(want bool) {
		t.Helper()
		if why := c.failed(); (why != "") != want {
			t.Errorf("got %q", why)
		}
	}
	fail(false)
	fail(false)
	c.passed()
	fail(false)
	now = now.Add(time.Minute + 1)
	fail(false)
	fail(false) // the third in a row, but the first was too long ago
	fail(true)
}

func TestFirstRunsThatAllFailEndAnAgent(t *testing.T) {
	c := failureCounter{limits: Failures{MaxInitial: 2}, now: time.Now}
	if first, second := c.failed(), c.failed(); first != "" || second == "" {
		t.Errorf("got %q and %q", first, second)
	}
}
