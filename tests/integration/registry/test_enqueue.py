"""EnqueueRuns over gRPC: runs that a user wants tried."""

from __future__ import annotations

from typing import Any

import pytest
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.sweeps import (
    Registry,
    create_runs,
    create_runs_request,
    create_sweep,
    proposal,
    request_id,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, search_space_pb2
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto


async def test_enqueued_runs_wait_in_order_and_must_lie_in_the_space(registry: Registry) -> None:
    sweep = await create_sweep(registry, run_cap=2)
    request = pb.EnqueueRunsRequest(
        sweep_id=sweep.sweep_id,
        runs=[
            pb.EnqueuedRun(parameters=parameters_to_proto({"x": 0.25}), labels={"why": "hunch"}),
            pb.EnqueuedRun(),
        ],
        request_id=request_id(),
    )
    queued = (await registry.EnqueueRuns(request)).runs
    assert [(run.number, run.state) for run in queued] == [
        (0, run_pb2.RUN_STATE_QUEUED),
        (1, run_pb2.RUN_STATE_QUEUED),
    ]
    assert dict(queued[0].labels) == {"why": "hunch"}
    assert (await registry.EnqueueRuns(request)).runs == queued
    request.request_id = request_id()
    with rpc_fails(StatusCode.FAILED_PRECONDITION, "RUN_CAP_REACHED"):
        await registry.EnqueueRuns(request)
    wrong = pb.EnqueueRunsRequest(
        sweep_id=sweep.sweep_id,
        runs=[
            pb.EnqueuedRun(parameters=parameters_to_proto({"x": 2.0, "n": 1.5, "y": 1})),
            pb.EnqueuedRun(parameters=parameters_to_proto({"n": True})),
        ],
    )
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.EnqueueRuns(wrong)
    assert failure.fields.keys() == {
        "runs[0].parameters.x",
        "runs[0].parameters.n",
        "runs[0].parameters.y",
        "runs[1].parameters.n",
    }
    # Runs are assigned in any order, each once.
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0, x=0.25))
    assert run.origin == run_pb2.RUN_ORIGIN_ENQUEUED
    again = create_runs_request(sweep.sweep_id, proposal(0, x=0.25))
    assert (await registry.CreateRuns(again)).conflict


CONDITIONAL: dict[str, Any] = {
    "optimizer": {"values": ["adam", "sgd", "lion"]},
    "nesterov": {"values": [True, False], "when": {"optimizer": ["sgd", "lion"]}},
    "momentum": {"min": 0.0, "max": 1.0, "when": {"nesterov": True}},
    "beta": {"min": 0.0, "max": 1.0, "when": {"optimizer": ["adam", "lion"]}},
    "warmup": {"min": 1, "max": 9},
    "total": {"min": 1, "max": 9},
}


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, set()),
        ({"optimizer": "sgd", "nesterov": True, "momentum": 0.5}, set()),
        # The sampler may still choose the parameters that the enqueued ones need.
        ({"momentum": 0.5}, set()),
        ({"momentum": 0.5, "beta": 0.5}, set()),
        ({"optimizer": "adam", "nesterov": True}, {"nesterov"}),
        ({"nesterov": False, "momentum": 0.5}, {"momentum"}),
        # This optimizer makes the parameter absent, although the parameter between them is open.
        ({"optimizer": "adam", "momentum": 0.5}, {"momentum"}),
        ({"warmup": 3, "total": 4}, set()),
        ({"warmup": 9}, set()),
        ({"warmup": 4, "total": 3}, {""}),
    ],
)
async def test_points_must_be_possible(
    registry: Registry, given: dict[str, Any], fields: set[str]
) -> None:
    sweep = await create_sweep(
        registry, parameters=CONDITIONAL, constraints=["warmup < total"], metric=None
    )
    request = pb.EnqueueRunsRequest(
        sweep_id=sweep.sweep_id, runs=[pb.EnqueuedRun(parameters=parameters_to_proto(given))]
    )
    if not fields:
        (run,) = (await registry.EnqueueRuns(request)).runs
        assert run.parameters == parameters_to_proto(given)
        return
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.EnqueueRuns(request)
    paths = {f"runs[0].parameters.{name}".removesuffix(".") for name in fields}
    assert failure.fields.keys() == paths


async def test_integers_of_any_size_are_rejected_where_they_do_not_fit(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    huge = search_space_pb2.ParameterValue(json_value="9" * 400)
    request = pb.EnqueueRunsRequest(
        sweep_id=sweep.sweep_id, runs=[pb.EnqueuedRun(parameters={"x": huge, "n": huge})]
    )
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.EnqueueRuns(request)
    assert failure.fields.keys() == {"runs[0].parameters.x", "runs[0].parameters.n"}


async def test_however_much_is_wrong_the_answer_arrives(registry: Registry) -> None:
    """An answer with headers that are too large would be lost as a whole."""
    sweep = await create_sweep(registry)
    for name in ("x" * 100, "\u00e9" * 100, "%\n" * 50):
        point = parameters_to_proto({f"{i}{name}": 1 for i in range(50)})
        request = pb.EnqueueRunsRequest(
            sweep_id=sweep.sweep_id, runs=[pb.EnqueuedRun(parameters=point)] * 20
        )
        for _ in range(5):
            with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
                await registry.EnqueueRuns(request)
        assert "has no parameter" in failure.message
        assert 2 <= len(failure.fields) < int(failure.metadata["problems"])
