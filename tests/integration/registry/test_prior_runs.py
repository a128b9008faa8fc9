"""Prior runs: imported from four sources, listed and synced, and never counted as runs."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from typing import Any

import pytest
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.reads import get_sweep
from tests.sweeps import (
    Registry,
    config_text,
    create_runs,
    create_sweep,
    finish_run,
    proposal,
    request_id,
    row,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_list_pb2, sweep_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import parameters_from_proto, parameters_to_proto

FINISHED, PRUNED, FAILED = (
    run_pb2.RUN_STATE_FINISHED,
    run_pb2.RUN_STATE_PRUNED,
    run_pb2.RUN_STATE_FAILED,
)
PARAMETERS = {
    "lr": {"distribution": "log_uniform_values", "min": 0.0001, "max": 1.0},
    "layers": {"min": 1, "max": 8},
    "optimizer": {"values": ["adam", "sgd"]},
    "width": {"values": [32, 0.5, True, None]},
}


def prior(
    parameters: Mapping[str, Any],
    *objectives: float,
    state: run_pb2.RunState.ValueType = FINISHED,
) -> run_pb2.PriorRun:
    return run_pb2.PriorRun(
        parameters=parameters_to_proto(dict(parameters)), objectives=objectives, state=state
    )


async def import_runs(
    registry: Registry, sweep_id: str, /, *, skip_unfit: bool = False, **source: Any
) -> pb.ImportRunsResponse:
    if "runs" in source:
        source["runs"] = pb.PriorRunList(runs=source["runs"])
    return await registry.ImportRuns(
        pb.ImportRunsRequest(
            sweep_id=sweep_id,
            source=pb.PriorRunSource(skip_unfit=skip_unfit, **source),
            request_id=request_id(),
        )
    )


async def prior_runs(
    registry: Registry, sweep_id: str, page_size: int = 0
) -> list[run_pb2.PriorRun]:
    """Return all prior runs, page by page."""
    request = pb.ListPriorRunsRequest(sweep_id=sweep_id, page_size=page_size)
    found: list[run_pb2.PriorRun] = []
    while True:
        page = await registry.ListPriorRuns(request)
        found += page.runs
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


async def synced(registry: Registry, sweep_id: str, page_size: int) -> list[int]:
    """Return prior runs by index and runs as 1000 + number, in the order of a sync."""
    found: list[int] = []
    since = 0
    while True:
        page = await registry.SyncRuns(
            internal_pb.SyncRunsRequest(
                sweep_id=sweep_id, since_revision=since, page_size=page_size
            )
        )
        assert len(page.runs) + len(page.prior_runs) <= (page_size or 2000)
        found += [entry.index for entry in page.prior_runs]
        found += [1000 + run.number for run in page.runs]
        assert page.revision > since
        since = page.revision
        if not page.has_more:
            return found


async def test_listed_runs_are_taken_once_and_take_no_numbers(registry: Registry) -> None:
    sweep = await create_sweep(registry, run_cap=1)
    request = pb.ImportRunsRequest(
        sweep_id=sweep.sweep_id,
        source=pb.PriorRunSource(
            runs=pb.PriorRunList(
                runs=[
                    prior({"x": 0.25, "n": 3}, 1.5),
                    prior({"x": 1, "n": 4}, state=FAILED),
                    prior({"x": 0.5, "n": 4}, state=PRUNED),
                ]
            )
        ),
        request_id=request_id(),
    )
    answers = [await registry.ImportRuns(request) for _ in range(2)]
    assert answers[0] == answers[1] == pb.ImportRunsResponse(imported_runs=3)
    after = await get_sweep(registry, sweep.sweep_id)
    assert (after.prior_run_count, after.stats.total_runs) == (3, 0)
    assert after.revision > sweep.revision
    assert after.etag != sweep.etag
    assert not after.stats.HasField("best_run")
    listed = await prior_runs(registry, sweep.sweep_id)
    assert [(run.state, list(run.objectives)) for run in listed] == [
        (FINISHED, [1.5]),
        (FAILED, []),
        (PRUNED, []),
    ]
    # An int becomes a float where the distribution has floats.
    assert parameters_from_proto(listed[1].parameters) == {"n": 4, "x": 1.0}
    assert listed[1].parameters["x"].WhichOneof("kind") == "double_value"
    assert listed[0].source == "entry 0"
    # Prior runs leave room for the one run of the cap.
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    assert (await finish_run(registry, run, 2.0)).best_run.objective == 2.0


async def test_syncs_hold_them_in_pages_of_any_size_and_only_when_they_are_new(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    points = [prior({"x": i / 10, "n": 1}, float(i)) for i in range(7)]
    await import_runs(registry, sweep.sweep_id, runs=points[:4])
    await create_runs(registry, sweep.sweep_id, proposal(2))
    await import_runs(registry, sweep.sweep_id, runs=points[4:])
    await create_runs(registry, sweep.sweep_id, proposal(3))
    expected = [0, 1, 2, 3, 4, 5, 6, 1000, 1001, 1002, 1003]
    for page_size in (1, 2, 3, 5, 0):
        assert sorted(await synced(registry, sweep.sweep_id, page_size)) == expected
    # Imported one at a time, prior runs are synced in the order of their revisions.
    order = [1000, 1001, 0, 1, 2, 3, 1002, 4, 5, 6, 1003]
    assert await synced(registry, sweep.sweep_id, 1) == order
    now = await registry.SyncRuns(internal_pb.SyncRunsRequest(sweep_id=sweep.sweep_id))
    await create_runs(registry, sweep.sweep_id, proposal(4))
    change = await registry.SyncRuns(
        internal_pb.SyncRunsRequest(sweep_id=sweep.sweep_id, since_revision=now.revision)
    )
    assert ([run.number for run in change.runs], len(change.prior_runs)) == ([4], 0)
    for page_size in (1, 3, 0):
        listed = await prior_runs(registry, sweep.sweep_id, page_size)
        assert [list(run.objectives) for run in listed] == [[float(i)] for i in range(7)]


async def test_large_prior_runs_end_a_page_before_the_message_grows_too_large(
    registry: Registry,
) -> None:
    big = "x" * 90_000
    sweep = await create_sweep(registry, parameters={"s": {"value": big}})
    for _ in range(3):
        await import_runs(registry, sweep.sweep_id, runs=[prior({"s": big}, 1.0)] * 20)
    page = await registry.SyncRuns(internal_pb.SyncRunsRequest(sweep_id=sweep.sweep_id))
    assert page.has_more
    assert await synced(registry, sweep.sweep_id, 0) == list(range(60))
    assert len(await prior_runs(registry, sweep.sweep_id)) == 60


async def test_a_csv_is_read_by_the_distributions(registry: Registry) -> None:
    sweep = await create_sweep(registry, parameters=PARAMETERS)
    text = (
        "\ufefflr,layers,optimizer,width,loss,state,comment\r\n"
        '0.1,2,adam,32,0.5,,"two\nlines, and ""quotes"""\r\n'
        "1,3.0,sgd,0.5,Infinity,FAILED,\r\n"
        "1e-3,8,sgd,True,,PRUNED,\r\n"
        "0.01,1,adam,null,-2,finished,\r\n"
    )
    answer = await import_runs(registry, sweep.sweep_id, csv=text)
    assert answer.imported_runs == 4
    listed = await prior_runs(registry, sweep.sweep_id)
    got = [
        (parameters_from_proto(run.parameters), list(run.objectives), run.state) for run in listed
    ]
    assert got == [
        ({"layers": 2, "lr": 0.1, "optimizer": "adam", "width": 32}, [0.5], FINISHED),
        ({"layers": 3, "lr": 1.0, "optimizer": "sgd", "width": 0.5}, [], FAILED),
        ({"layers": 8, "lr": 0.001, "optimizer": "sgd", "width": True}, [], PRUNED),
        ({"layers": 1, "lr": 0.01, "optimizer": "adam", "width": None}, [-2.0], FINISHED),
    ]
    assert [type(got[i][0]["width"]) for i in range(4)] == [int, float, bool, type(None)]
    assert listed[2].source == "CSV line 5"


