package wanllmdb

import (
	"fmt"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
)

// Distribution is the values that a parameter may have, and how likely each is: made by Constant,
// Choice, Uniform, Ints, LogUniform, LogInts, Normal, LogNormal, Beta, Rounded or RoundedInts, and
// limited to some runs by When.
type Distribution interface {
	// fill sets the distribution of a parameter.
	fill(parameter *registryv1.Parameter) error
}

// Continuous is a distribution of floating-point numbers, which Rounded takes.
type Continuous interface {
	Distribution
	// fillQuantized sets the distribution that is rounded.
	fillQuantized(quantized *registryv1.QuantizedDistribution)
}

// Constant is always the same value, which every run gets and no sampler searches.
func Constant(value any) Distribution { return constant{value} }

type constant struct{ value any }

func (d constant) fill(p *registryv1.Parameter) error {
	value, err := newValue(d.value, p.GetName())
	p.Distribution = &registryv1.Parameter_Constant{
		Constant: &registryv1.ConstantDistribution{Value: value},
	}
	return err
}

// Choice is one of some values, which may have different types.
func Choice(values ...any) ChoiceOf { return ChoiceOf{values: values} }

// ChoiceOf is a distribution that Choice makes.
type ChoiceOf struct {
	values        []any
	probabilities []float64
}

// Probabilities sets how likely each value is under random search; the sum is 1.
func (d ChoiceOf) Probabilities(probabilities ...float64) ChoiceOf {
	d.probabilities = probabilities
	return d
}

func (d ChoiceOf) fill(p *registryv1.Parameter) error {
	values, err := listOfValues(d.values, p.GetName())
	p.Distribution = &registryv1.Parameter_Categorical{
		Categorical: &registryv1.CategoricalDistribution{
			Values: values, Probabilities: d.probabilities,
		},
	}
	return err
}

// Uniform is a floating-point number, evenly between two bounds.
func Uniform(least, most float64) FloatRange { return FloatRange{least: least, most: most} }

// LogUniform is a floating-point number, evenly over the logarithm. The bounds are values, not
// exponents.
func LogUniform(least, most float64) FloatRange {
	return FloatRange{least: least, most: most, isLog: true}
}

// FloatRange is a distribution that Uniform and LogUniform make.
type FloatRange struct {
	least, most float64
	step        *float64
	isLog       bool
}

// Step limits the values to the lower bound plus multiples of a step.
func (d FloatRange) Step(step float64) FloatRange {
	d.step = &step
	return d
}

func (d FloatRange) uniform() *registryv1.UniformDistribution {
	return &registryv1.UniformDistribution{Min: d.least, Max: d.most, Q: d.step}
}

func (d FloatRange) logUniform() *registryv1.LogUniformDistribution {
	return &registryv1.LogUniformDistribution{Min: d.least, Max: d.most, Q: d.step}
}

func (d FloatRange) fill(p *registryv1.Parameter) error {
	if d.isLog {
		p.Distribution = &registryv1.Parameter_LogUniform{LogUniform: d.logUniform()}
	} else {
		p.Distribution = &registryv1.Parameter_Uniform{Uniform: d.uniform()}
	}
	return nil
}

func (d FloatRange) fillQuantized(q *registryv1.QuantizedDistribution) {
	if d.isLog {
		q.Distribution = &registryv1.QuantizedDistribution_LogUniform{LogUniform: d.logUniform()}
	} else {
		q.Distribution = &registryv1.QuantizedDistribution_Uniform{Uniform: d.uniform()}
	}
}

// Ints is an integer, evenly between two bounds that are both included.
func Ints(least, most int64) IntRange { return IntRange{least: least, most: most} }

// LogInts is an integer, evenly over the logarithm between two bounds that are both included.
func LogInts(least, most int64) IntRange { return IntRange{least: least, most: most, isLog: true} }

// IntRange is a distribution that Ints and LogInts make.
type IntRange struct {
	least, most int64
	step        *int64
	isLog       bool
}

// Step limits the values to the lower bound plus multiples of a step.
func (d IntRange) Step(step int64) IntRange {
	d.step = &step
	return d
}

