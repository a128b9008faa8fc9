"""Sweep specs: distributions, search spaces, metrics and algorithms, to and from protobuf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from wanllmdb._types.enums import (
    ArgsStyle,
    Goal,
    Impute,
    Method,
    ObjectiveValue,
    enum_from_proto,
    enum_to_proto,
    optional_enum_from_proto,
)
from wanllmdb._types.values import from_parameter_value, optional_field, to_parameter_value
from wanllmdb.api.registry.v1 import search_space_pb2 as space_pb
from wanllmdb.api.registry.v1 import sweep_pb2


@dataclass(frozen=True, slots=True)
class Constant:
    """A fixed value, which the run receives but the sampler does not search."""

    value: Any


@dataclass(frozen=True, slots=True)
class Categorical:
    """One of `values`; random search uses `probabilities`, equal ones if empty."""

    values: tuple[Any, ...]
    probabilities: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Uniform:
    """Floating-point values in [min, max], in steps of `q` from min if `q` is given."""

    min: float
    max: float
    q: float | None = None


@dataclass(frozen=True, slots=True)
class IntUniform:
    """Integers in [min, max], both ends included, in steps of `q` (1 where None)."""

    min: int
    max: int
    q: int | None = None


@dataclass(frozen=True, slots=True)
class LogUniform:
    """Floating-point values in [min, max] (values, not exponents) with uniform logarithm."""

    min: float
    max: float
    q: float | None = None


@dataclass(frozen=True, slots=True)
class IntLogUniform:
    """Integers in [min, max] (values, not exponents) with uniform logarithm."""

    min: int
    max: int
    q: int | None = None


@dataclass(frozen=True, slots=True)
class Normal:
    """A Gaussian with mean `mu` and standard deviation `sigma`, not truncated."""

    mu: float = 0.0
    sigma: float = 1.0


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Positive values whose logarithm is Gaussian with mean `mu` and deviation `sigma`."""

    mu: float = 0.0
    sigma: float = 1.0


@dataclass(frozen=True, slots=True)
class Beta:
    """Values in [0, 1] with density proportional to x^(a-1) * (1-x)^(b-1)."""

    a: float = 1.0
    b: float = 1.0


@dataclass(frozen=True, slots=True)
class Quantized:
    """A draw x of `distribution` becomes round(x/q)*q: an integer if `q` is one."""

    distribution: Uniform | LogUniform | Normal | LogNormal | Beta
    q: int | float = 1


@dataclass(frozen=True, slots=True)
class Conditional:
    """A distribution for runs in which other parameters have certain values.

    `when` maps the full name of another parameter to its allowed values; all conditions must
    hold.
    """

    distribution: (
        Constant
        | Categorical
        | Uniform
        | IntUniform
        | LogUniform
        | IntLogUniform
        | Normal
        | LogNormal
        | Beta
        | Quantized
    )
    when: Mapping[str, tuple[Any, ...]]


Distribution: TypeAlias = (
    Constant
    | Categorical
    | Uniform
    | IntUniform
    | LogUniform
    | IntLogUniform
    | Normal
    | LogNormal
    | Beta
    | Quantized
    | Conditional
)


@dataclass(frozen=True, slots=True)
class Metric:
    """What the sweep optimizes.

    The sweep finishes as soon as a finished run's objective is at least as good as `target`.
    `value` selects the reported value that becomes the objective; `mean_over` is the number of
    values that `ObjectiveValue.MEAN_LAST` averages. For samplers that learn, `impute` is the
    objective assumed for a run that ended without one, `impute_while_running` for a run that is
    still running; None ignores such runs.
    """

    name: str
    goal: Goal = Goal.MINIMIZE
    target: float | None = None
    value: ObjectiveValue = ObjectiveValue.LAST
    mean_over: int = 0
    impute: Impute | None = None
    impute_while_running: Impute | None = None


@dataclass(frozen=True, slots=True)
class AlgorithmChoice:
    """A sampler, pruner or terminator by name, with options; `list_algorithms` lists them."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hyperband:
    """Early termination by hyperband, as W&B sweeps implement it.

    Rungs are at iterations `min_iter * eta**i`, or at `max_iter / eta**i` for i from
    1 to `s`. An iteration is one reported finite value of the metric. `strict` tests
    the value at the rung; otherwise the best value up to the rung is tested.
    """

    min_iter: int = 0
    eta: float = 3.0
    strict: bool = True
    max_iter: int = 0
    s: int = 0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often lost and failed runs are queued again: 0 to 100; None for the default."""

    lost: int | None = None
    failed: int | None = None


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """Parameters by full name, and constraints between them that every run satisfies."""

    parameters: Mapping[str, Distribution]
    constraints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SweepSpec:
    """What a sweep searches and how.

    `parameters` are keyed by full name, which includes the groups, separated by "/". `sampler`
    defaults to the method's default. `metrics` are required for bayes; early termination and
    `terminator` require exactly one metric. `run_cap` None means no limit; if `seed` is None,
    the server chooses one. `program`, `command` and `args_style` are for command-line agents.
    """

    method: Method
    parameters: Mapping[str, Distribution]
    metrics: tuple[Metric, ...] = ()
    early_termination: Hyperband | AlgorithmChoice | None = None
    run_cap: int | None = None
    seed: int | None = None
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    sampler: AlgorithmChoice | None = None
    constraints: tuple[str, ...] = ()
    terminator: AlgorithmChoice | None = None
    max_failed_runs: int | None = None
    program: str = ""
    command: tuple[str, ...] = ()
    args_style: ArgsStyle = ArgsStyle.FLAT

    @property
    def metric(self) -> Metric | None:
        """The metric, if there is exactly one."""
        return self.metrics[0] if len(self.metrics) == 1 else None

    @property
    def search_space(self) -> SearchSpace:
        """The parameters with their constraints."""
        return SearchSpace(self.parameters, self.constraints)


