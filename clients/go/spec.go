package wanllmdb

import (
	"cmp"
	"errors"
	"slices"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
)

// Goal is whether a smaller or a larger metric is better.
type Goal = registryv1.Goal

// The goals.
const (
	Minimize = registryv1.Goal_GOAL_MINIMIZE
	Maximize = registryv1.Goal_GOAL_MAXIMIZE
)

// Spec describes a sweep: its search space, metrics and algorithms. Random, Grid and Bayes make
// one; its methods change it and return it.
type Spec struct {
	spec                       *registryv1.SweepSpec
	project, name, description string
	priorRuns                  *registryv1.PriorRunSource
	errs                       []error
}

func newSpec(method registryv1.Method) *Spec {
	return &Spec{spec: &registryv1.SweepSpec{
		Method: method, SearchSpace: &registryv1.SearchSpace{},
	}}
}

// Random chooses parameters independently of results.
func Random() *Spec { return newSpec(registryv1.Method_METHOD_RANDOM) }

// Grid tries every point of the space once.
func Grid() *Spec { return newSpec(registryv1.Method_METHOD_GRID) }

// Bayes learns from results, and so needs a metric; BayesOf takes several.
func Bayes(metric string, goal Goal) *Spec { return BayesOf(Metric{Name: metric, Goal: goal}) }

// BayesOf learns from results of metrics with more than a name and a goal, or of several metrics.
func BayesOf(metrics ...Metric) *Spec {
	return newSpec(registryv1.Method_METHOD_BAYES).Optimize(metrics...)
}

// Metric is a metric that a sweep optimizes.
type Metric struct {
	// Name is the name under which runs log it.
	Name string
	// Goal is Minimize if not set.
	Goal Goal
	// Target finishes the sweep when a run reaches it; nil for none.
	Target *float64
	// Value is which logged value counts: the last one if not set.
	Value registryv1.ObjectiveValue
	// MeanOver is how many values count, if their mean does.
	MeanOver int32
	// Impute and ImputeWhileRunning are what a run without an objective counts as for the sampler.
	Impute, ImputeWhileRunning registryv1.Impute
}

// Optimize adds metrics.
func (s *Spec) Optimize(metrics ...Metric) *Spec {
	for _, metric := range metrics {
		s.spec.Metrics = append(s.spec.Metrics, &registryv1.Metric{
			Name:               metric.Name,
			Goal:               metric.Goal,
			Target:             metric.Target,
			Value:              metric.Value,
			MeanOver:           metric.MeanOver,
			Impute:             metric.Impute,
			ImputeWhileRunning: metric.ImputeWhileRunning,
		})
	}
	return s
}

// Param adds a parameter. In a group, its name begins with the group's: "optimizer/lr".
func (s *Spec) Param(name string, distribution Distribution) *Spec {
	parameter := &registryv1.Parameter{Name: name}
	s.note(distribution.fill(parameter))
	s.spec.SearchSpace.Parameters = append(s.spec.SearchSpace.Parameters, parameter)
	return s
}

// Constraint adds an expression that every proposed point meets: "warmup < epochs".
func (s *Spec) Constraint(expression string) *Spec {
	s.spec.SearchSpace.Constraints = append(s.spec.SearchSpace.Constraints, expression)
	return s
}

// Options are the options of an algorithm, by name.
type Options map[string]any

// Sampler sets the algorithm that chooses parameters, in place of the method's default.
func (s *Spec) Sampler(name string, options Options) *Spec {
	s.spec.Sampler = s.choice(name, options)
	return s
}

// Terminator sets the rule that finishes the sweep when going on is not worth it.
func (s *Spec) Terminator(name string, options Options) *Spec {
	s.spec.Terminator = s.choice(name, options)
	return s
}

// Pruner stops bad runs by one of Optuna's pruners.
func (s *Spec) Pruner(name string, options Options) *Spec {
	s.spec.EarlyTermination = &registryv1.EarlyTermination{
		Rule: &registryv1.EarlyTermination_Pruner{Pruner: s.choice(name, options)},
	}
	return s
}

