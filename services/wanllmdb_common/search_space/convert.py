"""Search spaces and parameter values: protobuf messages to plain values and back."""

from __future__ import annotations

import json
from collections.abc import Mapping

from google.protobuf import struct_pb2

from wanllmdb.api.registry.v1 import search_space_pb2 as pb
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Constant,
    Distribution,
    IntLogUniform,
    IntNormal,
    IntUniform,
    LogUniform,
    Normal,
    Parameter,
    ParameterValue,
    SearchSpace,
    Uniform,
)

Parameters = dict[str, ParameterValue]

_KINDS: dict[type, str] = {
    float: "double_value",
    int: "int_value",
    str: "string_value",
    bool: "bool_value",
}


def value_from_proto(message: pb.ParameterValue) -> ParameterValue:
    """The Python value.

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
    """The message; lists and dictionaries become JSON text."""
    kind = _KINDS.get(type(value))
    if kind is not None:
        return pb.ParameterValue(**{kind: value})  # type: ignore[arg-type]  # the type's kind
    if value is None:
        return pb.ParameterValue(null_value=struct_pb2.NULL_VALUE)
    return pb.ParameterValue(json_value=json.dumps(value, sort_keys=True))


def parameters_from_proto(messages: Mapping[str, pb.ParameterValue]) -> Parameters:
    """Values by name; see `value_from_proto`."""
    return {name: value_from_proto(messages[name]) for name in sorted(messages)}


def parameters_to_proto(parameters: Mapping[str, ParameterValue]) -> dict[str, pb.ParameterValue]:
    """Messages by name."""
    return {name: value_to_proto(value) for name, value in parameters.items()}


def space_from_proto(message: pb.SearchSpace) -> SearchSpace:
    """The space, ordered by name. Bounds are not checked here.

    Raises:
        ValueError: a parameter without a distribution, or a value without a kind.
    """
    parameters = [Parameter(p.name, distribution_from_proto(p)) for p in message.parameters]
    return SearchSpace(tuple(sorted(parameters, key=lambda p: p.name)))


def distribution_from_proto(message: pb.Parameter) -> Distribution:
    """One parameter's law; see `space_from_proto`."""
    match message.WhichOneof("distribution"):
        case "constant":
            return Constant(value_from_proto(message.constant.value))
        case "categorical":
            return Categorical(tuple(map(value_from_proto, message.categorical.values)))
        case "uniform":
            u = message.uniform
            return Uniform(u.min, u.max, u.q if u.HasField("q") else None)
        case "int_uniform":
            iu = message.int_uniform
            return IntUniform(iu.min, iu.max, iu.q if iu.HasField("q") else 1)
        case "log_uniform":
            lu = message.log_uniform
            return LogUniform(lu.min, lu.max, lu.q if lu.HasField("q") else None)
        case "int_log_uniform":
            il = message.int_log_uniform
            return IntLogUniform(il.min, il.max, il.q if il.HasField("q") else 1)
        case "normal":
            n = message.normal
            return Normal(n.mu, n.sigma, n.q if n.HasField("q") else None)
        case "int_normal":
            i = message.int_normal
            return IntNormal(i.mu, i.sigma, i.q)
        case _:
            raise ValueError("no distribution is set")


def space_to_proto(space: SearchSpace) -> pb.SearchSpace:
    """The message."""
    return pb.SearchSpace(parameters=map(_parameter_to_proto, space.parameters))


def _parameter_to_proto(parameter: Parameter) -> pb.Parameter:
    name = parameter.name
    match parameter.distribution:
        case Constant(value=value):
            return pb.Parameter(
                name=name, constant=pb.ConstantDistribution(value=value_to_proto(value))
            )
        case Categorical(values=values):
            return pb.Parameter(
                name=name,
                categorical=pb.CategoricalDistribution(values=map(value_to_proto, values)),
            )
        case Uniform() as u:
            return pb.Parameter(
                name=name, uniform=pb.UniformDistribution(min=u.min, max=u.max, q=u.q)
            )
        case IntUniform() as iu:
            return pb.Parameter(
                name=name, int_uniform=pb.IntUniformDistribution(min=iu.min, max=iu.max, q=iu.q)
            )
        case LogUniform() as lu:
            return pb.Parameter(
                name=name, log_uniform=pb.LogUniformDistribution(min=lu.min, max=lu.max, q=lu.q)
            )
        case IntLogUniform() as il:
            return pb.Parameter(
                name=name,
                int_log_uniform=pb.IntLogUniformDistribution(min=il.min, max=il.max, q=il.q),
            )
        case Normal() as n:
            return pb.Parameter(
                name=name, normal=pb.NormalDistribution(mu=n.mu, sigma=n.sigma, q=n.q)
            )
        case IntNormal() as i:
            return pb.Parameter(
                name=name, int_normal=pb.IntNormalDistribution(mu=i.mu, sigma=i.sigma, q=i.q)
            )
