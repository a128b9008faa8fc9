"""Runs are read as columns: all of them, in any state, with the revision to watch on from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.run_columns import key, read
from tests.sweeps import (
    Registry,
    create_runs,
    create_sweep,
    finish_run,
    proposal,
    request_id,
    row,
)
from wanllmdb.api.registry.v1 import plots_pb2, run_columns_pb2, run_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.search_space.proto_conversion import parameters_from_proto

FIELD = run_columns_pb2.RunField
ALL_FIELDS = [FIELD.Value(name) for name in FIELD.keys()[1:]]
MIXED: Mapping[str, Any] = {
    "x": {"min": 0.0, "max": 1.0},
    "n": {"min": 1, "max": 8},
    "kind": {"values": [1, 1.0, True, "1", None, [1, "a"], {"b": 2}]},
    "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.1},
    "only": {"min": 0.0, "max": 1.0, "when": {"n": [1, 2]}},
    "const": {"value": "c"},
}


async def report(registry: Registry, run: run_pb2.Run, values: Mapping[str, float]) -> None:
    await registry.ReportMetrics(
        pb.ReportMetricsRequest(
            sweep_id=run.sweep_id, number=run.number, attempt=run.attempt, rows=[row(3, values)]
        )
    )


async def mixed_sweep(registry: Registry) -> str:
    """Create a sweep with runs in several states, labels, names, errors and odd values."""
    sweep = await create_sweep(registry, parameters=MIXED)
    kinds = MIXED["kind"]["values"]
    runs = await create_runs(
        registry,
        sweep.sweep_id,
        *(
            proposal(
                number,
                x=number / 10,
                n=1 + number % 3,
                kind=kinds[number % len(kinds)],
                lr=10.0 ** -(1 + number % 4),
                const="c",
                **({"only": 0.25} if 1 + number % 3 < 3 else {}),
            )
            for number in range(9)
        ),
    )
    await report(registry, runs[0], {"loss": 0.5, "acc": math.nan, "time": 2.0})
    await report(registry, runs[1], {"loss": math.inf, "acc": 0.75})
    await finish_run(registry, runs[0])
    await finish_run(registry, runs[1])
    await finish_run(registry, runs[2], 0.125)
    for run, outcome in (
        (runs[3], {"failed": pb.RunFailed(error=run_pb2.RunError(message="e" * 300))}),
        (runs[4], {"pruned": pb.RunPruned(reason="too slow")}),
        (runs[5], {"canceled": pb.RunCanceled(reason="no longer needed")}),
    ):
        await registry.FinishRun(
            pb.FinishRunRequest(
                sweep_id=run.sweep_id, number=run.number, attempt=run.attempt, **outcome
            )
        )
    for number, labels in ((0, {"team": "a"}), (2, {"team": "b", "gpu": ""}), (6, {"team": "a"})):
        await registry.UpdateRun(
            pb.UpdateRunRequest(
                run=run_pb2.Run(
                    sweep_id=sweep.sweep_id, number=number, labels=labels, name=f"run {number}"
                ),
                update_mask=FieldMask(paths=["labels", "name"]),
            )
        )
    await registry.EnqueueRuns(
        pb.EnqueueRunsRequest(
            sweep_id=sweep.sweep_id, runs=[pb.EnqueuedRun()], request_id=request_id()
        )
    )
    return sweep.sweep_id


async def listed(registry: Registry, sweep_id: str) -> list[run_pb2.Run]:
    return list((await registry.ListRuns(pb.ListRunsRequest(sweep_id=sweep_id))).runs)


def seconds(run: run_pb2.Run, name: str) -> float | None:
    if not run.HasField(name):  # type: ignore[arg-type]
        return None
    time = getattr(run, name)
    return float(time.seconds + time.nanos / 1e9)


async def test_each_column_has_what_a_list_of_runs_says(registry: Registry) -> None:
    sweep_id = await mixed_sweep(registry)
    columns = [
        *(key(parameter=name) for name in MIXED),
        key(objective="loss"),
        *(key(summary=name) for name in ("loss", "acc", "time", "never reported")),
        *(key(label=name) for name in ("team", "gpu")),
        *(key(field=field) for field in ALL_FIELDS),
    ]
    table, end = await read(registry, sweep_id, columns)
    runs = await listed(registry, sweep_id)
    assert list(table.rows) == [run.number for run in runs]
    assert table.schema.run_count == len(runs) == 10
    for run in runs:
        state, values = table.rows[run.number]
        found = dict(zip([str(column) for column in columns], values, strict=True))
        parameters = parameters_from_proto(run.parameters)
        start, finish = seconds(run, "start_time"), seconds(run, "end_time")
        expected = {
            **{str(key(parameter=name)): parameters.get(name) for name in MIXED},
            str(key(objective="loss")): run.objective if run.HasField("objective") else None,
            **{
                str(key(summary=name)): run.summary.get(name)
                for name in ("loss", "acc", "time", "never reported")
            },
            **{str(key(label=name)): run.labels.get(name) for name in ("team", "gpu")},
            str(key(field=FIELD.Value("RUN_FIELD_ATTEMPT"))): run.attempt,
            str(key(field=FIELD.Value("RUN_FIELD_AGENT_ID"))): run.agent_id or None,
            str(key(field=FIELD.Value("RUN_FIELD_NAME"))): run.name or None,
            str(key(field=FIELD.Value("RUN_FIELD_ORIGIN"))): run.origin,
            str(key(field=FIELD.Value("RUN_FIELD_LAST_STEP"))): (
                run.last_step if run.HasField("last_step") else None
            ),
            str(key(field=FIELD.Value("RUN_FIELD_CREATE_TIME"))): seconds(run, "create_time"),
            str(key(field=FIELD.Value("RUN_FIELD_START_TIME"))): start,
            str(key(field=FIELD.Value("RUN_FIELD_END_TIME"))): finish,
            str(key(field=FIELD.Value("RUN_FIELD_DURATION"))): (
                None if start is None or finish is None else finish - start
            ),
            str(key(field=FIELD.Value("RUN_FIELD_REVISION"))): run.revision,
            str(key(field=FIELD.Value("RUN_FIELD_ERROR_MESSAGE"))): (
                run.error.message[:200] or None
            ),
        }
        assert state == run.state
        for name, value in expected.items():
            if isinstance(value, float) and "parameter" not in name:
                assert found[name] == pytest.approx(value, abs=1e-5, nan_ok=True), (run, name)
            else:
                assert (type(found[name]), found[name]) == (type(value), value) or (
                    found[name] == value and not isinstance(value, bool)
                ), (run.number, name)
    sweep = (await registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep_id))).sweep
    assert end.revision == sweep.revision


async def test_the_default_columns_are_parameters_objectives_and_times(registry: Registry) -> None:
    sweep_id = await mixed_sweep(registry)
    table, _ = await read(registry, sweep_id)
    assert [column.key.WhichOneof("key") for column in table.schema.columns] == (
        ["parameter"] * 6 + ["objective"] + ["field"] * 2
    )
    axes = {column.key.parameter: column for column in table.schema.columns[:6]}
    assert list(axes) == sorted(MIXED)
    assert axes["lr"].scale == plots_pb2.AXIS_SCALE_LOG
    assert (axes["n"].min, axes["n"].max) == (1, 8)
    assert len(axes["kind"].categories) == 7
    assert not axes["kind"].HasField("min")


async def test_states_and_revisions_select_runs(registry: Registry) -> None:
    sweep_id = await mixed_sweep(registry)
    failed, _ = await read(registry, sweep_id, states=[run_pb2.RUN_STATE_FAILED])
    assert (list(failed.rows), failed.schema.run_count) == ([3], 1)
    _, end = await read(registry, sweep_id)
    nothing, again = await read(registry, sweep_id, since_revision=end.revision)
    assert (list(nothing.rows), again) == ([], end)
    run = (await registry.GetRun(pb.GetRunRequest(sweep_id=sweep_id, number=7))).run
    await finish_run(registry, run, 0.25)
    changed, later = await read(
        registry, sweep_id, since_revision=end.revision, database_id=end.database_id
    )
    assert list(changed.rows) == [7]
    assert later.revision > end.revision


async def test_thousands_of_runs_come_in_chunks(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    for first in range(0, 6_000, 1_000):
        await create_runs(
            registry,
            sweep.sweep_id,
            *(proposal(number, x=number / 6_000) for number in range(first, first + 1_000)),
        )
    table, _ = await read(registry, sweep.sweep_id)
    assert list(table.rows) == list(range(6_000))
    assert table.chunks == 2
    x = [column.key.parameter for column in table.schema.columns].index("x")
    assert [values[x] for _, values in table.rows.values()] == [i / 6_000 for i in range(6_000)]


async def test_long_texts_are_split_over_chunks(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    runs = await create_runs(registry, sweep.sweep_id, *(proposal(n) for n in range(40)))
    for run in runs:
        await registry.UpdateRun(
            pb.UpdateRunRequest(
                run=run_pb2.Run(
                    sweep_id=run.sweep_id,
                    number=run.number,
                    labels={f"note{i}": f"{run.number}" + "y" * 900 for i in range(60)},
                ),
                update_mask=FieldMask(paths=["labels"]),
            )
        )
    table, _ = await read(registry, sweep.sweep_id, [key(label=f"note{i}") for i in range(60)])
    assert table.chunks > 2
    assert [values[0][:2].strip("y") for _, values in table.rows.values()] == [
        str(number) for number in range(40)
    ]


async def test_what_a_request_names_must_exist(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    columns = [
        key(parameter="nope"),
        key(objective="acc"),
        key(),
        key(field=99),
        key(parameter="x"),
    ]
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await read(registry, sweep.sweep_id, columns)
    assert failure.fields.keys() == {
        "columns[0].parameter",
        "columns[1].objective",
        "columns[2]",
        "columns[3].field",
    }
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await read(registry, sweep.sweep_id, [key(summary=f"m{i}") for i in range(1_001)])
    assert failure.fields.keys() == {"columns"}
    with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await read(registry, "nosuchsweep0")


async def test_a_revision_of_another_history_is_unknown(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    for fields in ({"since_revision": 50}, {"database_id": "another"}):
        with rpc_fails(StatusCode.FAILED_PRECONDITION, "REVISION_UNKNOWN") as failure:
            await read(registry, sweep.sweep_id, **fields)
        assert failure.metadata["sweep_id"] == sweep.sweep_id
        assert failure.metadata["revision"] == str(sweep.revision)


async def test_several_metrics_are_columns_of_their_own(registry: Registry) -> None:
    sweep = await create_sweep(
        registry, metric=None, metrics=[{"name": "a"}, {"name": "b", "goal": "maximize"}]
    )
    first, second = await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=sweep.sweep_id,
            number=first.number,
            attempt=first.attempt,
            succeeded=pb.RunSucceeded(objectives={"a": 1.0, "b": 2.0}),
        )
    )
    await finish_run(registry, second)
    table, _ = await read(registry, sweep.sweep_id, [key(objective="b"), key(objective="a")])
    assert [values for _, values in table.rows.values()] == [[2.0, 1.0], [None, None]]