async def test_json_lines_may_be_flat_or_as_exported(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    lines = [
        {"x": 0.5, "n": 2, "loss": 1.0, "more": [1]},
        {"parameters": {"x": 0.75, "n": 3}, "metrics": {"loss": "NaN"}, "state": "FAILED"},
        {"parameters": {"x": 1, "n": 3.0}, "state": "PRUNED", "last_step": 7},
    ]
    text = "\n\n".join(map(json.dumps, lines)) + "\n"
    assert (await import_runs(registry, sweep.sweep_id, json_lines=text)).imported_runs == 3
    listed = await prior_runs(registry, sweep.sweep_id)
    assert [
        (parameters_from_proto(run.parameters), list(run.objectives), run.state) for run in listed
    ] == [
        ({"n": 2, "x": 0.5}, [1.0], FINISHED),
        ({"n": 3, "x": 0.75}, [], FAILED),
        ({"n": 3, "x": 1.0}, [], PRUNED),
    ]
    assert [run.last_step for run in listed] == [0, 0, 7]
    assert [run.HasField("last_step") for run in listed] == [False, False, True]


@pytest.mark.parametrize(
    ("source", "field", "says"),
    [
        ({"csv": ""}, "source.csv", "is empty"),
        ({"csv": "a,b\n1,2\n"}, "source.csv", "names no parameter"),
        ({"csv": "x,x\n1,2\n"}, "source.csv", "more than once"),
        ({"csv": 'x,n,loss\n"0.5,1,2\n'}, "source.csv", "line"),
        ({"json_lines": "[1]"}, "source.json_lines", "line 1 is not an object"),
        ({"json_lines": '{"x": 1}\n{'}, "source.json_lines", "line 2 is not JSON"),
        ({}, "source", "set one of"),
    ],
)
async def test_a_source_that_can_not_be_read_is_rejected(
    registry: Registry, source: dict[str, Any], field: str, says: str
) -> None:
    sweep = await create_sweep(registry)
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await import_runs(registry, sweep.sweep_id, **source)
    assert failure.fields.keys() == {field}
    assert says in failure.fields[field]
    assert (await get_sweep(registry, sweep.sweep_id)).prior_run_count == 0


UNFIT = [
    ({"x": 2.0, "n": 1}, "x is never 2.0: it is uniform from 0.0 to 1.0"),
    ({"x": 0.5}, "no value of parameter 'n'"),
    ({"x": 0.5, "n": 1, "y": 1}, "no parameter 'y'"),
    ({"x": 0.5, "n": 1.5}, "n is never 1.5: it is uniform from 1 to 8, an integer"),
    ({"x": 0.5, "n": True}, "n is never True: it is uniform from 1 to 8, an integer"),
]


async def test_rows_that_do_not_fit_are_rejected_together_or_left_out(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    good = prior({"x": 0.5, "n": 1}, 1.0)
    bad = [prior(parameters, 1.0) for parameters, _ in UNFIT]
    bad += [
        prior({"x": 0.5, "n": 1}),
        prior({"x": 0.5, "n": 1}, math.nan),
        prior({"x": 0.5, "n": 1}, 1.0, 2.0),
        prior({"x": 0.5, "n": 1}, 1.0, state=run_pb2.RUN_STATE_RUNNING),
    ]
    says = [text for _, text in UNFIT]
    says += ["no value of metric 'loss'", "is nan", "has 2 objectives", "is RUNNING"]
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await import_runs(registry, sweep.sweep_id, runs=[good, *bad])
    assert list(failure.fields) == [f"source.runs[{i}]" for i in range(1, len(bad) + 1)]
    for text, told in zip(says, failure.fields.values(), strict=True):
        assert text in told
    assert "9 prior runs do not fit" in failure.message
    assert (await get_sweep(registry, sweep.sweep_id)).prior_run_count == 0
    answer = await import_runs(registry, sweep.sweep_id, runs=[good, *bad], skip_unfit=True)
    assert (answer.imported_runs, answer.skipped_runs) == (1, len(bad))
    assert answer.skip_reasons[1] == "entry 2: has no value of parameter 'n'"


async def test_a_thousand_rows_that_do_not_fit_still_make_a_readable_answer(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry)
    text = "x,n,loss\n" + "nonsense,-1,also nonsense\n" * 1_000
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await import_runs(registry, sweep.sweep_id, csv=text)
    assert "1,000 prior runs do not fit" in failure.message
    assert failure.metadata["problems"] == "1000"
    assert 1 < len(failure.fields) < 1_000
    assert failure.fields["source.csv[0]"].startswith("CSV line 2: x: 'nonsense' is not a number")
    answer = await import_runs(registry, sweep.sweep_id, csv=text, skip_unfit=True)
    assert (answer.skipped_runs, len(answer.skip_reasons)) == (1_000, 20)


async def test_conditions_and_constraints_are_held_to(registry: Registry) -> None:
    sweep = await create_sweep(
        registry,
        parameters={
            "optimizer": {"values": ["adam", "sgd"]},
            "momentum": {"min": 0.0, "max": 1.0, "when": {"optimizer": "sgd"}},
            "a": {"min": 1, "max": 9},
            "b": {"min": 1, "max": 9},
        },
        constraints=["a < b"],
    )
    text = (
        "optimizer,momentum,a,b,loss\n"
        "adam,,1,2,1.0\n"
        "adam,0.5,1,2,2.0\n"
        "sgd,0.5,1,2,3.0\n"
        "sgd,,1,2,4.0\n"
        "adam,,3,2,5.0\n"
    )
    answer = await import_runs(registry, sweep.sweep_id, csv=text, skip_unfit=True)
    assert list(answer.skip_reasons) == [
        "CSV line 5: has no value of parameter 'momentum'",
        "CSV line 6: breaks 'a < b'",
    ]
    listed = await prior_runs(registry, sweep.sweep_id)
    # A run with optimizer adam has no momentum, whatever the table contains.
    assert [parameters_from_proto(run.parameters).get("momentum") for run in listed] == [
        None,
        None,
        0.5,
    ]


async def test_another_sweep_is_a_source(registry: Registry) -> None:
    other = await create_sweep(
        registry, parameters={"x": {"min": 0.0, "max": 2.0}, "n": {"min": 1, "max": 8}}
    )
    runs = await create_runs(registry, other.sweep_id, *(proposal(i, x=i / 4) for i in range(8)))
    for run in runs[:6]:
        await finish_run(registry, run, run.number + 0.5)
    await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=other.sweep_id,
            number=6,
            attempt=1,
            rows=[row(3, {"loss": 9.0, "acc": 0.25})],
            failed=pb.RunFailed(error=run_pb2.RunError(message="boom")),
        )
    )
    sweep = await create_sweep(registry)
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await import_runs(registry, sweep.sweep_id, sweep_id=other.sweep_id)
    assert failure.fields.keys() == {"source.sweep_id[5]", "source.sweep_id[6]"}
    answer = await import_runs(registry, sweep.sweep_id, sweep_id=other.sweep_id, skip_unfit=True)
    # Run 7 is still running, so it has no result.
    assert (answer.imported_runs, answer.skipped_runs) == (5, 2)
    listed = await prior_runs(registry, sweep.sweep_id)
    assert [list(run.objectives) for run in listed] == [[0.5], [1.5], [2.5], [3.5], [4.5]]
    assert listed[4].source == f"sweep {other.sweep_id} run 4"
    with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await import_runs(registry, sweep.sweep_id, sweep_id="gone")
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
        await import_runs(registry, sweep.sweep_id, sweep_id=sweep.sweep_id)


