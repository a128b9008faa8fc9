package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	wanllmdb "github.com/wanllmdb/sweeps/clients/go"
	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
)

type sweepDescription struct {
	Method           string
	Metrics          []metricDescription
	Parameters       map[string]map[string]json.RawMessage
	Constraints      []string
	Sampler          *choice
	Terminator       *choice
	EarlyTermination *struct {
		Hyperband *struct {
			MinIter int64 `json:"min_iter"`
			MaxIter int64 `json:"max_iter"`
			S       int32
			Eta     float64
			Strict  *bool
		}
		Pruner *choice
	} `json:"early_termination"`
	RunCap        *int64 `json:"run_cap"`
	Seed          *int64
	Retries       *struct{ Lost, Failed int32 }
	MaxFailedRuns *int64 `json:"max_failed_runs"`
	Program       string
	Command       []string
	ArgsStyle     string `json:"args_style"`
}

type metricDescription struct {
	Name, Goal, Value, Impute string
	Target                    *float64
	MeanOver                  int32  `json:"mean_over"`
	ImputeWhileRunning        string `json:"impute_while_running"`
}

type choice struct {
	Name    string
	Options map[string]description
}

func buildSweep(given json.RawMessage) (any, error) {
	asked := fields[sweepDescription](given)
	spec := begun(asked)
	for _, name := range slices.Sorted(maps.Keys(asked.Parameters)) {
		spec.Param(name, distribution(asked.Parameters[name]))
	}
	for _, constraint := range asked.Constraints {
		spec.Constraint(constraint)
	}
	if asked.Sampler != nil {
		spec.Sampler(asked.Sampler.Name, nativesByName(asked.Sampler.Options))
	}
	if asked.Terminator != nil {
		spec.Terminator(asked.Terminator.Name, nativesByName(asked.Terminator.Options))
	}
	if rule := asked.EarlyTermination; rule != nil && rule.Pruner != nil {
		spec.Pruner(rule.Pruner.Name, nativesByName(rule.Pruner.Options))
	} else if rule != nil {
		spec.Hyperband(wanllmdb.Hyperband{
			MinIter: rule.Hyperband.MinIter, MaxIter: rule.Hyperband.MaxIter, S: rule.Hyperband.S,
			Eta:       rule.Hyperband.Eta,
			BestSoFar: rule.Hyperband.Strict != nil && !*rule.Hyperband.Strict,
		})
	}
	if asked.RunCap != nil {
		spec.RunCap(*asked.RunCap)
	}
	if asked.Seed != nil {
		spec.Seed(*asked.Seed)
	}
	if asked.Retries != nil {
		spec.Retries(asked.Retries.Lost, asked.Retries.Failed)
	}
	if asked.MaxFailedRuns != nil {
		spec.MaxFailedRuns(*asked.MaxFailedRuns)
	}
	if asked.Program != "" {
		spec.Program(asked.Program, asked.Command...)
	}
	style := enum(registryv1.ArgsStyle_value, "ARGS_STYLE", asked.ArgsStyle)
	spec.ArgsStyle(registryv1.ArgsStyle(style))
	message, err := spec.Build()
	if err != nil {
		return nil, err
	}
	return encoded(message), nil
}

// begun returns the sweep of a method with its metrics.
func begun(asked sweepDescription) *wanllmdb.Spec {
	var metrics []wanllmdb.Metric
	for _, m := range asked.Metrics {
		impute := func(name string) registryv1.Impute {
			return registryv1.Impute(enum(registryv1.Impute_value, "IMPUTE", name))
		}
		metrics = append(metrics, wanllmdb.Metric{
			Name:   m.Name,
			Goal:   wanllmdb.Goal(enum(registryv1.Goal_value, "GOAL", m.Goal)),
			Target: m.Target,
			Value: registryv1.ObjectiveValue(
				enum(registryv1.ObjectiveValue_value, "OBJECTIVE_VALUE", m.Value)),
			MeanOver: m.MeanOver, Impute: impute(m.Impute),
			ImputeWhileRunning: impute(m.ImputeWhileRunning),
		})
	}
	switch {
	case asked.Method == "grid":
		return wanllmdb.Grid().Optimize(metrics...)
	case asked.Method == "random":
		return wanllmdb.Random().Optimize(metrics...)
	case len(metrics) == 1 && isPlain(metrics[0]):
		return wanllmdb.Bayes(metrics[0].Name, metrics[0].Goal)
	default:
		return wanllmdb.BayesOf(metrics...)
	}
}

// isPlain reports whether a metric has a name and a goal alone.
func isPlain(metric wanllmdb.Metric) bool {
	return metric == wanllmdb.Metric{Name: metric.Name, Goal: metric.Goal}
}

func enum(values map[string]int32, prefix, name string) int32 {
	if name == "" {
		return 0
	}
	value, ok := values[prefix+"_"+strings.ToUpper(name)]
	if !ok {
		panic("there is no " + prefix + " " + name)
	}
	return value
}

func distribution(parameter map[string]json.RawMessage) wanllmdb.Distribution {
	when := map[string][]description{}
	if text, ok := parameter["when"]; ok {
		when = read[map[string][]description](text)
		delete(parameter, "when")
	}
	found := unconditional(parameter)
	for _, other := range slices.Sorted(maps.Keys(when)) {
		found = wanllmdb.When(found, other, natives(when[other])...)
	}
	return found
}

type bounds struct {
	Min, Max, Mu, Sigma, A, B float64
	Q                         *float64
}

type intBounds struct {
	Min, Max int64
	Q        *int64
}

func unconditional(parameter map[string]json.RawMessage) wanllmdb.Distribution {
	for kind, given := range parameter {
		switch kind {
		case "constant":
			return wanllmdb.Constant(read[description](given).native())
		case "categorical":
			asked := read[struct {
				Values        []description
				Probabilities []float64
			}](given)
			return wanllmdb.Choice(natives(asked.Values)...).Probabilities(asked.Probabilities...)
		case "int_uniform", "int_log_uniform":
			return integers(kind, read[intBounds](given))
		case "quantized":
			asked := read[struct {
				Distribution map[string]json.RawMessage
				Q            description
			}](given)
			return rounded(unconditional(asked.Distribution).(wanllmdb.Continuous), asked.Q.native())
		default:
			return continuous(kind, read[bounds](given))
		}
	}
	panic("a parameter without a distribution")
}

func integers(kind string, b intBounds) wanllmdb.Distribution {
	found := wanllmdb.Ints(b.Min, b.Max)
	if kind == "int_log_uniform" {
		found = wanllmdb.LogInts(b.Min, b.Max)
	}
	if b.Q != nil {
		return found.Step(*b.Q)
	}
	return found
}

func rounded(inner wanllmdb.Continuous, step any) wanllmdb.Distribution {
	if step, ok := step.(int64); ok {
		return wanllmdb.RoundedInts(inner, step)
	}
	return wanllmdb.Rounded(inner, step.(float64))
}

func continuous(kind string, b bounds) wanllmdb.Continuous {
	var found wanllmdb.FloatRange
	switch kind {
	case "normal":
		return wanllmdb.Normal(b.Mu, b.Sigma)
	case "log_normal":
		return wanllmdb.LogNormal(b.Mu, b.Sigma)
	case "beta":
		return wanllmdb.Beta(b.A, b.B)
	case "uniform":
		found = wanllmdb.Uniform(b.Min, b.Max)
	case "log_uniform":
		found = wanllmdb.LogUniform(b.Min, b.Max)
	default:
		panic("there is no distribution " + kind)
	}
	if b.Q != nil {
		return found.Step(*b.Q)
	}
	return found
}
