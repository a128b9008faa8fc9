"""Every caller can read the largest permitted sweeps and runs, through every RPC."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc.aio
import pytest
from google.protobuf import field_mask_pb2
from google.protobuf.message import Message
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.largest import Largest, metric_names
from tests.registry_stub import RegistryStub
from tests.sweeps import Registry, create_runs, create_runs_request, create_sweep, proposal, row
from wanllmdb.api.registry.v1 import (
    activity_pb2,
    plots_pb2,
    run_pb2,
    search_space_pb2,
    sweep_list_pb2,
    sweep_pb2,
    template_service_pb2,
    watch_pb2,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import template_service_pb2_grpc as template_grpc
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_registry.domain.bounds import (
    MAX_METRIC_BYTES,
    MAX_METRICS,
    MAX_SPEC_BYTES,
    MESSAGE_BYTES,
    RUN_BYTES,
    SWEEP_BYTES,
)

# The message size that gRPC clients accept by default, in any language.
OPTIONS = [("grpc.max_receive_message_length", MESSAGE_BYTES)]
RUNS = 4


@pytest.fixture
async def plain(registry_address: str) -> AsyncIterator[Registry]:
    """Return stubs of the registry over a channel that accepts 4 MiB a message."""
    async with grpc.aio.insecure_channel(registry_address, options=OPTIONS) as channel:
        yield RegistryStub(channel)


def size_of(message: Message) -> int:
    size = message.ByteSize()
    assert size < MESSAGE_BYTES
    return size


async def watched(plain: Registry, sweep_id: str) -> tuple[set[int], bool]:
    """Watch from the start; return the runs' numbers and whether the sweep was sent."""
    numbers, has_sweep = set(), False
    watch = plain.WatchSweep(watch_pb2.WatchSweepRequest(sweep_id=sweep_id))
    async for message in watch:
        size_of(message)
        if message.HasField("run"):
            numbers.add(message.run.number)
        has_sweep = has_sweep or message.HasField("sweep")
        if message.HasField("checkpoint"):
            break
    watch.cancel()
    return numbers, has_sweep


async def listed(plain: Registry, sweep_id: str, order: pb.RunOrder.ValueType) -> list[int]:
    numbers, token = list[int](), ""
    while True:
        page = await plain.ListRuns(
            pb.ListRunsRequest(sweep_id=sweep_id, order=order, page_size=1000, page_token=token)
        )
        size_of(page)
        assert page.runs
        numbers += [run.number for run in page.runs]
        token = page.next_page_token
        if not token:
            return numbers


