"""A config as text: where its problems are, and JSON of writers that have no 1.0."""

from __future__ import annotations

import json
from typing import Any

import grpc.aio
import pytest
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.sweeps import CONFIG, Registry
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb.api.registry.v1 import template_service_pb2 as template_pb
from wanllmdb.api.registry.v1 import template_service_pb2_grpc as template_grpc

BAD = "method: random\nparameters:\n  x: {min: one, max: 1.0}\nrun_capp: 3\n"
PLACES = {"parameters.x.min": (3, 7), "run_capp": (4, 1)}


@pytest.mark.parametrize("request_type", [pb.CreateSweepRequest, pb.ParseSweepConfigRequest])
async def test_problems_of_a_text_have_their_places(registry: Registry, request_type: Any) -> None:
    rpc = getattr(registry, request_type.DESCRIPTOR.name.removesuffix("Request"))
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await rpc(request_type(config_text=pb.ConfigText(text=BAD)))
    assert dict(zip(failure.fields, failure.places, strict=True)) == PLACES
    assert failure.metadata["problems"] == "2"
    # A problem that is found only after parsing has a place, too.
    text = "method: random\nparameters: {x: {min: 0.0, max: 1.0}}\nconstraints: [x > 2]\n"
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await rpc(request_type(config_text=pb.ConfigText(text=text)))
    assert [line for line, _ in failure.places] == [3]


async def test_a_template_has_the_places_in_its_text(
    registry: Registry, registry_address: str
) -> None:
    template = template_pb.Template(name="misplaced", config_text=BAD)
    async with grpc.aio.insecure_channel(registry_address) as channel:
        stub = template_grpc.TemplateServiceStub(channel)
        with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
            await stub.CreateTemplate(template_pb.CreateTemplateRequest(template=template))
    assert dict(zip(failure.fields, failure.places, strict=True)) == PLACES


async def test_a_spec_has_no_places(registry: Registry) -> None:
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await registry.ParseSweepConfig(pb.ParseSweepConfigRequest(spec=sweep_pb2.SweepSpec()))
    assert failure.fields
    assert failure.places == []


async def warnings_of(registry: Registry, text: str, *, keeps_floats: bool = False) -> list[str]:
    answer = await registry.ParseSweepConfig(
        pb.ParseSweepConfigRequest(config_text=pb.ConfigText(text=text, keeps_floats=keeps_floats))
    )
    return list(answer.warnings)


async def test_a_json_writer_without_1_0_is_warned_of_integers(registry: Registry) -> None:
    parameters: dict[str, dict[str, Any]] = {
        "share": {"min": 0, "max": 1},
        "layers": {"min": 1, "max": 4, "distribution": "int_uniform"},
        "wide": {"min": 1, "max": 100, "distribution": "log_uniform"},
        "float": {"min": 0.5, "max": 2},
        "choice": {"values": [1, 2, 4]},
        "q": {"min": 0, "max": 8, "distribution": "q_uniform", "q": 2},
    }
    text = json.dumps({"method": "random", "parameters": parameters})
    # As JavaScript and Go write it.
    assert '"min": 0, "max": 1}' in text
    assert await warnings_of(registry, text) == [
        "parameter 'share' is an integer from 0 to 1, because its bounds are whole numbers: for "
        "floats write distribution: uniform, for integers distribution: int_uniform",
        "parameter 'wide' is an integer from 1 to 100, because its bounds are whole numbers: for "
        "floats write distribution: log_uniform_values",
    ]
    # What the first warning proposes is such a writer's way to floats.
    parameters["share"]["distribution"] = "uniform"
    answer = await registry.ParseSweepConfig(
        pb.ParseSweepConfigRequest(
            config_text=pb.ConfigText(
                text=json.dumps({"method": "random", "parameters": parameters})
            )
        )
    )
    kinds = {
        each.name: each.WhichOneof("distribution") for each in answer.spec.search_space.parameters
    }
    assert kinds["share"] == "uniform"


async def test_who_writes_1_0_is_not_warned(registry: Registry) -> None:
    config = {**CONFIG, "parameters": {"n": {"min": 0, "max": 1}}}
    text = json.dumps(config)
    assert await warnings_of(registry, text)
    assert await warnings_of(registry, text, keeps_floats=True) == []
    # A person wrote this.
    yaml = "method: random\nparameters:\n  n: {min: 0, max: 1}\n"
    assert await warnings_of(registry, yaml) == []
    flow = "{method: random, parameters: {n: {min: 0, max: 1}}}"
    assert await warnings_of(registry, flow) == []


async def test_the_warnings_of_many_parameters_are_bounded(registry: Registry) -> None:
    parameters = {f"p{index}": {"min": 0, "max": 1} for index in range(300)}
    text = json.dumps({"method": "random", "parameters": parameters})
    warnings = await warnings_of(registry, text)
    assert len(warnings) < 60
    assert "more warnings" in warnings[-1]