async def test_metrics_of_another_sweep_are_found_by_name(registry: Registry) -> None:
    """Import the objective if the other sweep optimized the same metric, else the last value."""
    other = await create_sweep(registry)
    await create_runs(registry, other.sweep_id, proposal(0))
    await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=other.sweep_id,
            number=0,
            attempt=1,
            rows=[row(0, {"loss": 5.0, "acc": 0.25})],
            succeeded=pb.RunSucceeded(objective=4.0),
        )
    )
    sweep = await create_sweep(
        registry, metric=None, metrics=[{"name": "acc", "goal": "maximize"}, {"name": "loss"}]
    )
    await import_runs(registry, sweep.sweep_id, sweep_id=other.sweep_id)
    (run,) = await prior_runs(registry, sweep.sweep_id)
    assert list(run.objectives) == [0.25, 4.0]


async def test_a_sweep_may_begin_with_prior_runs(registry: Registry) -> None:
    request = pb.CreateSweepRequest(
        config_text=config_text(),
        request_id=request_id(),
        prior_run_source=pb.PriorRunSource(csv="x,n,loss\n0.5,1,2.0\n7,1,2.0\n", skip_unfit=True),
    )
    answer = await registry.CreateSweep(request)
    assert (answer.imported_runs, answer.skipped_runs, answer.sweep.prior_run_count) == (1, 1, 1)
    assert await registry.CreateSweep(request) == answer
    sweep_id = answer.sweep.sweep_id
    assert await get_sweep(registry, sweep_id) == answer.sweep
    assert await synced(registry, sweep_id, 0) == [0]
    request.prior_run_source.skip_unfit = False
    request.request_id = request_id()
    request.project = "none-of-them"
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.CreateSweep(request)
    assert failure.fields.keys() == {"prior_run_source.csv[1]"}
    listed = await registry.ListSweeps(
        sweep_list_pb2.ListSweepsRequest(filter=sweep_list_pb2.SweepFilter(project="none-of-them"))
    )
    assert not listed.sweeps