async def test_the_largest_sweep_and_runs_pass_through_every_rpc(
    plain: Registry, suggestion_address: str
) -> None:
    largest = Largest(plain)
    sweep = await largest.sweep()
    sweep_id = sweep.sweep_id
    assert size_of(sweep.spec) > 0.8 * MAX_SPEC_BYTES
    runs = [await largest.run(sweep_id, number) for number in range(RUNS)]

    # The end of a run, also with the longest permitted error, and then a repetition.
    failed = await plain.FinishRun(largest.failure(runs[0]))
    assert 0.9 * RUN_BYTES < size_of(failed.run) < RUN_BYTES
    ended = await plain.FinishRun(
        pb.FinishRunRequest(sweep_id=sweep_id, number=1, attempt=1, succeeded=pb.RunSucceeded())
    )
    size_of(ended)
    assert ended.run.state == run_pb2.RUN_STATE_FINISHED
    assert len(ended.run.objectives) == 10
    got = await plain.GetRun(pb.GetRunRequest(sweep_id=sweep_id, number=0))
    assert len(got.run.summary) == MAX_METRICS + 10
    size_of(got)

    # Pages and streams.
    numbers = list(range(RUNS))
    assert await listed(plain, sweep_id, pb.RUN_ORDER_NUMBER_ASC) == numbers
    assert await listed(plain, sweep_id, pb.RUN_ORDER_NUMBER_DESC) == numbers[::-1]
    assert await listed(plain, sweep_id, pb.RUN_ORDER_OBJECTIVE_ASC) == numbers
    assert await watched(plain, sweep_id) == (set(numbers), True)
    left = numbers
    while left:
        batch = await plain.BatchGetRuns(pb.BatchGetRunsRequest(sweep_id=sweep_id, numbers=left))
        size_of(batch)
        assert [run.number for run in batch.runs] == left[: len(batch.runs)] != []
        left = left[len(batch.runs) :]
    size_of(
        await plain.GetMetricHistories(
            plots_pb2.GetMetricHistoriesRequest(
                sweep_id=sweep_id, numbers=numbers, name=metric_names()[0], max_points=10_000
            )
        )
    )
    synced, since = list[int](), 0
    while True:
        page = await plain.SyncRuns(
            internal_pb.SyncRunsRequest(
                sweep_id=sweep_id, since_revision=since, include_objective_points=True
            )
        )
        size_of(page)
        assert page.revision > since
        synced += [run.number for run in page.runs]
        since = page.revision
        if not page.has_more:
            break
    assert sorted(synced) == numbers
    for form in (pb.RUN_FORMAT_CSV, pb.RUN_FORMAT_JSON_LINES):
        text = b""
        async for piece in plain.ExportRuns(pb.ExportRunsRequest(sweep_id=sweep_id, format=form)):
            size_of(piece)
            piece.data.decode()
            text += piece.data
        lines = text.decode().splitlines()
        assert len(lines) == RUNS + (form == pb.RUN_FORMAT_CSV)
    size_of(
        await plain.GetMetricHistory(
            pb.GetMetricHistoryRequest(sweep_id=sweep_id, number=1, page_size=50_000)
        )
    )
    size_of(await plain.GetTimeline(plots_pb2.GetTimelineRequest(sweep_id=sweep_id)))
    size_of(
        await plain.GetParallelCoordinates(
            plots_pb2.GetParallelCoordinatesRequest(sweep_id=sweep_id, max_rows=10_000)
        )
    )

    # The sweep.
    got_sweep = await plain.GetSweep(pb.GetSweepRequest(sweep_id=sweep_id))
    assert size_of(got_sweep) < SWEEP_BYTES
    for written in (pb.CONFIG_FORMAT_YAML, pb.CONFIG_FORMAT_JSON):
        size_of(await plain.ExportSweep(pb.ExportSweepRequest(sweep_id=sweep_id, format=written)))
    size_of(await plain.PauseSweep(pb.PauseSweepRequest(sweep_id=sweep_id)))
    size_of(await plain.ResumeSweep(pb.ResumeSweepRequest(sweep_id=sweep_id)))

    # Runs that are assigned or assigned again.
    resumed = await plain.ResumeRuns(
        internal_pb.ResumeRunsRequest(sweep_id=sweep_id, agent_id=runs[0].agent_id, count=100)
    )
    size_of(resumed)
    assert resumed.runs
    size_of(
        await plain.Heartbeat(
            pb.HeartbeatRequest(
                leases=[
                    pb.RunLease(sweep_id=sweep_id, number=run.number, attempt=run.attempt)
                    for run in runs
                ]
            )
        )
    )
    agents = await plain.ListAgents(activity_pb2.ListAgentsRequest(sweep_id=sweep_id))
    assert size_of(agents) > 0
    events = await plain.ListSweepEvents(activity_pb2.ListSweepEventsRequest(sweep_id=sweep_id))
    assert size_of(events) > 0
    released = await plain.ReleaseRun(pb.ReleaseRunRequest(sweep_id=sweep_id, number=3, attempt=1))
    size_of(released)
    again = internal_pb.RunProposal(number=3, parameters=released.run.parameters)
    size_of(await plain.CreateRuns(create_runs_request(sweep_id, again)))
    canceled = await plain.CancelRuns(pb.CancelRunsRequest(sweep_id=sweep_id, numbers=[2, 3]))
    assert size_of(canceled) < SWEEP_BYTES
    assert list(canceled.stopping_numbers) == [2, 3]
    async with grpc.aio.insecure_channel(suggestion_address, options=OPTIONS) as channel:
        suggestion = suggestion_grpc.SuggestionServiceStub(channel)
        best = await suggestion.GetBestRuns(
            suggestion_pb.GetBestRunsRequest(sweep_id=sweep_id, count=1000)
        )
        assert [run.number for run in best.runs] == [1]


