"""A deleted sweep is gone for every RPC, although its rows are still there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
import pytest
from google.protobuf import field_mask_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass

from tests.conftest import registry_server
from tests.errors import rpc_fails
from tests.integration.registry.deleted_rows import (
    delete,
    filled_sweep,
    leave_the_purge_to_the_test,
    left_of,
)
from tests.registry_stub import RegistryStub
from tests.sweeps import config_text, create_sweep, proposal, request_id, row
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_list_pb2, sweep_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto

_NAME = field_mask_pb2.FieldMask(paths=["name"])


def _end(sweep_id: str) -> pb.FinishRunRequest:
    return pb.FinishRunRequest(
        sweep_id=sweep_id,
        number=0,
        attempt=1,
        succeeded=pb.RunSucceeded(objective=1.0),
        request_id=request_id(),
    )


# What requests need beside the sweep's id. Those that name a run name one that still has its rows.
FIELDS: dict[str, Any] = {
    "BatchGetRuns": {"numbers": [0]},
    "GetRun": {"number": 0},
    "EnqueueRuns": {"runs": [pb.EnqueuedRun(parameters=parameters_to_proto({"x": 0.25}))]},
    "RetryRuns": {"numbers": [1]},
    "CancelRuns": {"numbers": [0]},
    "ImportRuns": {"source": pb.PriorRunSource(csv="x,n,loss\n0.5,2,1.0\n")},
    "ReportMetrics": {"number": 0, "attempt": 1, "rows": [row(9, {"loss": 1.0})]},
    "FinishRun": {"number": 0, "attempt": 1, "succeeded": pb.RunSucceeded(objective=1.0)},
    "ReleaseRun": {"number": 0, "attempt": 1},
    "GetMetricHistory": {"number": 0},
    "GetMetricHistories": {"numbers": [0], "name": "loss"},
    "CreateRuns": {
        "requests": [
            internal_pb.RunsForAgent(
                request_id=request_id(), agent_id="agent", count=1, proposals=[proposal(9)]
            )
        ]
    },
    "SyncRuns": {"include_objective_points": True},
    "ResumeRuns": {"agent_id": "agent", "count": 1},
}


def _methods() -> dict[str, MethodDescriptor]:
    services = (
        pb.DESCRIPTOR.services_by_name["SweepRegistryService"],
        internal_pb.DESCRIPTOR.services_by_name["InternalRegistryService"],
    )
    return {method.name: method for service in services for method in service.methods}


def _requests(sweep_id: str) -> dict[str, Any]:
    """Return a request about the sweep for each RPC that takes one."""
    of_sweep = {
        name: GetMessageClass(method.input_type)(sweep_id=sweep_id, **FIELDS.get(name, {}))
        for name, method in _methods().items()
        if "sweep_id" in method.input_type.fields_by_name
    }
    end = _end(sweep_id)
    return of_sweep | {
        "FinishRuns": internal_pb.FinishRunsRequest(
            sweep_id=sweep_id,
            ended_runs=[end],
            sync=internal_pb.SyncRunsRequest(sweep_id=sweep_id),
        ),
        "UpdateSweep": pb.UpdateSweepRequest(
            sweep=sweep_pb2.Sweep(sweep_id=sweep_id, name="new"), update_mask=_NAME
        ),
        "UpdateRun": pb.UpdateRunRequest(
            run=run_pb2.Run(sweep_id=sweep_id, number=0, name="new"), update_mask=_NAME
        ),
    }


@pytest.fixture
async def registry(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RegistryStub]:
    """A registry that purges nothing while the test runs."""
    leave_the_purge_to_the_test(monkeypatch)
    async with registry_server(database_url) as address, grpc.aio.insecure_channel(address) as ch:
        yield RegistryStub(ch)


async def _call(registry: RegistryStub, rpc: str, request: Any) -> None:
    call = getattr(registry, rpc)(request)
    if _methods()[rpc].server_streaming:
        async for _ in call:
            pass
    else:
        await call


async def test_no_rpc_shows_a_deleted_sweep_whose_rows_are_there(
    registry: RegistryStub, database_url: str
) -> None:
    kept, gone = await filled_sweep(registry), await filled_sweep(registry)
    before = await left_of(database_url, gone)
    await delete(registry, gone)
    left = await left_of(database_url, gone)
    assert left == {name: count for name, count in before.items() if name != "sweeps"}
    assert set(left) == {"runs", "metric_points", "last_values", "prior_runs", "sweep_events"}
    requests = _requests(gone)
    assert len(requests) > 30
    for rpc, request in requests.items():
        with rpc_fails(grpc.StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
            await _call(registry, rpc, request)
            pytest.fail(f"{rpc} answered")
    # The runs of a deleted sweep inform no other one.
    with rpc_fails(grpc.StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await registry.ImportRuns(
            pb.ImportRunsRequest(sweep_id=kept, source=pb.PriorRunSource(sweep_id=gone))
        )
    listed = await registry.ListSweeps(sweep_list_pb2.ListSweepsRequest(include_total_count=True))
    assert [each.sweep_id for each in listed.sweeps] == [kept]
    assert listed.total_count == 1
    (project,) = (await registry.ListProjects(sweep_list_pb2.ListProjectsRequest())).projects
    assert [(each.state, each.count) for each in project.sweep_counts] == [
        (sweep_pb2.SWEEP_STATE_RUNNING, 1)
    ]
    assert await left_of(database_url, gone) == left


async def test_the_agents_of_a_deleted_sweep_abandon_its_runs(registry: RegistryStub) -> None:
    gone = await filled_sweep(registry)
    lease = pb.RunLease(sweep_id=gone, number=0, attempt=1)
    beat = pb.HeartbeatRequest(leases=[lease])
    assert (await registry.Heartbeat(beat)).statuses[0].command == run_pb2.RUN_COMMAND_CONTINUE
    await delete(registry, gone)
    (status,) = (await registry.Heartbeat(beat)).statuses
    assert status.command == run_pb2.RUN_COMMAND_ABANDON
    assert not status.HasField("expire_time")


async def test_a_repeated_deletion_gets_its_answer_before_and_after_the_purge(
    registry: RegistryStub,
) -> None:
    gone = await filled_sweep(registry)
    request = pb.DeleteSweepRequest(sweep_id=gone, request_id=request_id())
    first = await registry.DeleteSweep(request)
    assert await registry.DeleteSweep(request) == first
    with rpc_fails(grpc.StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await registry.DeleteSweep(pb.DeleteSweepRequest(sweep_id=gone, request_id=request_id()))


async def test_the_name_of_a_deleted_sweep_is_free(registry: RegistryStub) -> None:
    gone = await create_sweep(registry, name="mine")
    await delete(registry, gone.sweep_id)
    again = await registry.CreateSweep(
        pb.CreateSweepRequest(config_text=config_text(name="mine"), request_id=request_id())
    )
    assert (again.sweep.name, again.sweep.stats.total_runs) == ("mine", 0)
