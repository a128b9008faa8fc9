package wanllmdb

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// Values are the values of metrics by name. NaN and infinities are sent as they are.
type Values = map[string]float64

// Run is the run that a training function works on. It is safe for concurrent use.
type Run struct {
	client     *Client
	sweep      *registryv1.Sweep
	run        *registryv1.Run
	parameters map[string]any
	resumed    bool
	// silent is whether another process of the program reports.
	silent bool
	log    *slog.Logger

	orders   *orders
	sender   *sender
	reporter *reporter
	checks   *checks
	// stop ends the goroutines of the run.
	stop context.CancelFunc

	mu       sync.Mutex
	nextStep int64
	lastStep int64
	config   map[string]any
	name     string
	labels   map[string]string
	// undescribed is the name and the labels that an outage left.
	undescribed *registryv1.UpdateRunRequest
	over        bool
	warned      map[string]bool
	ended       *registryv1.Run
}

// errOver is returned by what comes too late for a run.
var errOver = &StoppedError{Reason: "it has ended"}

// assignment is a run that a training function is to work on.
type assignment struct {
	sweep     *registryv1.Sweep
	run       *registryv1.Run
	nextCheck *int64
	resumed   bool
	// continues is whether the steps go on after those that the run has reported.
	continues bool
	// silent is whether another process of the program reports.
	silent bool
	// lease is how long the run's lease lasts; nil if a parent process keeps it.
	lease *time.Duration
}

// newRun begins to work on a run. The first context is for the code of the run, and ends when the
// run is to stop; base is for the calls.
func newRun(
	ctx, base context.Context, c *Client, log *slog.Logger, a assignment,
) (context.Context, *Run, error) {
	parameters, err := Parameters(a.run)
	if err != nil {
		return nil, nil, err
	}
	background, stop := context.WithCancel(base)
	// The end of the program's context is an order to give the run back, which must be there before
	// the code sees it.
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	r := &Run{
		client: c, sweep: a.sweep, run: a.run, parameters: parameters, resumed: a.resumed,
		silent: a.silent,
		log:    log.With("sweep", a.run.GetSweepId(), "run", a.run.GetNumber()),
		orders: &orders{cancel: cancel}, stop: stop, warned: map[string]bool{},
		name: a.run.GetName(), labels: a.run.GetLabels(),
	}
	lastStep := int64(-1)
	if a.continues && a.run.LastStep != nil {
		lastStep = a.run.GetLastStep()
	}
	r.nextStep, r.lastStep = lastStep+1, max(lastStep, 0)
	r.sender = newSender(c, a.sweep, a.run, r.orders.obey, r.log)
	r.reporter = newReporter(background, r.sender.report, r.orders.broken, func() {
		r.log.Warn("the oldest values are left out: the registry has been away for so long that " +
			"all of them would fill the memory")
	})
	r.checks = &checks{
		client: c, run: a.run, metric: onlyMetric(a.sweep), flush: r.reporter.flush, orders: r.orders,
		log: r.log, background: background, next: a.nextCheck, count: a.run.GetMetricValues(),
		lastStep: lastStep,
	}
	if a.run.GetStopRequested() {
		r.orders.obey(registryv1.RunCommand_RUN_COMMAND_STOP)
	}
	if a.lease != nil {
		go keepLease(background, c, a.run, *a.lease, r.orders)
	}
	return ctx, r, nil
}

// onlyMetric returns the metric of a sweep with exactly one.
func onlyMetric(sweep *registryv1.Sweep) string {
	if metrics := sweep.GetSpec().GetMetrics(); len(metrics) == 1 {
		return metrics[0].GetName()
	}
	return ""
}

// SweepID returns the id of the run's sweep.
func (r *Run) SweepID() string { return r.run.GetSweepId() }

// Number returns the run's number in its sweep, from 0.
func (r *Run) Number() int64 { return r.run.GetNumber() }

// Attempt returns how often the run was assigned to an agent, from 1.
func (r *Run) Attempt() int32 { return r.run.GetAttempt() }

// Resumed reports whether the run goes on from an earlier process of its agent, so that the program
// looks for a checkpoint.
func (r *Run) Resumed() bool { return r.resumed }

// Sweep returns the run's sweep as the agent found it.
func (r *Run) Sweep() *registryv1.Sweep { return r.sweep }

// Parameters returns the run's parameters by name, with groups as maps, as Value returns each. The map
// is the run's own: do not change it. Decode fills a struct with them.
func (r *Run) Parameters() map[string]any { return r.parameters }

// Step returns the step of the next Log: not 0 in a resumed run.
func (r *Run) Step() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.nextStep
}

// Log reports values of the next step. It returns a *StoppedError when the run must stop, which the
// training function returns, too; the context of the training function ends as well. While the
// services are unavailable Log returns nil, and the values are sent later.
func (r *Run) Log(ctx context.Context, values Values) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.report(ctx, r.nextStep, values)
}

// LogAt reports values of a step. The next Log is one step later.
func (r *Run) LogAt(ctx context.Context, step int64, values Values) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.report(ctx, step, values)
}