async def test_the_best_of_large_runs_are_as_many_as_fit(
    plain: Registry, suggestion_address: str
) -> None:
    sweep = await create_sweep(plain)
    largest = Largest(plain)
    for number in range(8):
        (run,) = await create_runs(plain, sweep.sweep_id, proposal(number))
        await largest.report(run, 0, metric_names())
        await plain.FinishRun(
            pb.FinishRunRequest(
                sweep_id=sweep.sweep_id,
                number=number,
                attempt=1,
                succeeded=pb.RunSucceeded(objective=float(number)),
            )
        )
    async with grpc.aio.insecure_channel(suggestion_address, options=OPTIONS) as channel:
        suggestion = suggestion_grpc.SuggestionServiceStub(channel)
        best = await suggestion.GetBestRuns(
            suggestion_pb.GetBestRunsRequest(sweep_id=sweep.sweep_id, count=1000)
        )
        size_of(best)
        assert [run.number for run in best.runs] == [0, 1]
        few = await suggestion.GetBestRuns(
            suggestion_pb.GetBestRunsRequest(sweep_id=sweep.sweep_id, count=1)
        )
        assert [run.number for run in few.runs] == [0]


async def test_large_sweeps_are_listed_in_pages_that_fit(plain: Registry) -> None:
    largest = Largest(plain)
    made = [(await largest.sweep(f"listed {i}")).sweep_id for i in range(4)]
    filters = sweep_list_pb2.SweepFilter(project="largest", query="listed")
    for view in sweep_list_pb2.SweepView.values():
        found, token = list[str](), ""
        while True:
            page = await plain.ListSweeps(
                sweep_list_pb2.ListSweepsRequest(
                    filter=filters, page_size=1000, page_token=token, view=view
                )
            )
            size_of(page)
            found += [sweep.sweep_id for sweep in page.sweeps]
            token = page.next_page_token
            if not token:
                break
        assert sorted(found) == sorted(made)
    async for message in plain.WatchSweeps(watch_pb2.WatchSweepsRequest(filter=filters)):
        size_of(message)
        if message.is_current:
            assert sorted(message.ordered_sweep_ids) == sorted(made)
            break


async def test_large_templates_are_listed_in_pages_that_fit(registry_address: str) -> None:
    async with grpc.aio.insecure_channel(registry_address, options=OPTIONS) as channel:
        templates = template_grpc.TemplateServiceStub(channel)
        comment = "#" + "c" * 1_000_000 + "\n"
        for i in range(5):
            await templates.CreateTemplate(
                template_service_pb2.CreateTemplateRequest(
                    template=template_service_pb2.Template(
                        name=f"a-large-{i}",
                        config_text=comment + "{method: random, parameters: {x: {value: 1}}}",
                    )
                )
            )
        names, token = list[str](), ""
        while True:
            page = await templates.ListTemplates(
                template_service_pb2.ListTemplatesRequest(page_size=1000, page_token=token)
            )
            size_of(page)
            names += [template.name for template in page.templates]
            token = page.next_page_token
            if not token:
                break
        assert names == sorted(set(names))
        assert {f"a-large-{i}" for i in range(5)} <= set(names)
        assert "sklearn" in names
        for i in range(5):
            await templates.DeleteTemplate(
                template_service_pb2.DeleteTemplateRequest(name=f"a-large-{i}")
            )


