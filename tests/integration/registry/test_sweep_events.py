"""ListSweepEvents over gRPC: who did what to a sweep, and when."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from google.protobuf import field_mask_pb2
from grpc import StatusCode

from tests.conftest import registry_server
from tests.errors import rpc_fails
from tests.integration.registry.key_calls import office
from tests.integration.registry.reads import get_sweep
from tests.security_table.keys import new_secret
from tests.sweeps import (
    Registry,
    config_text,
    create_runs,
    create_sweep,
    finish_run,
    proposal,
    request_id,
)
from wanllmdb.api.registry.v1 import activity_pb2, run_pb2, sweep_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.calls.caller import Role
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto
from wanllmdb_registry.store import unit_writes


async def events_of(registry: Registry, sweep_id: str) -> list[activity_pb2.SweepEvent]:
    """Return the events, earliest first."""
    request = activity_pb2.ListSweepEventsRequest(sweep_id=sweep_id, page_size=1000)
    response = await registry.ListSweepEvents(request)
    assert not response.next_page_token
    return list(reversed(response.events))


def kinds(events: Sequence[activity_pb2.SweepEvent]) -> list[str]:
    return [
        activity_pb2.SweepEventKind.Name(event.kind).removeprefix("SWEEP_EVENT_KIND_")
        for event in events
    ]


async def enqueue(registry: Registry, sweep_id: str, count: int) -> None:
    runs = [pb.EnqueuedRun(parameters=parameters_to_proto({"x": 0.5}))] * count
    await registry.EnqueueRuns(pb.EnqueueRunsRequest(sweep_id=sweep_id, runs=runs))


def update(sweep_id: str, **values: object) -> pb.UpdateSweepRequest:
    return pb.UpdateSweepRequest(
        sweep=sweep_pb2.Sweep(sweep_id=sweep_id, **values),  # type: ignore[arg-type]  # any fields
        update_mask=field_mask_pb2.FieldMask(paths=sorted(values)),
        request_id=request_id(),
    )


async def test_everything_that_users_do_is_an_event_with_its_details(registry: Registry) -> None:
    sweep = await create_sweep(registry, run_cap=6)
    sweep_id = sweep.sweep_id
    await registry.StartSweep(pb.StartSweepRequest(sweep_id=sweep_id))
    await registry.PauseSweep(pb.PauseSweepRequest(sweep_id=sweep_id))
    await registry.ResumeSweep(pb.ResumeSweepRequest(sweep_id=sweep_id))
    await registry.UpdateSweep(update(sweep_id, name="new", description="d"))
    source = pb.PriorRunSource(csv="x,n,loss\n0.5,1,1.0\n0.25,1,2.0\n")
    await registry.ImportRuns(pb.ImportRunsRequest(sweep_id=sweep_id, source=source))
    await enqueue(registry, sweep_id, 3)
    (running, other) = await create_runs(registry, sweep_id, proposal(0, x=0.5), proposal(1, x=0.5))
    await registry.CancelRuns(
        pb.CancelRunsRequest(sweep_id=sweep_id, numbers=[0, 2], reason="diverges")
    )
    await finish_run(registry, other, 1.0)
    await registry.RetryRuns(pb.RetryRunsRequest(sweep_id=sweep_id, numbers=[2]))
    await registry.FinishSweep(pb.FinishSweepRequest(sweep_id=sweep_id, message="enough"))
    await finish_run(registry, running, 2.0)
    events = await events_of(registry, sweep_id)
    assert [(kind, event.detail) for kind, event in zip(kinds(events), events, strict=True)] == [
        ("CREATED", ""),
        ("STARTED", ""),
        ("PAUSED", ""),
        ("RESUMED", ""),
        ("UPDATED", "name is now 'new', description"),
        ("RUNS_IMPORTED", "2 runs"),
        ("RUNS_ENQUEUED", "runs 0 to 2"),
        ("RUNS_CANCELED", "run 2 and run 0 running until stopped by the agent: diverges"),
        ("RUNS_RETRIED", "run 2"),
        ("FINISHED", "enough"),
    ]
    # Reports and ends of runs are no events.
    assert all(event.address and not event.key_id for event in events)
    revisions = [event.revision for event in events]
    assert revisions == sorted(set(revisions))
    assert revisions[-1] < (await get_sweep(registry, sweep_id)).revision
    times = [event.time.ToNanoseconds() for event in events]
    assert times == sorted(times)


async def test_what_happens_by_itself_has_no_caller(registry: Registry) -> None:
    sweep = await create_sweep(registry, run_cap=1)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    await finish_run(registry, run, 1.0)
    _, started, finished = events = await events_of(registry, sweep.sweep_id)
    assert kinds(events) == ["CREATED", "STARTED", "FINISHED"]
    assert started.detail == f"agent {run.agent_id} asked for its first run"
    # The suggestion service calls for an agent, whose address the registry does not know.
    assert (started.address, finished.address, finished.key_id) == ("", "", "")
    assert finished.detail == "run_cap is 1, and all runs have ended"


async def test_a_failed_sweep_says_which_run_failed(registry: Registry) -> None:
    sweep = await create_sweep(registry, max_failed_runs=1)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=run.sweep_id,
            number=run.number,
            attempt=run.attempt,
            failed=pb.RunFailed(error=run_pb2.RunError(message="out of memory")),
        )
    )
    last = (await events_of(registry, sweep.sweep_id))[-1]
    assert kinds([last]) == ["FAILED"]
    assert last.detail.endswith("run 0: out of memory")


async def test_a_sweep_with_prior_runs_has_two_first_events(registry: Registry) -> None:
    source = pb.PriorRunSource(csv="x,n,loss\n0.5,1,1.0\n7.0,1,2.0\n", skip_unfit=True)
    request = pb.CreateSweepRequest(
        config_text=config_text(), prior_run_source=source, request_id=request_id()
    )
    sweep = (await registry.CreateSweep(request)).sweep
    await registry.CreateSweep(request)
    events = await events_of(registry, sweep.sweep_id)
    assert kinds(events) == ["CREATED", "RUNS_IMPORTED"]
    assert events[1].detail == "1 run; 1 left out because unfit"
    assert events[0].revision == events[1].revision == sweep.revision


async def test_a_repeated_or_rejected_request_writes_no_event(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    request = pb.StartSweepRequest(sweep_id=sweep.sweep_id, request_id=request_id())
    for _ in range(3):
        await registry.StartSweep(request)
    with rpc_fails(StatusCode.FAILED_PRECONDITION, "SWEEP_STATE_CONFLICT"):
        await registry.StartSweep(pb.StartSweepRequest(sweep_id=sweep.sweep_id))
    await registry.CancelSweep(pb.CancelSweepRequest(sweep_id=sweep.sweep_id))
    with rpc_fails(StatusCode.NOT_FOUND, "RUN_NOT_FOUND"):
        await registry.CancelRuns(pb.CancelRunsRequest(sweep_id=sweep.sweep_id, numbers=[0]))
    events = await events_of(registry, sweep.sweep_id)
    assert kinds(events) == ["CREATED", "STARTED", "CANCELED"]


async def test_pages_are_latest_first_and_the_latest_events_are_kept(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit_writes, "MAX_EVENTS", 5)
    sweep = await create_sweep(registry)
    for index in range(8):
        await registry.UpdateSweep(update(sweep.sweep_id, name=f"n{index}"))
    got: list[str] = []
    request = activity_pb2.ListSweepEventsRequest(sweep_id=sweep.sweep_id, page_size=2)
    while True:
        page = await registry.ListSweepEvents(request)
        assert len(page.events) <= 2
        got += [event.detail for event in page.events]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert got == [f"name is now 'n{index}'" for index in (7, 6, 5, 4, 3)]


async def test_a_detail_is_cut(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    message = "x" * 2_000
    await registry.FinishSweep(pb.FinishSweepRequest(sweep_id=sweep.sweep_id, message=message))
    last = (await events_of(registry, sweep.sweep_id))[-1]
    assert last.detail == "x" * 497 + "..."


async def test_a_sweeps_events_are_deleted_with_it(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await registry.DeleteSweep(pb.DeleteSweepRequest(sweep_id=sweep.sweep_id))
    request = activity_pb2.ListSweepEventsRequest(sweep_id=sweep.sweep_id)
    with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await registry.ListSweepEvents(request)


async def test_an_event_names_the_key_of_its_caller(database_url: str) -> None:
    root_key = f"wsk_root_{new_secret()}"
    async with (
        registry_server(database_url, admin_key=root_key) as address,
        office(address, root_key) as at,
    ):
        editor, agent = await at.new(Role.EDITOR, "vision"), await at.new(Role.AGENT, "vision")
        sweep = await create_sweep(editor.registry, project="vision")
        await create_runs(agent.registry, sweep.sweep_id, proposal(0))
        await (await at.root()).registry.PauseSweep(
            pb.PauseSweepRequest(sweep_id=sweep.sweep_id, request_id=request_id())
        )
        events = await events_of((await at.new(Role.READER, "vision")).registry, sweep.sweep_id)
    assert kinds(events) == ["CREATED", "STARTED", "PAUSED"]
    assert [event.key_id for event in events] == [editor.key_id, agent.key_id, "root"]
    assert [event.address for event in events] == ["127.0.0.1", "", "127.0.0.1"]
