"""Converts search spaces and parameter values between protobuf messages and plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping

from google.protobuf import struct_pb2

from wanllmdb.api.registry.v1 import search_space_pb2 as pb
from wanllmdb_common.search_space.distributions import (
    Beta,
    Categorical,
    Condition,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogNormal,
    LogUniform,
    Normal,
    Parameter,
    ParameterValue,
    Quantized,
    SearchSpace,
    Uniform,
)

Parameters = dict[str, ParameterValue]

ContinuousDistribution = Uniform | LogUniform | Normal | LogNormal | Beta

_KINDS: dict[type, str] = {
    float: "double_value",
    int: "int_value",
    str: "string_value",
    bool: "bool_value",
}


def value_from_proto(message: pb.ParameterValue) -> ParameterValue:
    """Return the Python value.

    Raises:
        ValueError: no kind is set, or the JSON text is not JSON.
    """
    kind = message.WhichOneof("kind")
    if kind is None:
        raise ValueError("the value has no kind set")
    if kind == "null_value":
        return None
    value: ParameterValue = getattr(message, kind)
    return json.loads(message.json_value) if kind == "json_value" else value


def value_to_proto(value: ParameterValue) -> pb.ParameterValue:
    """Return the message; lists and dictionaries become JSON text."""
    kind = _KINDS.get(type(value))
    if kind is not None:
        return pb.ParameterValue(**{kind: value})  # type: ignore[arg-type]  # the type's kind
    if value is None:
        return pb.ParameterValue(null_value=struct_pb2.NULL_VALUE)
    return pb.ParameterValue(json_value=json.dumps(value, sort_keys=True))


def parameters_from_proto(messages: Mapping[str, pb.ParameterValue]) -> Parameters:
    """Return values by name; see `value_from_proto`."""
    return {name: value_from_proto(messages[name]) for name in sorted(messages)}


def parameters_to_proto(parameters: Mapping[str, ParameterValue]) -> dict[str, pb.ParameterValue]:
    """Return messages by name."""
    return {name: value_to_proto(value) for name, value in parameters.items()}


def space_from_proto(message: pb.SearchSpace) -> SearchSpace:
    """Return the space, ordered by name. Bounds are not checked here.

    Raises:
        ValueError: a parameter without a distribution, or a value without a kind.
    """
    parameters = [_parameter_from_proto(p) for p in message.parameters]
    return SearchSpace(tuple(sorted(parameters, key=lambda p: p.name)), tuple(message.constraints))


def _parameter_from_proto(message: pb.Parameter) -> Parameter:
    return Parameter(
        message.name,
        distribution_from_proto(message),
        tuple(
            Condition(condition.parameter, tuple(map(value_from_proto, condition.values)))
            for condition in message.conditions
        ),
    )


def distribution_from_proto(message: pb.Parameter) -> Distribution:
    """Return one parameter's distribution; see `space_from_proto`."""
    match message.WhichOneof("distribution"):
        case "constant":
            return Constant(value_from_proto(message.constant.value))
        case "categorical":
            choices = message.categorical
            return Categorical(
                tuple(map(value_from_proto, choices.values)), tuple(choices.probabilities)
            )
        case "int_uniform":
            iu = message.int_uniform
            return IntUniform(iu.min, iu.max, iu.q if iu.HasField("q") else 1)
        case "int_log_uniform":
            il = message.int_log_uniform
            return IntLogUniform(il.min, il.max, il.q if il.HasField("q") else 1)
        case "quantized":
            return _quantized_from_proto(message.quantized)
        case None:
            raise ValueError("no distribution is set")
        case kind:
            return _continuous_from_proto(message, kind)


def _quantized_from_proto(message: pb.QuantizedDistribution) -> Quantized:
    kind = message.WhichOneof("distribution")
    if kind is None:
        raise ValueError("no inner distribution is set in the quantized distribution")
    distribution = _continuous_from_proto(message, kind)
    if isinstance(distribution, Uniform | LogUniform) and distribution.q is not None:
        raise ValueError(
            "the inner distribution of a quantized distribution must not have a q of its own"
        )
    match message.WhichOneof("step"):
        case "q":
            return Quantized(distribution, message.q)
        case "int_q":
            return Quantized(distribution, message.int_q)
        case _:
            raise ValueError("no step is set in the quantized distribution")


def _continuous_from_proto(
    message: pb.Parameter | pb.QuantizedDistribution, kind: str
) -> ContinuousDistribution:
    match kind:
        case "uniform":
            u = message.uniform
            return Uniform(u.min, u.max, u.q if u.HasField("q") else None)
        case "log_uniform":
            lu = message.log_uniform
            return LogUniform(lu.min, lu.max, lu.q if lu.HasField("q") else None)
        case "normal":
            return Normal(message.normal.mu, message.normal.sigma)
        case "log_normal":
            return LogNormal(message.log_normal.mu, message.log_normal.sigma)
        case _:
            return Beta(message.beta.a, message.beta.b)


def space_to_proto(space: SearchSpace) -> pb.SearchSpace:
    """Return the message."""
    return pb.SearchSpace(
        parameters=map(_parameter_to_proto, space.parameters), constraints=space.constraints
    )


def _parameter_to_proto(parameter: Parameter) -> pb.Parameter:
    message = pb.Parameter(
        name=parameter.name,
        conditions=[
            pb.ParameterCondition(
                parameter=condition.parameter, values=map(value_to_proto, condition.values)
            )
            for condition in parameter.conditions
        ],
    )
    match parameter.distribution:
        case Constant(value=value):
            message.constant.CopyFrom(pb.ConstantDistribution(value=value_to_proto(value)))
        case Categorical() as c:
            message.categorical.CopyFrom(
                pb.CategoricalDistribution(
                    values=map(value_to_proto, c.values), probabilities=c.probabilities
                )
            )
        case IntUniform() as iu:
            message.int_uniform.CopyFrom(pb.IntUniformDistribution(min=iu.min, max=iu.max, q=iu.q))
        case IntLogUniform() as il:
            message.int_log_uniform.CopyFrom(
                pb.IntLogUniformDistribution(min=il.min, max=il.max, q=il.q)
            )
        case Quantized(distribution=inner, q=q):
            _set_continuous(message.quantized, inner)
            if isinstance(q, int):
                message.quantized.int_q = q
            else:
                message.quantized.q = q
        case distribution:
            _set_continuous(message, distribution)
    return message


def _set_continuous(
    message: pb.Parameter | pb.QuantizedDistribution, distribution: ContinuousDistribution
) -> None:
    match distribution:
        case Uniform() as u:
            message.uniform.CopyFrom(pb.UniformDistribution(min=u.min, max=u.max, q=u.q))
        case LogUniform() as lu:
            message.log_uniform.CopyFrom(pb.LogUniformDistribution(min=lu.min, max=lu.max, q=lu.q))
        case Normal() as n:
            message.normal.CopyFrom(pb.NormalDistribution(mu=n.mu, sigma=n.sigma))
        case LogNormal() as ln:
            message.log_normal.CopyFrom(pb.LogNormalDistribution(mu=ln.mu, sigma=ln.sigma))
        case Beta() as beta:
            message.beta.CopyFrom(pb.BetaDistribution(a=beta.a, b=beta.b))