async def test_three_reports_of_ten_thousand_new_metrics_leave_the_sweep_readable(
    plain: Registry, suggestion_address: str
) -> None:
    sweep = await create_sweep(plain)
    sweep_id = sweep.sweep_id
    await create_runs(plain, sweep_id, proposal(0))

    def report(batch: int) -> pb.ReportMetricsRequest:
        values = {f"{batch} {i:05} ".ljust(200, "m"): 1.0 for i in range(9_999)}
        return pb.ReportMetricsRequest(
            sweep_id=sweep_id, number=0, attempt=1, rows=[row(batch, {**values, "loss": 0.5})]
        )

    for batch in range(3):
        with rpc_fails(StatusCode.FAILED_PRECONDITION, "TOO_MANY_METRICS") as error:
            await plain.ReportMetrics(report(batch))
        assert "run 0" in str(error)
    # Values are accepted up to the bound, and after that only for metrics that the run already
    # has.
    fits = {f"{i:05} ".ljust(104, "m"): 1.0 for i in range(MAX_METRICS)}
    for start in range(0, MAX_METRICS, 5_000):
        part = dict(list(fits.items())[start : start + 5_000])
        await plain.ReportMetrics(
            pb.ReportMetricsRequest(sweep_id=sweep_id, number=0, attempt=1, rows=[row(1, part)])
        )
    with rpc_fails(StatusCode.FAILED_PRECONDITION, "TOO_MANY_METRICS"):
        await plain.ReportMetrics(
            pb.ReportMetricsRequest(
                sweep_id=sweep_id, number=0, attempt=1, rows=[row(2, {"one more": 1.0})]
            )
        )
    again = dict.fromkeys(fits, 2.0) if len(fits) < 10_000 else {min(fits): 2.0}
    await plain.ReportMetrics(
        pb.ReportMetricsRequest(
            sweep_id=sweep_id, number=0, attempt=1, rows=[row(3, {**again, "loss": 0.25})]
        )
    )
    # The end of a run commits even with too many values, and the sweep's own metric counts.
    late = report(4)
    late.rows[0].values["loss"] = 0.125
    late.rows[0].step = 4
    ended = await plain.FinishRun(
        pb.FinishRunRequest(
            sweep_id=sweep_id, number=0, attempt=1, rows=late.rows, succeeded=pb.RunSucceeded()
        )
    )
    size_of(ended)
    assert (ended.run.state, ended.run.objective) == (run_pb2.RUN_STATE_FINISHED, 0.125)
    assert ended.run.summary.keys() == {*fits, "loss"}
    assert ended.run.summary[min(fits)] == 2.0
    assert sum(map(len, fits)) <= MAX_METRIC_BYTES
    assert await listed(plain, sweep_id, pb.RUN_ORDER_NUMBER_ASC) == [0]
    assert await watched(plain, sweep_id) == ({0}, True)
    async with grpc.aio.insecure_channel(suggestion_address, options=OPTIONS) as channel:
        best = await suggestion_grpc.SuggestionServiceStub(channel).GetBestRuns(
            suggestion_pb.GetBestRunsRequest(sweep_id=sweep_id)
        )
        assert [run.number for run in best.runs] == [0]


async def test_a_new_attempt_has_room_again(plain: Registry) -> None:
    sweep = await create_sweep(plain)
    (run,) = await create_runs(plain, sweep.sweep_id, proposal(0))
    largest = Largest(plain)
    await largest.report(run, 0, metric_names())
    await plain.ReleaseRun(pb.ReleaseRunRequest(sweep_id=sweep.sweep_id, number=0, attempt=1))
    (again,) = await create_runs(plain, sweep.sweep_id, proposal(0))
    await largest.report(again, 0, ["other"])
    got = await plain.GetRun(pb.GetRunRequest(sweep_id=sweep.sweep_id, number=0))
    assert dict(got.run.summary) == {"other": 0.5}


