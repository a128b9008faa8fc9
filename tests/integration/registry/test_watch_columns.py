"""A page reads the runs as columns once and then follows their changes, in batches."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.run_columns import Table, key, read
from tests.sweeps import Registry, create_runs, create_sweep, finish_run, proposal, row
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_columns_pb2, watch_pb2

COLUMNS = [
    key(parameter="x"),
    key(objective="loss"),
    key(summary="acc"),
    key(field=run_columns_pb2.RUN_FIELD_AGENT_ID),
    key(field=run_columns_pb2.RUN_FIELD_REVISION),
]


async def watched(
    registry: Registry, sweep_id: str, **fields: Any
) -> AsyncIterator[watch_pb2.WatchSweepResponse]:
    """Yield the messages of a watch; the stream ends with the block that closes the iterator."""
    call = registry.WatchSweep(watch_pb2.WatchSweepRequest(sweep_id=sweep_id, **fields))
    try:
        async for message in call:
            yield message
    finally:
        call.cancel()


async def follow(registry: Registry, table: Table, sweep_id: str, since: int, until: int) -> int:
    """Apply changes to a table until the watch has reached a revision; return the last one."""
    revision, database_id = since, ""
    changed: Table | None = None
    async with asyncio.timeout(60):
        async for message in watched(
            registry, sweep_id, since_revision=since, columns=COLUMNS, min_interval=Duration()
        ):
            assert message.revision >= revision
            assert message.database_id
            assert database_id in ("", message.database_id)
            revision, database_id = message.revision, message.database_id
            match message.WhichOneof("change"):
                case "schema":
                    assert changed is None
                    changed = Table(message.schema, rows=table.rows)
                case "chunk":
                    assert changed is not None
                    changed.add(message.chunk)
                case "run":
                    raise AssertionError("a run beside the columns")
            if revision >= until:
                break
    return revision


@pytest.mark.parametrize("seed", range(3))
async def test_what_was_read_and_what_changed_are_the_snapshot(
    registry: Registry, seed: int
) -> None:
    drawn = random.Random(seed)
    sweep = await create_sweep(registry, run_cap=60)
    sweep_id = sweep.sweep_id

    async def work() -> None:
        for number in range(60):
            (run,) = await create_runs(registry, sweep_id, proposal(number, x=number / 60))
            if drawn.random() < 0.5:
                await registry.ReportMetrics(
                    pb.ReportMetricsRequest(
                        sweep_id=sweep_id,
                        number=number,
                        attempt=run.attempt,
                        rows=[row(0, {"acc": float(number)})],
                    )
                )
            if drawn.random() < 0.8:
                await finish_run(registry, run, float(number))

    working = asyncio.create_task(work())
    table, end = await read(registry, sweep_id, COLUMNS)
    revision = end.revision
    while not working.done():
        # A stream that is cut after some changes, and a new one from there.
        until = revision + drawn.randrange(1, 30)
        if await revision_of(registry, sweep_id) >= until:
            revision = await follow(registry, table, sweep_id, revision, until)
    await working
    final = await revision_of(registry, sweep_id)
    await follow(registry, table, sweep_id, revision, final)
    snapshot, _ = await read(registry, sweep_id, COLUMNS)
    assert len(snapshot.rows) == 60
    assert dict(sorted(table.rows.items())) == snapshot.rows


async def revision_of(registry: Registry, sweep_id: str) -> int:
    return (await registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep_id))).sweep.revision


async def test_a_run_that_changes_within_the_interval_is_sent_once(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    sent: list[watch_pb2.WatchSweepResponse] = []
    began = time.monotonic()
    async with asyncio.timeout(60):
        async for message in watched(registry, sweep.sweep_id, min_interval=Duration(seconds=1)):
            sent.append(message)
            if message.WhichOneof("change") != "checkpoint":
                continue
            if len(sent) > 3:
                break
            for step in range(20):
                await registry.ReportMetrics(
                    pb.ReportMetricsRequest(
                        sweep_id=sweep.sweep_id,
                        number=0,
                        attempt=run.attempt,
                        rows=[row(step, {"loss": float(step)})],
                    )
                )
    runs = [message.run for message in sent if message.HasField("run")]
    # The first batch is sent at once; the twenty reports are one change of the second.
    assert [run.summary.get("loss") for run in runs] == [None, 19.0]
    assert time.monotonic() - began >= 1.0


async def test_a_watch_without_runs_has_the_sweep_with_its_counters(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    seen: list[int] = []
    async with asyncio.timeout(60):
        async for message in watched(registry, sweep.sweep_id, without_runs=True):
            kind = message.WhichOneof("change")
            assert kind in ("sweep", "checkpoint")
            if kind == "sweep":
                seen.append(message.sweep.stats.total_runs)
            elif len(seen) == 1:
                await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
            else:
                break
    assert seen == [0, 2]


async def test_a_watch_from_another_history_ends_with_the_reason(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    _, end = await read(registry, sweep.sweep_id)
    for fields in (
        {"since_revision": 50},
        {"since_revision": 1, "database_id": "another"},
        {"since_revision": 50, "database_id": end.database_id, "columns": COLUMNS},
        {"since_revision": 50, "without_runs": True},
    ):
        with rpc_fails(StatusCode.FAILED_PRECONDITION, "REVISION_UNKNOWN") as failure:
            async for _ in watched(registry, sweep.sweep_id, **fields):
                raise AssertionError("a message of another history")
        assert failure.metadata == {
            "sweep_id": sweep.sweep_id,
            "database_id": end.database_id,
            "revision": str(end.revision),
        }


async def test_the_fields_of_a_watch_are_checked_together(registry: Registry) -> None:
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        async for _ in watched(
            registry,
            "any",
            since_revision=-1,
            min_interval=Duration(seconds=11),
            columns=COLUMNS,
            without_runs=True,
        ):
            raise AssertionError("a message")
    assert failure.fields.keys() == {"since_revision", "min_interval", "without_runs"}


async def test_a_stream_cut_after_any_message_continues_without_a_gap(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    runs = await create_runs(registry, sweep.sweep_id, *map(proposal, range(4)))
    await finish_run(registry, runs[0], 0.5)
    # The sweep's own change lies between changes of runs.
    await registry.PauseSweep(pb.PauseSweepRequest(sweep_id=sweep.sweep_id))
    await finish_run(registry, runs[1], 1.5)
    request = pb.ListRunsRequest(sweep_id=sweep.sweep_id)
    changes = {run.number: run.revision for run in (await registry.ListRuns(request)).runs}

    seen: set[int] = set()
    kinds = []
    async for message in watched(registry, sweep.sweep_id, columns=COLUMNS):
        kinds.append(message.WhichOneof("change"))
        seen.update(message.chunk.run_numbers)
        # A caller that continues from here is not sent earlier changes again.
        assert {n for n, revision in changes.items() if revision <= message.revision} <= seen
        if message.HasField("checkpoint"):
            break
    assert kinds == ["schema", "chunk", "sweep", "chunk", "checkpoint"]
