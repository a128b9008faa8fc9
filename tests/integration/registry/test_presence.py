"""Run 0 is never meant by a number that is not set, and always named by one that is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from google.protobuf import field_mask_pb2, json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.reads import get_run, get_sweep
from tests.sweeps import Registry, create_runs, create_sweep, finish_run, proposal, row
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb

# A request about run 0 by RPC, and the path of what its number is a field of.
REQUESTS: dict[str, tuple[str, Callable[[str], Message]]] = {
    "ReportMetrics": (
        "",
        lambda sweep_id: pb.ReportMetricsRequest(
            sweep_id=sweep_id, number=0, attempt=1, rows=[row(1, {"loss": 1.0})]
        ),
    ),
    "FinishRun": (
        "",
        lambda sweep_id: pb.FinishRunRequest(
            sweep_id=sweep_id, number=0, attempt=1, succeeded=pb.RunSucceeded()
        ),
    ),
    "ReleaseRun": (
        "",
        lambda sweep_id: pb.ReleaseRunRequest(sweep_id=sweep_id, number=0, attempt=1),
    ),
    "Heartbeat": (
        "leases[0].",
        lambda sweep_id: pb.HeartbeatRequest(
            leases=[pb.RunLease(sweep_id=sweep_id, number=0, attempt=1)]
        ),
    ),
    "GetMetricHistory": (
        "",
        lambda sweep_id: pb.GetMetricHistoryRequest(sweep_id=sweep_id, number=0),
    ),
    "UpdateRun": (
        "run.",
        lambda sweep_id: pb.UpdateRunRequest(
            run=run_pb2.Run(sweep_id=sweep_id, number=0, name="new"),
            update_mask=field_mask_pb2.FieldMask(paths=["name"]),
        ),
    ),
}


def named(request: Message) -> Message:
    """Return the part of a request that names a run."""
    if isinstance(request, pb.HeartbeatRequest):
        return request.leases[0]
    return request.run if isinstance(request, pb.UpdateRunRequest) else request


def numbers(kind: Descriptor, depth: int = 3) -> Iterator[bool]:
    """Yield, for each single number of a run within a message, whether it has presence."""
    for field in kind.fields:
        if field.name == "number":
            yield field.has_presence
        elif (
            field.message_type is not None
            and depth
            and not field.message_type.full_name.startswith("google.")
            # No request sets the statistics of a sweep.
            and field.message_type.name != "SweepStats"
        ):
            yield from numbers(field.message_type, depth - 1)


def test_every_number_of_a_request_has_presence() -> None:
    services = [
        pb.DESCRIPTOR.services_by_name["SweepRegistryService"],
        suggestion_pb.DESCRIPTOR.services_by_name["SuggestionService"],
    ]
    found = {
        method.name: list(numbers(method.input_type))
        for service in services
        for method in service.methods
    }
    assert all(all(each) for each in found.values())
    # GetRun's is in a oneof; the suggestion service's tests try ShouldStop and the ends of Suggest.
    taking = {name for name, each in found.items() if each}
    assert taking == REQUESTS.keys() | {"GetRun", "ShouldStop", "Suggest"}


@pytest.mark.parametrize("rpc", REQUESTS)
async def test_a_number_that_is_not_set_is_an_error(registry: Registry, rpc: str) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    before = await get_run(registry, sweep.sweep_id, 0)
    prefix, request_for = REQUESTS[rpc]
    request = request_for(sweep.sweep_id)
    named(request).ClearField("number")
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await getattr(registry, rpc)(request)
    assert failure.fields.keys() == {f"{prefix}number"}
    assert "is required" in failure.fields[f"{prefix}number"]
    assert await get_run(registry, sweep.sweep_id, 0) == before
    # With the number, the same request is carried out.
    await getattr(registry, rpc)(request_for(sweep.sweep_id))


@pytest.mark.parametrize("rpc", ["ReportMetrics", "FinishRun", "ReleaseRun", "Heartbeat"])
async def test_attempt_0_is_no_attempt(registry: Registry, rpc: str) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    prefix, request_for = REQUESTS[rpc]
    request = request_for(sweep.sweep_id)
    named(request).ClearField("attempt")
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await getattr(registry, rpc)(request)
    assert failure.fields.keys() == {f"{prefix}attempt"}
    assert "from 1 on" in failure.fields[f"{prefix}attempt"]


async def test_run_0_has_its_number_in_json(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    ended = await finish_run(registry, run, 0.0)
    listed = await registry.ListRuns(pb.ListRunsRequest(sweep_id=sweep.sweep_id))
    best = (await get_sweep(registry, sweep.sweep_id)).stats.best_run
    for message in (run, ended.run, ended.best_run, listed.runs[0], best):
        assert json_format.MessageToDict(message)["number"] == "0"
