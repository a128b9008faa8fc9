"""Prior runs: listed and synced, and never counted as runs."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import pytest
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.prior_runs import (
    FAILED,
    FINISHED,
    PRUNED,
    import_runs,
    prior,
    prior_runs,
)
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
from wanllmdb.api.registry.v1 import sweep_list_pb2, sweep_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import parameters_from_proto


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
