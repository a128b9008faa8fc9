"""Sweep specs between their typed form and protobuf, both ways."""

from __future__ import annotations

from typing import Any

from wanllmdb._types import spec as types
from wanllmdb._types.enums import ArgsStyle, Goal, Impute, Method, ObjectiveValue
from wanllmdb._wire.enums import from_wire, optional_from_wire, to_wire
from wanllmdb._wire.values import from_parameter_value, optional_field, to_parameter_value
from wanllmdb.api.registry.v1 import search_space_pb2 as space_pb
from wanllmdb.api.registry.v1 import sweep_pb2

# The distributions whose message has the dataclass's fields, by name in the oneof.
_NUMERIC: dict[str, type[Any]] = {
    "uniform": types.Uniform,
    "int_uniform": types.IntUniform,
    "log_uniform": types.LogUniform,
    "int_log_uniform": types.IntLogUniform,
    "normal": types.Normal,
    "log_normal": types.LogNormal,
    "beta": types.Beta,
}
_ONEOF_NAMES = {kind: name for name, kind in _NUMERIC.items()}


def to_spec(spec: types.SweepSpec) -> sweep_pb2.SweepSpec:
    """The message of a spec."""
    message = sweep_pb2.SweepSpec(
        method=to_wire(spec.method, Method, sweep_pb2.Method, "spec.method"),
        metrics=map(to_metric, spec.metrics),
        run_cap=spec.run_cap,
        seed=spec.seed,
        retries=to_retries(spec.retries),
        search_space=to_search_space(spec.search_space),
        max_failed_runs=spec.max_failed_runs,
        program=spec.program,
        command=spec.command,
        args_style=to_wire(spec.args_style, ArgsStyle, sweep_pb2.ArgsStyle, "spec.args_style"),
    )
    if spec.early_termination is not None:
        message.early_termination.CopyFrom(to_early_termination(spec.early_termination))
    if spec.sampler is not None:
        message.sampler.CopyFrom(to_algorithm_choice(spec.sampler, "spec.sampler"))
    if spec.terminator is not None:
        message.terminator.CopyFrom(to_algorithm_choice(spec.terminator, "spec.terminator"))
    return message


def to_search_space(space: types.SearchSpace) -> space_pb.SearchSpace:
    """The message of a search space."""
    return space_pb.SearchSpace(
        parameters=[_to_parameter(name, law) for name, law in sorted(space.parameters.items())],
        constraints=space.constraints,
    )


def to_metric(metric: types.Metric) -> sweep_pb2.Metric:
    """The message of a metric."""
    return sweep_pb2.Metric(
        name=metric.name,
        goal=to_wire(metric.goal, Goal, sweep_pb2.Goal, "spec.metrics.goal"),
        target=metric.target,
        value=to_wire(metric.value, ObjectiveValue, sweep_pb2.ObjectiveValue, "spec.metrics.value"),
        mean_over=metric.mean_over,
        impute=to_wire(metric.impute, Impute, sweep_pb2.Impute, "spec.metrics.impute"),
        impute_while_running=to_wire(
            metric.impute_while_running,
            Impute,
            sweep_pb2.Impute,
            "spec.metrics.impute_while_running",
        ),
    )


def to_algorithm_choice(choice: types.AlgorithmChoice, path: str) -> sweep_pb2.AlgorithmChoice:
    """The message of an algorithm by name."""
    return sweep_pb2.AlgorithmChoice(
        name=choice.name,
        options={
            name: to_parameter_value(value, f"{path}.options.{name}")
            for name, value in choice.options.items()
        },
    )


def to_early_termination(
    rule: types.Hyperband | types.AlgorithmChoice,
) -> sweep_pb2.EarlyTermination:
    """The message of an early termination rule."""
    if isinstance(rule, types.AlgorithmChoice):
        pruner = to_algorithm_choice(rule, "spec.early_termination")
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


def to_retries(retries: types.RetryPolicy) -> sweep_pb2.RetryPolicy:
    """The message of a retry policy."""
    return sweep_pb2.RetryPolicy(lost=retries.lost, failed=retries.failed)


def from_spec(message: sweep_pb2.SweepSpec) -> types.SweepSpec:
    """The typed form of a spec's message."""
    return types.SweepSpec(
        method=from_wire(Method, message, "method"),
        parameters={
            parameter.name: _from_parameter(parameter)
            for parameter in message.search_space.parameters
        },
        metrics=tuple(map(_from_metric, message.metrics)),
        early_termination=_from_early_termination(message.early_termination),
        run_cap=optional_field(message, "run_cap"),
        seed=optional_field(message, "seed"),
        retries=types.RetryPolicy(
            lost=optional_field(message.retries, "lost"),
            failed=optional_field(message.retries, "failed"),
        ),
        sampler=_from_algorithm_choice(message.sampler) if message.HasField("sampler") else None,
        constraints=tuple(message.search_space.constraints),
        terminator=(
            _from_algorithm_choice(message.terminator) if message.HasField("terminator") else None
        ),
        max_failed_runs=optional_field(message, "max_failed_runs"),
        program=message.program,
        command=tuple(message.command),
        args_style=optional_from_wire(ArgsStyle, message, "args_style") or ArgsStyle.FLAT,
    )