async def test_what_no_answer_could_hold_is_rejected(plain: Registry) -> None:
    text = search_space_pb2.ParameterValue(string_value="v" * 100_000)
    sweep = await create_sweep(
        plain, parameters={f"p{i}": {"value": "v" * 100_000} for i in range(5)}
    )
    sweep_id = sweep.sweep_id
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
        # One run too many.
        await create_runs(
            plain,
            sweep_id,
            internal_pb.RunProposal(number=0, parameters={f"p{i}": text for i in range(6)}),
        )
    run = pb.EnqueuedRun(parameters={f"p{i}": text for i in range(5)})
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
        await plain.EnqueueRuns(pb.EnqueueRunsRequest(sweep_id=sweep_id, runs=[run] * 6))
    queued = await plain.EnqueueRuns(pb.EnqueueRunsRequest(sweep_id=sweep_id, runs=[run] * 5))
    size_of(queued)
    # These runs were assigned together; with labels and notes they exceed one message.
    for each in queued.runs:
        await Largest(plain).annotate(each)
    proposals = [
        internal_pb.RunProposal(number=each.number, parameters=each.parameters)
        for each in queued.runs
    ]
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
        await create_runs(plain, sweep_id, *proposals)
    size_of(await plain.CreateRuns(create_runs_request(sweep_id, *proposals[:2])))
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
        await plain.UpdateRun(
            pb.UpdateRunRequest(
                run=run_pb2.Run(
                    sweep_id=sweep_id,
                    number=0,
                    labels={f"{i}": "\N{GRINNING FACE}" * 1_000 for i in range(50)},
                ),
                update_mask={"paths": ["labels"]},  # type: ignore[arg-type]  # as a dictionary
            )
        )
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG"):
        await create_sweep(
            plain, parameters={"x": {"values": [f"{i:04}" + "v" * 99_990 for i in range(12)]}}
        )
    spec = sweep_pb2.SweepSpec()
    spec.CopyFrom(sweep.spec)
    wide = search_space_pb2.Parameter(name="wide")
    wide.categorical.values.extend(
        search_space_pb2.ParameterValue(string_value=f"{i:04}" + "\x01" * 60_000) for i in range(8)
    )
    spec.search_space.parameters.append(wide)
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG"):
        await plain.CreateSweep(pb.CreateSweepRequest(spec=spec))


async def test_the_largest_page_of_agents_fits(plain: Registry) -> None:
    sweep = await create_sweep(plain)
    for first in range(0, 1_000, 250):
        request = internal_pb.CreateRunsRequest(sweep_id=sweep.sweep_id)
        for number in range(first, first + 250):
            # The largest characters of UTF-8, and each name once.
            name = "\U0001f600" * 190 + f"{number:04}"
            request.requests.add(agent_id=name, count=1, proposals=[proposal(number)])
        assert not (await plain.CreateRuns(request)).conflict
    page = await plain.ListAgents(
        activity_pb2.ListAgentsRequest(sweep_id=sweep.sweep_id, page_size=1000)
    )
    assert size_of(page) > 0.7 * 1024 * 1024
    assert len(page.agents) == 1_000


async def test_the_largest_page_of_events_fits(plain: Registry) -> None:
    sweep = await create_sweep(plain)
    for _ in range(300):
        await plain.UpdateSweep(
            pb.UpdateSweepRequest(
                sweep=sweep_pb2.Sweep(sweep_id=sweep.sweep_id, name="\U0001f600" * 200),
                update_mask=field_mask_pb2.FieldMask(paths=["name"]),
            )
        )
    page = await plain.ListSweepEvents(
        activity_pb2.ListSweepEventsRequest(sweep_id=sweep.sweep_id, page_size=1000)
    )
    # A detail has 500 characters at most, so a thousand of the largest take 2.1 MB.
    assert size_of(page) / len(page.events) < 2_100
    assert len(page.events) == 301