// Hyperband is the rule of W&B's sweeps by which bad runs are stopped. Either MinIter is set, or
// MaxIter with S.
type Hyperband struct {
	// MinIter is the iteration of the first rung.
	MinIter int64
	// Eta is the factor from one rung to the next; 0 means 3.
	Eta float64
	// MaxIter is the number of iterations of a full run, and S the number of rungs before that.
	MaxIter int64
	S       int32
	// BestSoFar compares a run's best value so far, and not the one at the rung.
	BestSoFar bool
}

// Hyperband stops bad runs by this rule.
func (s *Spec) Hyperband(rule Hyperband) *Spec {
	strict := !rule.BestSoFar
	s.spec.EarlyTermination = &registryv1.EarlyTermination{
		Rule: &registryv1.EarlyTermination_Hyperband{Hyperband: &registryv1.Hyperband{
			MinIter: rule.MinIter, Eta: rule.Eta, Strict: &strict, MaxIter: rule.MaxIter, S: rule.S,
		}},
	}
	return s
}

// RunCap limits the number of runs.
func (s *Spec) RunCap(runs int64) *Spec {
	s.spec.RunCap = &runs
	return s
}

// Seed makes the sequence of proposals repeatable.
func (s *Spec) Seed(seed int64) *Spec {
	s.spec.Seed = &seed
	return s
}

// Retries sets how often a run that was lost, or that failed, is queued again.
func (s *Spec) Retries(lost, failed int32) *Spec {
	s.spec.Retries = &registryv1.RetryPolicy{Lost: &lost, Failed: &failed}
	return s
}

// MaxFailedRuns sets the number of failed runs that makes the sweep fail.
func (s *Spec) MaxFailedRuns(runs int64) *Spec {
	s.spec.MaxFailedRuns = &runs
	return s
}

// Program sets what command agents run, and the command line by which they do; an empty one is the
// default.
func (s *Spec) Program(program string, command ...string) *Spec {
	s.spec.Program, s.spec.Command = program, command
	return s
}

// ArgsStyle sets how command agents write parameters on the command line.
func (s *Spec) ArgsStyle(style registryv1.ArgsStyle) *Spec {
	s.spec.ArgsStyle = style
	return s
}

// Named sets the sweep's name for people, and its description.
func (s *Spec) Named(name, description string) *Spec {
	s.name, s.description = name, description
	return s
}

// InProject sets the project, which is created if it is new.
func (s *Spec) InProject(project string) *Spec {
	s.project = project
	return s
}

// PriorRuns sets results to begin with, for example those of another sweep.
func (s *Spec) PriorRuns(source *registryv1.PriorRunSource) *Spec {
	s.priorRuns = source
	return s
}

// Build returns the message that describes the sweep, with its parameters ordered by name. An
// *InvalidError names a value that can't be sent.
func (s *Spec) Build() (*registryv1.SweepSpec, error) {
	if err := errors.Join(s.errs...); err != nil {
		return nil, err
	}
	spec := clone(s.spec)
	slices.SortStableFunc(spec.SearchSpace.Parameters, func(a, b *registryv1.Parameter) int {
		return cmp.Compare(a.GetName(), b.GetName())
	})
	return spec, nil
}

func (s *Spec) createRequest() (*registryv1.CreateSweepRequest, error) {
	spec, err := s.Build()
	return &registryv1.CreateSweepRequest{
		Project:        s.project,
		Name:           s.name,
		Description:    s.description,
		PriorRunSource: s.priorRuns,
		Source:         &registryv1.CreateSweepRequest_Spec{Spec: spec},
	}, err
}

func (s *Spec) choice(name string, options Options) *registryv1.AlgorithmChoice {
	values, err := newValues(options, name)
	s.note(err)
	return &registryv1.AlgorithmChoice{Name: name, Options: values}
}

func (s *Spec) note(err error) {
	if err != nil {
		s.errs = append(s.errs, err)
	}
}
