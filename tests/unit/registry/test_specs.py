"""Typed specs: the same rules and the same paths as configs, and no loss on the wire."""

from __future__ import annotations

import math

import pytest
from google.protobuf import struct_pb2
from hypothesis import given, settings

from tests.unit.registry.specs import specs
from tests.unit.registry.test_config_round_trip import with_types
from wanllmdb.api.registry.v1 import search_space_pb2 as space_pb
from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb_common.errors import InvalidArgumentError
from wanllmdb_registry.domain.config.parsing.config import ParsedConfig, check_spec
from wanllmdb_registry.domain.model import AlgorithmChoice, Hyperband, Method, SweepSpec
from wanllmdb_registry.rpc.conversion import spec_to_proto
from wanllmdb_registry.rpc.spec_reader import SpecReader

ONE = space_pb.ParameterValue(int_value=1)


def read(message: sweep_pb2.SweepSpec) -> ParsedConfig:
    reader = SpecReader()
    spec, written = reader.spec(message)
    return check_spec(spec, written, reader.problems)


def problems(message: sweep_pb2.SweepSpec) -> dict[str, str]:
    with pytest.raises(InvalidArgumentError) as caught:
        read(message)
    return {v.field: v.description for v in caught.value.violations}


def spec(**fields: object) -> sweep_pb2.SweepSpec:
    """Return a valid spec with some more fields."""
    message = sweep_pb2.SweepSpec(method=sweep_pb2.METHOD_RANDOM)
    message.metrics.add(name="loss")
    message.search_space.parameters.add(name="x").constant.value.CopyFrom(ONE)
    message.MergeFrom(sweep_pb2.SweepSpec(**fields))  # type: ignore[arg-type]  # as its callers say
    return message


@settings(max_examples=60)
@given(specs())
def test_a_spec_survives_the_wire_with_every_type(given_spec: SweepSpec) -> None:
    message = spec_to_proto(given_spec)
    again = read(sweep_pb2.SweepSpec.FromString(message.SerializeToString())).spec
    assert again == given_spec
    assert with_types(again) == with_types(given_spec)
    assert spec_to_proto(again) == message


def test_a_sampler_says_the_method() -> None:
    message = spec(sampler=sweep_pb2.AlgorithmChoice(name="tpe"))
    message.method = sweep_pb2.METHOD_UNSPECIFIED
    parsed = read(message).spec
    assert (parsed.method, parsed.sampler) == (Method.BAYES, AlgorithmChoice("tpe"))
    message.ClearField("sampler")
    assert "is required: one of random, grid, bayes" in problems(message)["method"]


def test_zero_eta_is_the_default() -> None:
    message = spec()
    message.early_termination.hyperband.min_iter = 2
    assert read(message).spec.early_termination == Hyperband(2, 3.0)


def test_strict_is_true_where_it_is_absent_and_false_where_it_is_false() -> None:
    message = spec()
    message.early_termination.hyperband.min_iter = 2
    assert read(message).spec.early_termination == Hyperband(2, strict=True)
    message.early_termination.hyperband.strict = False
    assert read(message).spec.early_termination == Hyperband(2, strict=False)
    assert not spec_to_proto(read(message).spec).early_termination.hyperband.strict


def test_every_problem_is_named_at_once_with_the_paths_of_a_config() -> None:
    message = spec(
        method=99,
        sampler=sweep_pb2.AlgorithmChoice(
            name="random", options={"allow_duplicates": space_pb.ParameterValue()}
        ),
        run_cap=0,
        max_failed_runs=0,
        command=["${agrs}"],
    )
    message.metrics.add(name="loss", goal=9, value=sweep_pb2.OBJECTIVE_VALUE_MEAN_LAST)
    message.early_termination.SetInParent()
    message.terminator.name = "no_such"
    add = message.search_space.parameters.add
    add(name="g/none")
    add(name="g/distribution").quantized.int_q = 2
    step = add(name="g/step").quantized
    step.uniform.min, step.uniform.max = 0, 1
    own = add(name="g/own").quantized
    own.uniform.min, own.uniform.max, own.uniform.q, own.q = 0, 1, 0.5, 0.5
    add(name="g/unset").constant.SetInParent()
    add(name="g/json").constant.value.json_value = "{"
    add(name="g/deep").constant.value.json_value = "[" * 100_000
    add(name="g/deeper").constant.value.json_value = "[" * 200 + "]" * 200
    add(name="g/nan").constant.value.double_value = math.nan
    bounds = add(name="g/bounds").uniform
    bounds.min, bounds.max = 2, 1
    add(name="g/1").constant.value.int_value = 1
    add(name="x").constant.value.int_value = 1
    add(name="g").constant.value.int_value = 1
    when = add(name="g/when")
    when.constant.value.int_value = 1
    when.conditions.add(parameter="nothing", values=[ONE])
    when.conditions.add(parameter="x", values=[space_pb.ParameterValue()])
    when.conditions.add(parameter="g/bounds", values=[space_pb.ParameterValue(string_value="a")])
    when.conditions.add(parameter="g/none", values=[ONE])
    at = "parameters.g.parameters."
    assert problems(message).keys() == {
        "method",
        "sampler.options",
        "run_cap",
        "max_failed_runs",
        "command[0]",
        "metrics[1].name",
        "metrics[1].goal",
        "metrics[1].value",
        "early_terminate",
        "terminate",
        "terminate.name",
        *(
            at + name
            for name in ("none", "distribution", "step", "own", "unset", "json", "deep", "1")
        ),
        f"{at}deeper.value" + "[0]" * 101,
        f"{at}nan.value",
        f"{at}bounds.min",
        "parameters.x",
        "parameters.g",
        f"{at}when.when.nothing",
        f"{at}when.when.x",
        f"{at}when.when.g/bounds",
    }


def test_conditions_come_in_normal_form() -> None:
    message = spec()
    for name in ("a", "b"):
        distribution = message.search_space.parameters.add(name=name).categorical
        for number in (1, 2, 3):
            distribution.values.add(int_value=number)
    child = message.search_space.parameters.add(name="child")
    child.constant.value.null_value = struct_pb2.NULL_VALUE
    for parent, numbers in (("b", [3, 2]), ("a", [1]), ("b", [2, 3, 1])):
        wanted = [space_pb.ParameterValue(int_value=number) for number in numbers]
        child.conditions.add(parameter=parent, values=wanted)
    (read_child,) = (p for p in read(message).spec.space.parameters if p.name == "child")
    assert [(c.parameter, c.values) for c in read_child.conditions] == [("a", (1,)), ("b", (3, 2))]
