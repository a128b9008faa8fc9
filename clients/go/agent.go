package wanllmdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// ErrInterrupted is returned by an agent that a further SIGINT ended at once: runs that it held are
// queued again when their leases run out.
var ErrInterrupted = errors.New("wanllmdb: interrupted")

// TrainFunc works on one run. Its context ends when the run is to stop, with a *StoppedError as the
// cause, and when the function returns; it has the values of the agent's context, but not its
// deadline. The run succeeds if the function returns nil, and fails with any other error, or if the
// function panics.
type TrainFunc func(ctx context.Context, run *Run) error

// AgentOption configures an agent; see Client.Agent.
type AgentOption func(*agentOptions)

type agentOptions struct {
	count    int
	parallel int
	id       string
	resume   bool
	stay     bool
	signals  bool
	failures Failures
}

// WithCount limits the number of runs that the agent works on; 0 means no limit.
func WithCount(runs int) AgentOption { return func(o *agentOptions) { o.count = runs } }

// WithParallel has the agent work on this many runs at a time, each in a goroutine of its own; by
// default, and for 0, on one.
func WithParallel(runs int) AgentOption { return func(o *agentOptions) { o.parallel = runs } }

// WithAgentID sets the agent's name, unique among running agents.
func WithAgentID(id string) AgentOption { return func(o *agentOptions) { o.id = id } }

// WithResume has the agent begin with the runs that it held before it was ended, by its name.
func WithResume() AgentOption { return func(o *agentOptions) { o.resume = true } }

// WithStay has the agent wait as long as runs of other agents may be lost and queued again.
func WithStay() AgentOption { return func(o *agentOptions) { o.stay = true } }

// WithFailures sets how many failed runs the agent accepts; Failures{} for any number.
func WithFailures(limits Failures) AgentOption {
	return func(o *agentOptions) { o.failures = limits }
}

// WithoutSignals leaves SIGINT and SIGTERM to the program, which ends the agent by its context.
func WithoutSignals() AgentOption { return func(o *agentOptions) { o.signals = false } }

// AgentResult is what an agent did.
type AgentResult struct {
	// Runs is how many runs ended, and Failed how many of them failed.
	Runs, Failed int
	// EndedBy says why the agent ended, for people.
	EndedBy string
	// Signal is the signal that ended it; nil for none.
	Signal os.Signal
}

// Agent takes runs of a sweep, and calls a function for each, until the sweep has no more. It
// renews leases, sends values in batches, asks whether runs are to stop early, and waits for
// services that are unavailable.
//
// The first SIGINT lets the runs in progress end; the second one, SIGTERM and the end of the
// context stop them and give them back, so that other agents get them. It returns the error of a
// context that ended, a *GaveUpError after too many failed runs, and the *Error of services that
// were unavailable for too long. A signal is no error: the result has it.
func (c *Client) Agent(
	ctx context.Context, sweepID string, train TrainFunc, given ...AgentOption,
) (AgentResult, error) {
	options, err := c.agentOptions(given)
	if err == nil && train == nil {
		err = invalid("the function", "of the agent is nil: it is called for each run")
	}
	if err != nil {
		return AgentResult{}, err
	}
	// Calls go on for a while after the end of the program's context: runs are given back.
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	a := &agent{
		client: c, options: options, train: train, ctx: ctx, base: base, shutdown: newShutdown(),
		log:      c.log.With("agent", options.id),
		active:   map[*Run]struct{}{},
		failures: failureCounter{limits: options.failures, now: time.Now},
	}
	defer a.shutdown.follow(ctx, options.signals)()
	err = a.work(sweepID)
	result := a.result()
	because := result.EndedBy
	if err != nil {
		because = err.Error()
	}
	a.log.InfoContext(ctx, "the agent has ended", "because", because, "runs", result.Runs,
		"failed", result.Failed)
	if err == nil && result.EndedBy == endedByContext {
		err = context.Cause(ctx)
	}
	return result, err
}

func (c *Client) agentOptions(given []AgentOption) (agentOptions, error) {
	failures, err := c.options.failures()
	if err != nil {
		return agentOptions{}, err
	}
	o := agentOptions{
		parallel: 1, signals: true, failures: failures,
		id:     c.options.getenv("WANLLMDB_AGENT_ID"),
		resume: c.options.flagged("WANLLMDB_RESUME"),
		stay:   c.options.flagged("WANLLMDB_STAY"),
	}
	for _, option := range given {
		option(&o)
	}
	if o.count < 0 || o.parallel < 0 {
		return o, invalid("the number of runs", "of WithCount or WithParallel is below 0")
	}
	if o.resume && o.id == "" {
		return o, invalid("resume", "needs the agent's earlier name, which stays the same when the "+
			"job restarts: use WithAgentID, or set WANLLMDB_AGENT_ID")
	}
	if o.id == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "unknown"
		}
		o.id = fmt.Sprintf("%s-%d-%s", host, os.Getpid(), newRequestID()[:6])
	}
	return o, nil
}