async def test_a_sweep_that_has_ended_takes_none(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await registry.FinishSweep(pb.FinishSweepRequest(sweep_id=sweep.sweep_id))
    with rpc_fails(StatusCode.FAILED_PRECONDITION, "SWEEP_STATE_CONFLICT") as failure:
        await import_runs(registry, sweep.sweep_id, runs=[prior({"x": 0.5, "n": 1}, 1.0)])
    assert failure.metadata["state"] == "FINISHED"


async def test_a_deleted_sweep_takes_its_prior_runs_with_it_and_repeats_its_answers(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry)
    request = pb.ImportRunsRequest(
        sweep_id=sweep.sweep_id,
        source=pb.PriorRunSource(csv="x,n,loss\n0.5,1,2.0\n"),
        request_id=request_id(),
    )
    answer = await registry.ImportRuns(request)
    await registry.DeleteSweep(pb.DeleteSweepRequest(sweep_id=sweep.sweep_id))
    assert await registry.ImportRuns(request) == answer
    with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await registry.ListPriorRuns(pb.ListPriorRunsRequest(sweep_id=sweep.sweep_id))
    request.request_id = request_id()
    with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await registry.ImportRuns(request)


async def export(registry: Registry, sweep_id: str, form: pb.RunFormat.ValueType) -> str:
    request = pb.ExportRunsRequest(sweep_id=sweep_id, format=form)
    pieces = [piece.data async for piece in registry.ExportRuns(request)]
    return b"".join(pieces).decode()


AWKWARD: dict[str, Any] = {
    "state": {"values": ["on", "off"]},
    "loss": {"min": 0.0, "max": 1.0},
    "text": {"values": ['a,"b"', "two\nlines", " spaces ", "=1+1", ""]},
    "any": {"values": [1, 1.5, True, None, [1, {"a": 2.0}]]},
    "big": {"min": -(2**60), "max": 2**60},
    "group": {"parameters": {"tiny": {"min": 0.0, "max": 1e-3}}},
}


@pytest.mark.parametrize("form", ["csv", "json_lines"])
async def test_what_was_exported_comes_in_as_it_was(registry: Registry, form: str) -> None:
    """The names also collide with columns, and values contain separators, quotes and line ends."""
    other = await create_sweep(registry, parameters=AWKWARD)
    texts, anything = AWKWARD["text"]["values"], AWKWARD["any"]["values"]
    points = [
        {
            "state": ["on", "off"][i % 2],
            "loss": i / 7,
            "text": texts[i],
            "any": anything[i],
            "big": 2**60 - i,
            "group/tiny": 1e-3 / (i + 3),
        }
        for i in range(5)
    ]
    proposals = [
        internal_pb.RunProposal(number=i, parameters=parameters_to_proto(point))
        for i, point in enumerate(points)
    ]
    runs = await create_runs(registry, other.sweep_id, *proposals)
    for run in runs[:4]:
        await finish_run(registry, run, run.number / 3)
    await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=other.sweep_id,
            number=4,
            attempt=1,
            rows=[row(11, {"loss": math.nan})],
            pruned=pb.RunPruned(reason="worse"),
        )
    )
    kind = {"csv": pb.RUN_FORMAT_CSV, "json_lines": pb.RUN_FORMAT_JSON_LINES}[form]
    text = await export(registry, other.sweep_id, kind)
    sweep = await create_sweep(registry, parameters=AWKWARD)
    await import_runs(registry, sweep.sweep_id, **{form: text})  # type: ignore[arg-type]
    listed = await prior_runs(registry, sweep.sweep_id)
    for got, point in zip(listed, points, strict=True):
        read = parameters_from_proto(got.parameters)
        assert read == point
        assert {name: type(value) for name, value in read.items()} == {
            name: type(value) for name, value in point.items()
        }
    assert [list(run.objectives) for run in listed] == [[0.0], [1 / 3], [2 / 3], [1.0], []]
    assert (listed[4].state, listed[4].last_step) == (PRUNED, 11)


