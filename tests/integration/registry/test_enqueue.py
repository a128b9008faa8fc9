"""Runs over gRPC that a user wants tried."""

from __future__ import annotations

from grpc import StatusCode

from tests.errors import refused
from tests.sweeps import (
    Registry,
    create_runs,
    create_runs_request,
    create_sweep,
    proposal,
    request_id,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.search_space.convert import parameters_to_proto


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
    with refused(StatusCode.FAILED_PRECONDITION, "RUN_CAP_REACHED"):
        await registry.EnqueueRuns(request)
    wrong = pb.EnqueueRunsRequest(
        sweep_id=sweep.sweep_id,
        runs=[
            pb.EnqueuedRun(parameters=parameters_to_proto({"x": 2.0, "n": 1.5, "y": 1})),
            pb.EnqueuedRun(parameters=parameters_to_proto({"n": True})),
        ],
    )
    with refused(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as refusal:
        await registry.EnqueueRuns(wrong)
    assert refusal.fields.keys() == {
        "runs[0].parameters.x",
        "runs[0].parameters.n",
        "runs[0].parameters.y",
        "runs[1].parameters.n",
    }
    # Handed out in any order, each once.
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    assert run.origin == run_pb2.RUN_ORIGIN_ENQUEUED
    again = create_runs_request(sweep.sweep_id, proposal(0))
    assert (await registry.CreateRuns(again)).conflict