def _to_parameter(name: str, distribution: types.Distribution) -> space_pb.Parameter:
    path = f"spec.parameters.{name}"
    parameter = space_pb.Parameter(name=name)
    if isinstance(distribution, types.Conditional):
        for other, values in distribution.when.items():
            parameter.conditions.add(
                parameter=other,
                values=[to_parameter_value(value, f"{path}.when.{other}") for value in values],
            )
        distribution = distribution.law
    if isinstance(distribution, types.Constant):
        parameter.constant.value.CopyFrom(to_parameter_value(distribution.value, f"{path}.value"))
    elif isinstance(distribution, types.Categorical):
        parameter.categorical.values.extend(
            to_parameter_value(value, f"{path}.values[{index}]")
            for index, value in enumerate(distribution.values)
        )
        parameter.categorical.probabilities.extend(distribution.probabilities)
    elif isinstance(distribution, types.Quantized):
        _fill_law(parameter.quantized, distribution.law)
        if isinstance(distribution.q, int):
            parameter.quantized.int_q = distribution.q
        else:
            parameter.quantized.q = distribution.q
    else:
        _fill_law(parameter, distribution)
    return parameter


def _fill_law(
    message: space_pb.Parameter | space_pb.QuantizedDistribution, distribution: Any
) -> None:
    law = getattr(message, _ONEOF_NAMES[type(distribution)])
    law.SetInParent()
    for field in law.DESCRIPTOR.fields_by_name:
        if (value := getattr(distribution, field)) is not None:
            setattr(law, field, value)


def _from_parameter(parameter: space_pb.Parameter) -> types.Distribution:
    law: Any = _from_unconditional(parameter)
    if not parameter.conditions:
        distribution: types.Distribution = law
        return distribution
    when = {
        condition.parameter: tuple(map(from_parameter_value, condition.values))
        for condition in parameter.conditions
    }
    return types.Conditional(law, when)


def _from_unconditional(parameter: space_pb.Parameter) -> Any:
    kind = parameter.WhichOneof("distribution")
    if kind == "categorical":
        return types.Categorical(
            tuple(map(from_parameter_value, parameter.categorical.values)),
            tuple(parameter.categorical.probabilities),
        )
    if kind is None or kind == "constant":
        return types.Constant(from_parameter_value(parameter.constant.value))
    if kind == "quantized":
        quantized = parameter.quantized
        law = _numeric(quantized, quantized.WhichOneof("law") or "uniform")
        return types.Quantized(law, getattr(quantized, quantized.WhichOneof("step") or "q"))
    return _numeric(parameter, kind)


def _numeric(message: space_pb.Parameter | space_pb.QuantizedDistribution, kind: str) -> Any:
    law = getattr(message, kind)
    fields = {
        name: optional_field(law, name) if field.has_presence else getattr(law, name)
        for name, field in law.DESCRIPTOR.fields_by_name.items()
    }
    return _NUMERIC[kind](**fields)


def _from_metric(metric: sweep_pb2.Metric) -> types.Metric:
    # A metric without a goal is minimized, and its last value counts.
    return types.Metric(
        metric.name,
        from_wire(Goal, metric, "goal") if metric.goal else Goal.MINIMIZE,
        optional_field(metric, "target"),
        from_wire(ObjectiveValue, metric, "value") if metric.value else ObjectiveValue.LAST,
        metric.mean_over,
        optional_from_wire(Impute, metric, "impute"),
        optional_from_wire(Impute, metric, "impute_while_running"),
    )


def _from_algorithm_choice(message: sweep_pb2.AlgorithmChoice) -> types.AlgorithmChoice:
    options = {name: from_parameter_value(message.options[name]) for name in message.options}
    return types.AlgorithmChoice(message.name, options)


def _from_early_termination(
    message: sweep_pb2.EarlyTermination,
) -> types.Hyperband | types.AlgorithmChoice | None:
    match message.WhichOneof("rule"):
        case "hyperband":
            rule = message.hyperband
            strict = rule.strict if rule.HasField("strict") else True
            return types.Hyperband(rule.min_iter, rule.eta or 3.0, strict, rule.max_iter, rule.s)
        case "pruner":
            return _from_algorithm_choice(message.pruner)
        case _:
            return None
