"""Columns of runs through the client, and watches that go on from them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import wanllmdb
from wanllmdb import (
    AsyncClient,
    AxisScale,
    Checkpoint,
    Client,
    EnqueuedRun,
    MetricRow,
    RunChanged,
    RunColumnKey,
    RunColumnKind,
    RunColumnsChunk,
    RunColumnsEnd,
    RunColumnsSchema,
    RunState,
    SweepChanged,
)

CONFIG: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}, "kind": {"values": ["a", 1, None]}},
}
COLUMNS = [
    RunColumnKey("parameter", "x"),
    RunColumnKey(RunColumnKind.PARAMETER, "kind"),
    RunColumnKey("objective", "loss"),
    RunColumnKey("summary", "speed"),
    RunColumnKey("label", "note"),
    RunColumnKey("field", "agent_id"),
    RunColumnKey("field", "end_time"),
]


async def test_columns_are_what_the_runs_say(async_client: AsyncClient) -> None:
    sweep_id = (await async_client.create_sweep(CONFIG)).sweep.sweep_id
    points: list[dict[str, Any]] = [{"x": 0.25, "kind": 1}, {"x": 0.5, "kind": "a"}]
    queued = [EnqueuedRun(point, labels={"note": f"n{i}"}) for i, point in enumerate(points)]
    await async_client.enqueue_runs(sweep_id, queued)
    (run,) = (await async_client.suggest(sweep_id, agent_id="tester")).runs
    await async_client.report_metrics(sweep_id, 0, 1, [MetricRow(0, {"speed": float("nan")})])
    await async_client.finish_run(sweep_id, run.number, 1, wanllmdb.Succeeded(1.5))

    parts = [part async for part in async_client.read_run_columns(sweep_id, COLUMNS)]

    schema, chunk, end = parts
    assert isinstance(schema, RunColumnsSchema)
    assert [column.key for column in schema.columns] == COLUMNS
    assert schema.columns[0].scale is AxisScale.LINEAR
    assert (schema.columns[0].min, schema.columns[0].max) == (0.0, 1.0)
    assert schema.columns[1].categories == ("a", 1, None)
    assert schema.run_count == 2
    assert isinstance(chunk, RunColumnsChunk)
    assert chunk.run_numbers == (0, 1)
    assert chunk.states == (RunState.FINISHED, RunState.QUEUED)
    x, kind, loss, speed, note, agent, ended = chunk.columns
    assert x == [0.25, 0.5]
    assert kind == [1, "a"]
    assert loss == [1.5, None]
    # The value NaN is not the same as no value.
    assert speed[0] != speed[0]
    assert speed[1] is None
    assert note == ["n0", "n1"]
    assert agent == ["tester", None]
    finished = await async_client.get_run(sweep_id, 0)
    assert finished.end_time is not None
    assert ended == [pytest.approx(finished.end_time.timestamp(), abs=1e-5), None]
    assert isinstance(end, RunColumnsEnd)
    assert end.revision == (await async_client.get_sweep(sweep_id)).revision


async def test_a_watch_goes_on_where_a_read_of_columns_ended(async_client: AsyncClient) -> None:
    sweep_id = (await async_client.create_sweep(CONFIG)).sweep.sweep_id
    await async_client.suggest(sweep_id, agent_id="tester")
    *_, end = [part async for part in async_client.read_run_columns(sweep_id)]
    assert isinstance(end, RunColumnsEnd)
    await async_client.finish_run(sweep_id, 0, 1, wanllmdb.Succeeded(1.0))

    changes = async_client.watch_sweep(
        sweep_id, since_revision=end.revision, database_id=end.database_id, min_interval=0.05
    )

    change = await anext(changes)
    assert isinstance(change, RunChanged)
    assert change.run.state is RunState.FINISHED
    assert change.database_id == end.database_id


async def test_a_watch_without_runs_has_the_sweep_alone(async_client: AsyncClient) -> None:
    sweep_id = (await async_client.create_sweep(CONFIG)).sweep.sweep_id
    await async_client.suggest(sweep_id, agent_id="tester")

    changes = async_client.watch_sweep(sweep_id, without_runs=True)

    assert isinstance(await anext(changes), SweepChanged)
    assert isinstance(await anext(changes), Checkpoint)


@pytest.mark.parametrize(("since_revision", "database_id"), [(1, "another"), (99, "")])
async def test_a_revision_of_another_history_is_an_error_that_says_what_to_do(
    async_client: AsyncClient, since_revision: int, database_id: str
) -> None:
    sweep_id = (await async_client.create_sweep(CONFIG)).sweep.sweep_id
    where: dict[str, Any] = {"since_revision": since_revision, "database_id": database_id}
    for stream in (
        async_client.watch_sweep(sweep_id, **where),
        async_client.read_run_columns(sweep_id, **where),
    ):
        with pytest.raises(wanllmdb.FailedPreconditionError, match="begin again") as failure:
            await anext(aiter(stream))
        assert failure.value.reason == "REVISION_UNKNOWN"


async def test_a_column_of_no_kind_or_field_is_rejected_with_those_that_exist(
    async_client: AsyncClient,
) -> None:
    with pytest.raises(wanllmdb.InvalidArgumentError, match="kinds are parameter, objective"):
        async_client.read_run_columns("sweep", [RunColumnKey("metric", "loss")])
    with pytest.raises(wanllmdb.InvalidArgumentError, match=r"columns\[1\].*fields are attempt"):
        async_client.read_run_columns("sweep", [COLUMNS[0], RunColumnKey("field", "state")])


async def test_the_blocking_client_reads_the_same(
    client: Client, async_client: AsyncClient
) -> None:
    sweep_id = (await async_client.create_sweep(CONFIG)).sweep.sweep_id
    await async_client.suggest(sweep_id, agent_id="tester")

    blocking = await asyncio.to_thread(lambda: list(client.read_run_columns(sweep_id, COLUMNS)))

    assert blocking == [part async for part in async_client.read_run_columns(sweep_id, COLUMNS)]