# The distributions whose message has the dataclass's fields, by name in the oneof.
_NUMERIC: dict[str, type[Any]] = {
    "uniform": Uniform,
    "int_uniform": IntUniform,
    "log_uniform": LogUniform,
    "int_log_uniform": IntLogUniform,
    "normal": Normal,
    "log_normal": LogNormal,
    "beta": Beta,
}


_ONEOF_NAMES = {kind: name for name, kind in _NUMERIC.items()}


def spec_to_proto(spec: SweepSpec) -> sweep_pb2.SweepSpec:
    """The message of a spec."""
    message = sweep_pb2.SweepSpec(
        method=enum_to_proto(spec.method, Method, sweep_pb2.Method, "spec.method"),
        metrics=map(metric_to_proto, spec.metrics),
        run_cap=spec.run_cap,
        seed=spec.seed,
        retries=retries_to_proto(spec.retries),
        search_space=search_space_to_proto(spec.search_space),
        max_failed_runs=spec.max_failed_runs,
        program=spec.program,
        command=spec.command,
        args_style=enum_to_proto(
            spec.args_style, ArgsStyle, sweep_pb2.ArgsStyle, "spec.args_style"
        ),
    )
    if spec.early_termination is not None:
        message.early_termination.CopyFrom(early_termination_to_proto(spec.early_termination))
    if spec.sampler is not None:
        message.sampler.CopyFrom(algorithm_choice_to_proto(spec.sampler, "spec.sampler"))
    if spec.terminator is not None:
        message.terminator.CopyFrom(algorithm_choice_to_proto(spec.terminator, "spec.terminator"))
    return message


def search_space_to_proto(space: SearchSpace) -> space_pb.SearchSpace:
    """The message of a search space."""
    return space_pb.SearchSpace(
        parameters=[
            _parameter_to_proto(name, distribution)
            for name, distribution in sorted(space.parameters.items())
        ],
        constraints=space.constraints,
    )


def metric_to_proto(metric: Metric) -> sweep_pb2.Metric:
    """The message of a metric."""
    return sweep_pb2.Metric(
        name=metric.name,
        goal=enum_to_proto(metric.goal, Goal, sweep_pb2.Goal, "spec.metrics.goal"),
        target=metric.target,
        value=enum_to_proto(
            metric.value, ObjectiveValue, sweep_pb2.ObjectiveValue, "spec.metrics.value"
        ),
        mean_over=metric.mean_over,
        impute=enum_to_proto(metric.impute, Impute, sweep_pb2.Impute, "spec.metrics.impute"),
        impute_while_running=enum_to_proto(
            metric.impute_while_running,
            Impute,
            sweep_pb2.Impute,
            "spec.metrics.impute_while_running",
        ),
    )


def algorithm_choice_to_proto(choice: AlgorithmChoice, path: str) -> sweep_pb2.AlgorithmChoice:
    """The message of an algorithm by name."""
    return sweep_pb2.AlgorithmChoice(
        name=choice.name,
        options={
            name: to_parameter_value(value, f"{path}.options.{name}")
            for name, value in choice.options.items()
        },
    )


def early_termination_to_proto(
    rule: Hyperband | AlgorithmChoice,
) -> sweep_pb2.EarlyTermination:
    """The message of an early termination rule."""
    if isinstance(rule, AlgorithmChoice):
        pruner = algorithm_choice_to_proto(rule, "spec.early_termination")
        return sweep_pb2.EarlyTermination(pruner=pruner)
    return sweep_pb2.EarlyTermination(
        hyperband=sweep_pb2.Hyperband(
            min_iter=rule.min_iter,
            eta=rule.eta,
            strict=rule.strict,
            max_iter=rule.max_iter,
            s=rule.s,
        )
    )


def retries_to_proto(retries: RetryPolicy) -> sweep_pb2.RetryPolicy:
    """The message of a retry policy."""
    return sweep_pb2.RetryPolicy(lost=retries.lost, failed=retries.failed)


