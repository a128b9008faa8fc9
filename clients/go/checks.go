package wanllmdb

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"time"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	suggestionv1 "github.com/wanllmdb/sweeps/clients/go/api/suggestion/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// checks are the early-termination checks of one run. Training waits for an answer, so that a run
// stops at the value that decides it. Without one, training goes on and the check is repeated in
// the background; its answer takes effect at the next value.
type checks struct {
	client *Client
	run    *registryv1.Run
	metric string
	flush  func(ctx context.Context, deadline time.Duration) error
	orders *orders
	log    *slog.Logger
	// background is the context of what goes on beside training; it ends with the run.
	background context.Context

	mu        sync.Mutex
	next      *int64
	count     int64
	lastStep  int64
	isOdd     bool
	repeating bool
	late      *suggestionv1.ShouldStopResponse
	working   sync.WaitGroup
}

// observe counts the finite values of the metric, at most one for each step.
func (c *checks) observe(step int64, values map[string]float64) {
	value, ok := values[c.metric]
	if !ok || c.metric == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case math.IsNaN(value) || math.IsInf(value, 0):
		c.isOdd = true
	case step > c.lastStep:
		c.count++
		c.lastStep = step
	}
}

// askIfDue checks whether to stop, if a check is due.
func (c *checks) askIfDue(ctx context.Context) {
	c.mu.Lock()
	late := c.late
	c.late = nil
	isDue := c.next != nil && (c.isOdd || c.count >= *c.next) && !c.repeating
	c.mu.Unlock()
	switch {
	case late != nil:
		c.decide(late)
	case isDue && !c.ask(ctx, c.decide):
		c.mu.Lock()
		c.repeating = true
		c.mu.Unlock()
		c.working.Go(c.repeat)
	}
}

// wait waits for the end of what goes on beside training.
func (c *checks) wait() { c.working.Wait() }

func (c *checks) repeat() {
	pauses := protocol.Growing(protocol.CheckFirstPause, protocol.CheckLongestPause)
	keep := func(answer *suggestionv1.ShouldStopResponse) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.late = answer
	}
	for pause(c.background, pauses.Next()) == nil && !c.ask(c.background, keep) {
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.repeating = false
}

// ask checks once; it returns whether there is an answer, or none will come.
func (c *checks) ask(ctx context.Context, take func(*suggestionv1.ShouldStopResponse)) bool {
	// The decision depends on the values that were logged before.
	err := c.flush(ctx, protocol.CheckDeadline)
	if err == nil {
		var answer *suggestionv1.ShouldStopResponse
		answer, err = c.client.Suggestion.ShouldStop(ctx, &suggestionv1.ShouldStopRequest{
			SweepId: c.run.GetSweepId(), Number: c.run.Number,
		}, within(protocol.CheckDeadline))
		if err == nil {
			take(answer)
			return true
		}
	}
	switch {
	case ctx.Err() != nil:
		// The run stops, or the program does not wait any longer.
		return c.background.Err() != nil
	case errors.Is(err, errOver):
		// The end brings the values, and needs no decision.
	case mayPass(err):
		return false
	case endsRun(err):
		c.orders.broken(err)
	default:
		c.postpone(nil)
		c.log.WarnContext(ctx, "early termination is off for this run", "error", err)
	}
	return true
}

func (c *checks) decide(answer *suggestionv1.ShouldStopResponse) {
	c.postpone(answer.NextCheckIteration)
	if answer.GetShouldStop() {
		c.orders.stop(toPrune, answer.GetReason())
	}
}

// postpone makes the next check due at this number of values; never for nil.
func (c *checks) postpone(next *int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isOdd = false
	if next != nil && *next <= c.count {
		next = new(c.count + 1)
	}
	c.next = next
}
