"""RPCs that read runs: a single run, pages, changes since a revision, metric histories."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.computing.off_loop import BYTES_A_ROW, converted
from wanllmdb_common.error_mapping import Context
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto
from wanllmdb_registry.domain.bounds import ENTRY_BYTES, MESSAGE_BYTES, PAGE_BYTES, POINT_BYTES
from wanllmdb_registry.domain.model import IndexedPriorRun, MetricPoint, Run, RunState
from wanllmdb_registry.domain.reads import PointPosition, RunOrder, RunPosition, SyncedRuns
from wanllmdb_registry.rpc.base import BaseServicer
from wanllmdb_registry.rpc.conversion import (
    finish_reason,
    fitting_points,
    histories_to_proto,
    prior_run_to_proto,
    run_state,
    run_to_proto,
    sweep_state,
    sweep_to_proto,
)
from wanllmdb_registry.rpc.page_tokens import (
    as_integer,
    as_number,
    as_text,
    fitting,
    read_token,
    write_token,
)
from wanllmdb_registry.rpc.request_reader import MAX_METRIC_NAMES, RequestReader

_ORDERS = {
    pb.RUN_ORDER_UNSPECIFIED: RunOrder.NUMBER_ASC,
    pb.RUN_ORDER_NUMBER_ASC: RunOrder.NUMBER_ASC,
    pb.RUN_ORDER_NUMBER_DESC: RunOrder.NUMBER_DESC,
    pb.RUN_ORDER_OBJECTIVE_ASC: RunOrder.OBJECTIVE_ASC,
    pb.RUN_ORDER_OBJECTIVE_DESC: RunOrder.OBJECTIVE_DESC,
}


class ReadServicer(BaseServicer):
    """RPCs that read runs; the protos state the contract of each RPC."""

    async def GetRun(self, request: pb.GetRunRequest, context: Context) -> pb.GetRunResponse:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        match request.WhichOneof("run"):
            case "number":
                which: dict[str, int | str] = {"number": reader.number("number", request.number)}
            case "external_run_id":
                name = "external_run_id"
                which = {name: reader.text(name, request.external_run_id, required=True)}
            case _:
                which = {}
                reader.problem("run", "set number or external_run_id")
        reader.done()
        run = await self.registry.runs.get(sweep_id, **which)  # type: ignore[arg-type]  # one of two
        return await converted(
            lambda: pb.GetRunResponse(run=run_to_proto(run)), len(run.summary) // 10
        )

    async def ListRuns(self, request: pb.ListRunsRequest, context: Context) -> pb.ListRunsResponse:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        limit = reader.limit("page_size", request.page_size, default=100, maximum=1000)
        order = _ORDERS.get(request.order)
        if order is None:
            reader.problem("order", f"is not one of {', '.join(pb.RunOrder.keys())}")
        states = reader.members("states", request.states, run_pb2.RunState, RunState)
        reader.done()
        position = read_token(request, request.page_token, (as_integer, as_number))
        after = None if position is None else RunPosition(position[0], position[1])
        found = await self.registry.runs.list(
            sweep_id, states, order or RunOrder.NUMBER_ASC, after, limit
        )
        page = await converted(
            lambda: fitting([run_to_proto(run) for run in found.items]),
            found.size // BYTES_A_ROW,
        )
        response = pb.ListRunsResponse(runs=page)
        if found.has_more or len(found.items) > len(page):
            last = found.items[len(page) - 1]
            response.next_page_token = write_token(request, [last.number, last.objective])
        return response

    async def SyncRuns(self, request: pb.SyncRunsRequest, context: Context) -> pb.SyncRunsResponse:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        since = reader.number("since_revision", request.since_revision)
        limit = reader.limit("page_size", request.page_size, default=2000, maximum=5000)
        reader.done()
        synced = await self.registry.syncs.sync(
            sweep_id,
            since,
            limit,
            with_points=request.include_objective_points,
        )
        size = synced.size // BYTES_A_ROW + len(synced.points)
        return await converted(lambda: synced_to_proto(synced), size)

    async def GetMetricHistory(
        self, request: pb.GetMetricHistoryRequest, context: Context
    ) -> pb.GetMetricHistoryResponse:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        number = reader.number("number", request.number)
        limit = reader.limit("page_size", request.page_size, default=10_000, maximum=50_000)
        names = reader.texts("names", request.names, most=MAX_METRIC_NAMES)
        reader.done()
        position = read_token(request, request.page_token, (as_text, as_integer))
        points = await self.registry.runs.metric_points(
            sweep_id,
            number,
            names,
            request.min_step if request.HasField("min_step") else None,
            request.attempt if request.HasField("attempt") else None,
            None if position is None else PointPosition(position[0], position[1]),
            limit + 1,
        )
        kept = fitting_points(points[:limit])
        histories = await converted(lambda: histories_to_proto(kept), len(kept))
        response = pb.GetMetricHistoryResponse(histories=histories)
        if len(points) > len(kept):
            last = kept[-1]
            response.next_page_token = write_token(request, [last.name, last.step])
        return response


# Reserved for the response's own fields.
_REST = 4096


def synced_to_proto(synced: SyncedRuns) -> pb.SyncRunsResponse:
    """Return the message, cut at an earlier revision if all changes would be too large."""
    entries = [(run.revision, _synced_run(run)) for run in synced.runs]
    entries += [(prior.revision, _synced_prior_run(prior)) for prior in synced.prior_runs]
    sweep = None if synced.sweep is None else sweep_to_proto(synced.sweep)
    room = MESSAGE_BYTES - _REST - (0 if sweep is None else sweep.ByteSize())
    sizes = [(revision, message.ByteSize() + ENTRY_BYTES) for revision, message in entries]
    revision = _last_that_fits(synced, sizes, min(room, PAGE_BYTES))
    kept = [message for at, message in entries if at <= revision]
    has_more = synced.has_more or revision < synced.revision
    return pb.SyncRunsResponse(
        runs=[message for message in kept if isinstance(message, pb.SyncedRun)],
        prior_runs=[message for message in kept if isinstance(message, pb.SyncedPriorRun)],
        objective_points=[
            pb.ObjectivePoint(
                number=point.number, attempt=point.attempt, step=point.step, value=point.value
            )
            for point in synced.points
            if _revision(point) <= revision
        ],
        revision=revision,
        has_more=has_more,
        state=sweep_state(synced.state),
        finish_reason=finish_reason(synced.finish_reason),
        next_number=synced.next_number,
        space_exhausted=synced.space_exhausted,
        sweep=sweep,
        database_id=synced.database_id,
    )


def _last_that_fits(synced: SyncedRuns, sizes: Sequence[tuple[int, int]], room: int) -> int:
    """Return the last revision up to which all changes fit; the first revision always does."""
    points = synced.points
    if sum(size for _, size in sizes) + len(points) * POINT_BYTES <= room:
        return synced.revision
    last, used = 0, 0
    at_point = [(_revision(point), POINT_BYTES) for point in points]
    for revision, group in groupby(sorted([*sizes, *at_point]), key=itemgetter(0)):
        used += sum(size for _, size in group)
        if used > room and last:
            break
        last = revision
    return last


def _revision(point: MetricPoint) -> int:
    if point.objective_revision is None:
        raise AssertionError("a value of the sweep's metric has no revision")
    return point.objective_revision


def _synced_run(run: Run) -> pb.SyncedRun | pb.SyncedPriorRun:
    return pb.SyncedRun(
        number=run.number,
        state=run_state(run.state),
        attempt=run.attempt,
        parameters=parameters_to_proto(run.parameters),
        objective=run.objective,
        sampler_state=run.sampler_state,
        last_step=run.last_step,
        objectives=run.objectives,
    )


def _synced_prior_run(prior: IndexedPriorRun) -> pb.SyncedPriorRun:
    return pb.SyncedPriorRun(index=prior.index, run=prior_run_to_proto(prior.run))