async def test_a_hundred_thousand_are_taken_in_parts(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow(["x", "n", "loss"])
    writer.writerows([i / 100_000, 1 + i % 8, i] for i in range(100_000))
    answer = await registry.ImportRuns(
        pb.ImportRunsRequest(
            sweep_id=sweep.sweep_id, source=pb.PriorRunSource(csv=lines.getvalue())
        ),
        timeout=120,
    )
    assert answer.imported_runs == 100_000
    too_many = pb.ImportRunsRequest(
        sweep_id=sweep.sweep_id, source=pb.PriorRunSource(csv=lines.getvalue() + "0.5,1,2\r\n")
    )
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.ImportRuns(too_many)
    assert "more than 100,000" in failure.fields["source"]
    page = await registry.SyncRuns(
        internal_pb.SyncRunsRequest(sweep_id=sweep.sweep_id, page_size=5_000)
    )
    assert (len(page.prior_runs), page.has_more) == (5_000, True)
    assert page.state == sweep_pb2.SWEEP_STATE_PENDING


@pytest.mark.parametrize("source", ["csv", "json_lines", "sweep_id"])
async def test_a_run_that_finished_without_an_objective_informs_as_a_failed_one_does(
    registry: Registry, source: str
) -> None:
    parameters = {"x": {"min": 0.0, "max": 2.0}}
    other = await create_sweep(registry, parameters=parameters)
    await create_runs(registry, other.sweep_id, *(proposal(i, x=i / 4) for i in range(3)))
    for number, values in enumerate([{"loss": 1.0}, {"Loss": 1.0}, {"loss": math.nan}]):
        await registry.FinishRun(
            pb.FinishRunRequest(
                sweep_id=other.sweep_id,
                number=number,
                attempt=1,
                rows=[row(0, values)],
                succeeded=pb.RunSucceeded(),
            )
        )
    given: dict[str, Any] = {source: other.sweep_id}
    if source != "sweep_id":
        kind = pb.RUN_FORMAT_CSV if source == "csv" else pb.RUN_FORMAT_JSON_LINES
        request = pb.ExportRunsRequest(sweep_id=other.sweep_id, format=kind)
        text = b"".join([part.data async for part in registry.ExportRuns(request)]).decode()
        given = {source: text}
    sweep = await create_sweep(registry, parameters=parameters)
    await import_runs(registry, sweep.sweep_id, **given)
    listed = await prior_runs(registry, sweep.sweep_id)
    assert [(run.state, list(run.objectives)) for run in listed] == [
        (FINISHED, [1.0]),
        (FAILED, []),
        (FAILED, []),
    ]