// agent is a running agent: what its loops share.
type agent struct {
	client   *Client
	options  agentOptions
	train    TrainFunc
	sweep    *registryv1.Sweep
	shutdown *shutdown
	log      *slog.Logger
	// ctx is the program's, and base that of calls.
	ctx, base context.Context

	mu      sync.Mutex
	active  map[*Run]struct{}
	claimed int
	runs    int
	failed  int
	endedBy string
	// wasCut is whether a run was given back, or none could begin.
	wasCut   bool
	err      error
	failures failureCounter
}

// waiter returns how the agent waits for services, until this urgency is reached.
func (a *agent) waiter(until urgency, patience time.Duration) waiter {
	return waiter{a.log, patience, a.shutdown.reached[until]}
}

// firstPatience is how long the agent waits for services that have not answered yet.
func (a *agent) firstPatience() time.Duration {
	if a.options.resume {
		return a.client.settings.Patience
	}
	return a.client.settings.FirstPatience
}

// work runs the loops until they have ended, or hold no run for too long.
func (a *agent) work(sweepID string) error {
	if err := a.findSweep(sweepID); err != nil {
		if a.shutdown.is(drain) {
			a.cutShort()
			return nil
		}
		return err
	}
	var loops sync.WaitGroup
	for slot := range max(a.options.parallel, 1) {
		l := &loop{agent: a, name: a.options.id, resume: a.options.resume}
		if slot > 0 {
			l.name = fmt.Sprintf("%s/%d", a.options.id, slot)
		}
		loops.Go(func() {
			if err := l.work(); err != nil {
				a.fail(err)
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		loops.Wait()
		close(ended)
	}()
	return a.waitFor(ended)
}

// findSweep reads the sweep, unless the agent ends before.
func (a *agent) findSweep(sweepID string) error {
	ctx, cancel := context.WithCancel(a.base)
	defer cancel()
	go func() {
		select {
		case <-a.shutdown.reached[drain]:
			cancel()
		case <-ctx.Done():
		}
	}()
	return a.waiter(drain, a.firstPatience()).retry(ctx, func() (err error) {
		a.sweep, err = a.client.Sweep(ctx, sweepID)
		return err
	})
}

// lookPause is how often an ending agent looks whether it still holds runs.
const lookPause = 100 * time.Millisecond

func (a *agent) waitFor(ended <-chan struct{}) error {
	select {
	case <-ended:
		return a.firstError()
	case <-a.shutdown.reached[drain]:
	}
	look := time.NewTicker(lookPause)
	defer look.Stop()
	idleSince := time.Now()
	for {
		select {
		case <-ended:
			return a.firstError()
		case <-a.shutdown.reached[leave]:
			return ErrInterrupted
		case <-look.C:
			if a.holdsRuns() {
				idleSince = time.Now()
			}
			if time.Since(idleSince) > protocol.IdleEnd {
				return a.firstError()
			}
		}
	}
}

// claim reserves one more run; it returns false when the agent has done as many as it should.
func (a *agent) claim() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.options.count > 0 && a.claimed == a.options.count {
		a.endByLocked("it has done as many runs as requested")
		return false
	}
	a.claimed++
	return true
}

func (a *agent) began(run *Run) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.active[run] = struct{}{}
}

// finished counts a run that has ended; it returns a *GaveUpError after too many failed ones.
func (a *agent) finished(run *Run, cause error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.active, run)
	a.runs++
	switch {
	case run.ended == nil:
		// A run whose lease was lost is not counted.
		return nil
	case run.ended.GetState() != registryv1.RunState_RUN_STATE_FAILED:
		a.failures.passed()
		return nil
	}
	a.failed++
	if why := a.failures.failed(); why != "" {
		if cause == nil {
			cause = errors.New(run.ended.GetError().GetMessage())
		}
		return &GaveUpError{why, cause}
	}
	return nil
}

func (a *agent) gaveBack(run *Run) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.active, run)
}

func (a *agent) cutShort() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wasCut = true
}

func (a *agent) holdsRuns() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.active) > 0
}

// fail records the error that ends the agent; the other loops let their runs end.
func (a *agent) fail(err error) {
	a.mu.Lock()
	if a.err == nil {
		a.err = err
	}
	a.endByLocked("an error")
	a.mu.Unlock()
	a.shutdown.demand(drain)
}

// endedByContext is why an agent ended whose program's context did.
const endedByContext = "the context ended"

func (a *agent) result() AgentResult {
	received := a.shutdown.signaled()
	why := ""
	switch {
	case received != nil:
		why = received.String()
	case a.ctx.Err() != nil:
		why = endedByContext
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	// A context that ends after all runs did, ends nothing.
	if why != "" && (a.wasCut || a.endedBy == "") {
		a.endedBy = why
	}
	return AgentResult{a.runs, a.failed, a.endedBy, received}
}

func (a *agent) firstError() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

func (a *agent) endBy(why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.endByLocked(why)
}

func (a *agent) endByLocked(why string) {
	if a.endedBy == "" {
		a.endedBy = why
	}
}