func (r *Run) report(ctx context.Context, step int64, values Values) error {
	if err := r.mayGoOn(ctx); err != nil {
		return err
	}
	if step < 0 || step == math.MaxInt64 {
		r.warnOnce("a step is left out: it must be from 0 to 2^63 - 2", "step", step)
		return nil
	}
	if r.silent {
		r.nextStep = step + 1
		return nil
	}
	values = r.accepted(values)
	r.reporter.add(rowKey{step: step}, values)
	r.checks.observe(step, values)
	r.nextStep, r.lastStep = step+1, max(step, r.lastStep)
	r.checks.askIfDue(ctx)
	// Code that logs seldom learns of an order to stop by the answer.
	if r.sender.silence() >= protocol.Silence && !r.reporter.isFailing() {
		if err := r.reporter.flush(ctx, protocol.SilenceDeadline); endsRun(err) {
			r.orders.broken(err)
		}
	}
	return r.mayGoOn(ctx)
}

// SetSummary sets values that count as final ones, until the run logs a later value of the metric.
func (r *Run) SetSummary(values Values) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.over && !r.silent {
		r.reporter.add(rowKey{r.lastStep, true}, r.accepted(values))
	}
}

// SetConfig adds what the program changed or added to its parameters. It is stored at the end.
func (r *Run) SetConfig(name string, value any) error {
	if _, err := newValue(value, name); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.config == nil {
		r.config = map[string]any{}
	}
	r.config[name] = value
	return nil
}

func (r *Run) mayGoOn(ctx context.Context) error {
	if err := r.orders.check(); err != nil {
		return err
	}
	if r.over {
		return errOver
	}
	return ctx.Err()
}

// accepted returns the values whose names the registry accepts.
func (r *Run) accepted(values Values) Values {
	kept := make(Values, len(values))
	for name, value := range values {
		if name == "" || strings.Contains(name, "\x00") || !utf8.ValidString(name) ||
			utf8.RuneCountInString(name) > protocol.MaxMetricNameCharacters {
			r.warnOnce("a metric is left out: its name must have 1 to 200 characters, without NUL",
				"name", name)
			continue
		}
		kept[name] = value
	}
	return kept
}

func (r *Run) warnOnce(text string, args ...any) {
	if !r.warned[text] {
		r.warned[text] = true
		r.log.Warn(text, args...)
	}
}

// close ends the goroutines that report, and returns the rows that are not sent yet; false if the
// run is over already.
func (r *Run) close() ([]*registryv1.MetricRow, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return nil, false
	}
	r.over = true
	return r.reporter.close(), true
}

// end ends the goroutines that go on until the end is confirmed.
func (r *Run) end() {
	r.stop()
	r.checks.wait()
}

// configValues returns the config as it is stored, without what is too much.
func (r *Run) configValues() map[string]*registryv1.ParameterValue {
	r.mu.Lock()
	defer r.mu.Unlock()
	stored := map[string]*registryv1.ParameterValue{}
	bytes := 0
	for _, name := range slices.Sorted(maps.Keys(r.config)) {
		message, err := newValue(r.config[name], name)
		if err != nil {
			// The value has changed since it was set.
			r.warnOnce("an entry of the config is left out", "error", err)
			continue
		}
		bytes += len(name) + proto.Size(message)
		if len(stored) == protocol.ConfigMaxEntries || bytes > protocol.ConfigMaxBytes {
			r.warnOnce("entries of the config are left out: at most 1,000 of 256 KiB are stored")
			break
		}
		stored[name] = message
	}
	return stored
}

// complete ends the run once, and sends everything that was not sent yet. Afterwards ended is the
// run as it ended, or nil if it is another agent's.
func (r *Run) complete(
	ctx context.Context, w waiter, outcome outcome, sends bool,
	bring func(*registryv1.FinishRunRequest) *registryv1.FinishRunResponse,
) error {
	rows, ok := r.close()
	if !ok {
		return nil
	}
	defer r.end()
	if !sends {
		var err error
		r.ended, err = r.sender.endOfThisAttempt(ctx, w)
		return ignoreLost(err)
	}
	if outcome.kind == failed {
		// The agent may give up after a failure, and then takes no further run.
		bring = nil
	}
	err := r.describeAtLast(ctx, w)
	if err == nil {
		var response *registryv1.FinishRunResponse
		response, err = r.sender.finish(ctx, w, outcome, rows, r.configValues(), bring)
		r.ended = response.GetRun()
	}
	if endsRun(err) {
		r.ended, err = r.sender.endOfThisAttempt(ctx, w)
	}
	return ignoreLost(err)
}

// ignoreLost returns an error unless it means that the run is another agent's, or deleted.
func ignoreLost(err error) error {
	if endsRun(err) {
		return nil
	}
	return err
}

// giveBack gives the run back, so that any agent can get it.
func (r *Run) giveBack(ctx context.Context, reason string) error {
	if _, ok := r.close(); !ok {
		return nil
	}
	defer r.end()
	return r.sender.release(ctx, reason)
}
