"""Sweep specs between their typed form and protobuf, both ways."""

from __future__ import annotations

from typing import Any

from wanllmdb._types import spec as types
from wanllmdb._types.enums import Goal, Method
from wanllmdb._wire.enums import from_wire, to_wire
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
    "int_normal": types.IntNormal,
}
_ONEOF_NAMES = {kind: name for name, kind in _NUMERIC.items()}


def to_spec(spec: types.SweepSpec) -> sweep_pb2.SweepSpec:
    """The message of a spec."""
    message = sweep_pb2.SweepSpec(
        method=to_wire(spec.method, Method, sweep_pb2.Method, "spec.method"),
        run_cap=spec.run_cap,
        seed=spec.seed,
        retries=to_retries(spec.retries),
        search_space=space_pb.SearchSpace(
            parameters=[
                _to_parameter(name, spec.parameters[name]) for name in sorted(spec.parameters)
            ]
        ),
    )
    if spec.metric is not None:
        message.metric.CopyFrom(to_metric(spec.metric))
    if spec.early_termination is not None:
        message.early_termination.CopyFrom(to_early_termination(spec.early_termination))
    return message


def to_metric(metric: types.Metric) -> sweep_pb2.Metric:
    """The message of a metric."""
    goal = to_wire(metric.goal, Goal, sweep_pb2.Goal, "spec.metric.goal")
    return sweep_pb2.Metric(name=metric.name, goal=goal, target=metric.target)


def to_early_termination(rule: types.Hyperband) -> sweep_pb2.EarlyTermination:
    """The message of an early termination rule."""
    return sweep_pb2.EarlyTermination(
        hyperband=sweep_pb2.Hyperband(min_iter=rule.min_iter, eta=rule.eta, strict=rule.strict)
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
        metric=_from_metric(message.metric) if message.HasField("metric") else None,
        early_termination=_from_early_termination(message.early_termination),
        run_cap=optional_field(message, "run_cap"),
        seed=optional_field(message, "seed"),
        retries=types.RetryPolicy(
            lost=optional_field(message.retries, "lost"),
            failed=optional_field(message.retries, "failed"),
        ),
    )


def _to_parameter(name: str, distribution: types.Distribution) -> space_pb.Parameter:
    path = f"spec.parameters.{name}"
    if isinstance(distribution, types.Constant):
        value = to_parameter_value(distribution.value, f"{path}.value")
        return space_pb.Parameter(name=name, constant=space_pb.ConstantDistribution(value=value))
    if isinstance(distribution, types.Categorical):
        values = [
            to_parameter_value(value, f"{path}.values[{index}]")
            for index, value in enumerate(distribution.values)
        ]
        return space_pb.Parameter(
            name=name, categorical=space_pb.CategoricalDistribution(values=values)
        )
    parameter = space_pb.Parameter(name=name)
    law = getattr(parameter, _ONEOF_NAMES[type(distribution)])
    law.SetInParent()
    for field in law.DESCRIPTOR.fields_by_name:
        if (value := getattr(distribution, field)) is not None:
            setattr(law, field, value)
    return parameter


def _from_parameter(parameter: space_pb.Parameter) -> types.Distribution:
    kind = parameter.WhichOneof("distribution")
    if kind == "categorical":
        return types.Categorical(
            tuple(from_parameter_value(value) for value in parameter.categorical.values)
        )
    if kind is None or kind == "constant":
        return types.Constant(from_parameter_value(parameter.constant.value))
    law = getattr(parameter, kind)
    fields = {
        name: optional_field(law, name) if field.has_presence else getattr(law, name)
        for name, field in law.DESCRIPTOR.fields_by_name.items()
    }
    distribution: types.Distribution = _NUMERIC[kind](**fields)
    return distribution


def _from_metric(metric: sweep_pb2.Metric) -> types.Metric:
    # A metric without a goal is minimized.
    goal = from_wire(Goal, metric, "goal") if metric.goal else Goal.MINIMIZE
    return types.Metric(metric.name, goal, optional_field(metric, "target"))


def _from_early_termination(message: sweep_pb2.EarlyTermination) -> types.Hyperband | None:
    if message.WhichOneof("rule") != "hyperband":
        return None
    rule = message.hyperband
    return types.Hyperband(min_iter=rule.min_iter, eta=rule.eta or 3.0, strict=rule.strict)