def spec_from_proto(message: sweep_pb2.SweepSpec) -> SweepSpec:
    """The typed form of a spec's message."""
    return SweepSpec(
        method=enum_from_proto(Method, message, "method"),
        parameters={
            parameter.name: _parameter_from_proto(parameter)
            for parameter in message.search_space.parameters
        },
        metrics=tuple(map(_metric_from_proto, message.metrics)),
        early_termination=_early_termination_from_proto(message.early_termination),
        run_cap=optional_field(message, "run_cap"),
        seed=optional_field(message, "seed"),
        retries=RetryPolicy(
            lost=optional_field(message.retries, "lost"),
            failed=optional_field(message.retries, "failed"),
        ),
        sampler=_algorithm_choice_from_proto(message.sampler)
        if message.HasField("sampler")
        else None,
        constraints=tuple(message.search_space.constraints),
        terminator=(
            _algorithm_choice_from_proto(message.terminator)
            if message.HasField("terminator")
            else None
        ),
        max_failed_runs=optional_field(message, "max_failed_runs"),
        program=message.program,
        command=tuple(message.command),
        args_style=optional_enum_from_proto(ArgsStyle, message, "args_style") or ArgsStyle.FLAT,
    )


def _parameter_to_proto(name: str, distribution: Distribution) -> space_pb.Parameter:
    path = f"spec.parameters.{name}"
    parameter = space_pb.Parameter(name=name)
    if isinstance(distribution, Conditional):
        for other, values in distribution.when.items():
            parameter.conditions.add(
                parameter=other,
                values=[to_parameter_value(value, f"{path}.when.{other}") for value in values],
            )
        distribution = distribution.distribution
    if isinstance(distribution, Constant):
        parameter.constant.value.CopyFrom(to_parameter_value(distribution.value, f"{path}.value"))
    elif isinstance(distribution, Categorical):
        parameter.categorical.values.extend(
            to_parameter_value(value, f"{path}.values[{index}]")
            for index, value in enumerate(distribution.values)
        )
        parameter.categorical.probabilities.extend(distribution.probabilities)
    elif isinstance(distribution, Quantized):
        _fill_distribution(parameter.quantized, distribution.distribution)
        if isinstance(distribution.q, int):
            parameter.quantized.int_q = distribution.q
        else:
            parameter.quantized.q = distribution.q
    else:
        _fill_distribution(parameter, distribution)
    return parameter


def _fill_distribution(
    message: space_pb.Parameter | space_pb.QuantizedDistribution, distribution: Any
) -> None:
    filled = getattr(message, _ONEOF_NAMES[type(distribution)])
    filled.SetInParent()
    for name in filled.DESCRIPTOR.fields_by_name:
        if (value := getattr(distribution, name)) is not None:
            setattr(filled, name, value)


def _parameter_from_proto(parameter: space_pb.Parameter) -> Distribution:
    inner: Any = _unconditional_from_proto(parameter)
    if not parameter.conditions:
        distribution: Distribution = inner
        return distribution
    when = {
        condition.parameter: tuple(map(from_parameter_value, condition.values))
        for condition in parameter.conditions
    }
    return Conditional(inner, when)


def _unconditional_from_proto(parameter: space_pb.Parameter) -> Any:
    kind = parameter.WhichOneof("distribution")
    if kind == "categorical":
        return Categorical(
            tuple(map(from_parameter_value, parameter.categorical.values)),
            tuple(parameter.categorical.probabilities),
        )
    if kind is None or kind == "constant":
        return Constant(from_parameter_value(parameter.constant.value))
    if kind == "quantized":
        quantized = parameter.quantized
        inner = _numeric_from_proto(quantized, quantized.WhichOneof("distribution") or "uniform")
        return Quantized(inner, getattr(quantized, quantized.WhichOneof("step") or "q"))
    return _numeric_from_proto(parameter, kind)


def _numeric_from_proto(
    message: space_pb.Parameter | space_pb.QuantizedDistribution, kind: str
) -> Any:
    inner = getattr(message, kind)
    fields = {
        name: optional_field(inner, name) if field.has_presence else getattr(inner, name)
        for name, field in inner.DESCRIPTOR.fields_by_name.items()
    }
    return _NUMERIC[kind](**fields)


def _metric_from_proto(metric: sweep_pb2.Metric) -> Metric:
    # A metric without a goal is minimized, and its last value counts.
    return Metric(
        metric.name,
        enum_from_proto(Goal, metric, "goal") if metric.goal else Goal.MINIMIZE,
        optional_field(metric, "target"),
        enum_from_proto(ObjectiveValue, metric, "value") if metric.value else ObjectiveValue.LAST,
        metric.mean_over,
        optional_enum_from_proto(Impute, metric, "impute"),
        optional_enum_from_proto(Impute, metric, "impute_while_running"),
    )


def _algorithm_choice_from_proto(message: sweep_pb2.AlgorithmChoice) -> AlgorithmChoice:
    options = {name: from_parameter_value(message.options[name]) for name in message.options}
    return AlgorithmChoice(message.name, options)


def _early_termination_from_proto(
    message: sweep_pb2.EarlyTermination,
) -> Hyperband | AlgorithmChoice | None:
    match message.WhichOneof("rule"):
        case "hyperband":
            rule = message.hyperband
            strict = rule.strict if rule.HasField("strict") else True
            return Hyperband(rule.min_iter, rule.eta or 3.0, strict, rule.max_iter, rule.s)
        case "pruner":
            return _algorithm_choice_from_proto(message.pruner)
        case _:
            return None