func (d IntRange) fill(p *registryv1.Parameter) error {
	if d.isLog {
		p.Distribution = &registryv1.Parameter_IntLogUniform{
			IntLogUniform: &registryv1.IntLogUniformDistribution{Min: d.least, Max: d.most, Q: d.step},
		}
	} else {
		p.Distribution = &registryv1.Parameter_IntUniform{
			IntUniform: &registryv1.IntUniformDistribution{Min: d.least, Max: d.most, Q: d.step},
		}
	}
	return nil
}

// Normal is a floating-point number with a Gaussian distribution.
func Normal(mu, sigma float64) Continuous { return normal{mu, sigma} }

type normal struct{ mu, sigma float64 }

func (d normal) proto() *registryv1.NormalDistribution {
	return &registryv1.NormalDistribution{Mu: d.mu, Sigma: d.sigma}
}

func (d normal) fill(p *registryv1.Parameter) error {
	p.Distribution = &registryv1.Parameter_Normal{Normal: d.proto()}
	return nil
}

func (d normal) fillQuantized(q *registryv1.QuantizedDistribution) {
	q.Distribution = &registryv1.QuantizedDistribution_Normal{Normal: d.proto()}
}

// LogNormal is a positive number whose natural logarithm has a Gaussian distribution.
func LogNormal(mu, sigma float64) Continuous { return logNormal{mu, sigma} }

type logNormal struct{ mu, sigma float64 }

func (d logNormal) proto() *registryv1.LogNormalDistribution {
	return &registryv1.LogNormalDistribution{Mu: d.mu, Sigma: d.sigma}
}

func (d logNormal) fill(p *registryv1.Parameter) error {
	p.Distribution = &registryv1.Parameter_LogNormal{LogNormal: d.proto()}
	return nil
}

func (d logNormal) fillQuantized(q *registryv1.QuantizedDistribution) {
	q.Distribution = &registryv1.QuantizedDistribution_LogNormal{LogNormal: d.proto()}
}

// Beta is a number from 0 to 1 with a beta distribution.
func Beta(a, b float64) Continuous { return beta{a, b} }

type beta struct{ a, b float64 }

func (d beta) proto() *registryv1.BetaDistribution {
	return &registryv1.BetaDistribution{A: d.a, B: d.b}
}

func (d beta) fill(p *registryv1.Parameter) error {
	p.Distribution = &registryv1.Parameter_Beta{Beta: d.proto()}
	return nil
}

func (d beta) fillQuantized(q *registryv1.QuantizedDistribution) {
	q.Distribution = &registryv1.QuantizedDistribution_Beta{Beta: d.proto()}
}

// Rounded draws from another distribution, and rounds to multiples of a step. The values are
// floating-point numbers.
func Rounded(inner Continuous, step float64) Distribution {
	return rounded{inner, &registryv1.QuantizedDistribution{
		Step: &registryv1.QuantizedDistribution_Q{Q: step},
	}}
}

// RoundedInts draws from another distribution, and rounds to multiples of a step. The values are
// integers.
func RoundedInts(inner Continuous, step int64) Distribution {
	return rounded{inner, &registryv1.QuantizedDistribution{
		Step: &registryv1.QuantizedDistribution_IntQ{IntQ: step},
	}}
}

type rounded struct {
	inner Continuous
	step  *registryv1.QuantizedDistribution
}

func (d rounded) fill(p *registryv1.Parameter) error {
	quantized := clone(d.step)
	d.inner.fillQuantized(quantized)
	p.Distribution = &registryv1.Parameter_Quantized{Quantized: quantized}
	return nil
}

// When limits a parameter to runs in which another parameter has one of some values. Several
// conditions, which all must hold, are nested.
func When(inner Distribution, parameter string, values ...any) Distribution {
	return conditional{inner, parameter, values}
}

type conditional struct {
	inner     Distribution
	parameter string
	values    []any
}

func (d conditional) fill(p *registryv1.Parameter) error {
	if err := d.inner.fill(p); err != nil {
		return err
	}
	values, err := listOfValues(d.values, "the condition of "+p.GetName())
	p.Conditions = append(p.Conditions, &registryv1.ParameterCondition{
		Parameter: d.parameter, Values: values,
	})
	return err
}

func listOfValues(values []any, path string) ([]*registryv1.ParameterValue, error) {
	messages := make([]*registryv1.ParameterValue, len(values))
	for i, value := range values {
		var err error
		if messages[i], err = newValue(value, fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return nil, err
		}
	}
	return messages, nil
}
