"""RPCs that list sweeps and projects, once or as they change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal

from wanllmdb.api.registry.v1 import sweep_list_pb2, sweep_pb2, watch_pb2
from wanllmdb_common.computing.off_loop import BYTES_A_ROW, converted
from wanllmdb_common.error_mapping import Context
from wanllmdb_registry.app import Registry
from wanllmdb_registry.domain.live_lists import ListKey, SentList
from wanllmdb_registry.domain.model import Method, SweepState
from wanllmdb_registry.domain.reads import (
    ListHead,
    Project,
    SweepFilter,
    SweepOrder,
    SweepPosition,
    SweepView,
    position_of,
)
from wanllmdb_registry.domain.watch import ANY_SWEEP, wait_for
from wanllmdb_registry.prometheus_metrics import WATCHERS
from wanllmdb_registry.rpc.base import BaseServicer, own_projects, require_still_good
from wanllmdb_registry.rpc.conversion import (
    sweep_state,
    sweep_to_proto,
    time_from_proto,
    timestamp,
)
from wanllmdb_registry.rpc.listed_sweeps import ListedSweeps
from wanllmdb_registry.rpc.page_tokens import (
    Part,
    as_integer,
    as_text,
    as_time,
    fitting,
    read_token,
    write_token,
)
from wanllmdb_registry.rpc.request_reader import RequestReader
from wanllmdb_registry.rpc.stream_servicer import CHECKPOINT, POLL, POLL_ALONE

# Seconds between two messages of WatchSweeps.
MIN_INTERVAL, DEFAULT_INTERVAL, MAX_INTERVAL = 0.1, 1.0, 60.0

_ORDERS = {
    sweep_list_pb2.SWEEP_ORDER_UNSPECIFIED: SweepOrder.CREATE_TIME_DESC,
    sweep_list_pb2.SWEEP_ORDER_CREATE_TIME_DESC: SweepOrder.CREATE_TIME_DESC,
    sweep_list_pb2.SWEEP_ORDER_CREATE_TIME_ASC: SweepOrder.CREATE_TIME_ASC,
    sweep_list_pb2.SWEEP_ORDER_NAME_ASC: SweepOrder.NAME_ASC,
    sweep_list_pb2.SWEEP_ORDER_UPDATE_TIME_DESC: SweepOrder.UPDATE_TIME_DESC,
    sweep_list_pb2.SWEEP_ORDER_RUNS_DESC: SweepOrder.RUNS_DESC,
    sweep_list_pb2.SWEEP_ORDER_STATE_ASC: SweepOrder.STATE_ASC,
}
_VIEWS = {
    sweep_list_pb2.SWEEP_VIEW_UNSPECIFIED: SweepView.FULL,
    sweep_list_pb2.SWEEP_VIEW_FULL: SweepView.FULL,
    sweep_list_pb2.SWEEP_VIEW_BASIC: SweepView.BASIC,
}
# How a page token holds what an order compares first.
_KEYS: dict[SweepOrder, Part] = {
    SweepOrder.CREATE_TIME_DESC: as_time,
    SweepOrder.CREATE_TIME_ASC: as_time,
    SweepOrder.NAME_ASC: as_text,
    SweepOrder.UPDATE_TIME_DESC: as_time,
    SweepOrder.RUNS_DESC: as_integer,
    SweepOrder.STATE_ASC: as_integer,
}


class ListServicer(BaseServicer):
    """RPCs that list; the protos state the contract of each RPC."""

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self._listed = ListedSweeps(registry.lists.by_id)

    async def ListSweeps(
        self, request: sweep_list_pb2.ListSweepsRequest, context: Context
    ) -> sweep_list_pb2.ListSweepsResponse:
        reader = RequestReader()
        limit = reader.limit("page_size", request.page_size, default=50, maximum=1000)
        which, order = _filter(reader, request.filter), _order(reader, request.order)
        view = _VIEWS.get(request.view)
        if view is None:
            reader.problem("view", f"is not one of {', '.join(sweep_list_pb2.SweepView.keys())}")
        reader.done()
        parts = (_KEYS[order], as_time, as_text)
        position = read_token(request, request.page_token, parts, which.projects)
        after = None if position is None else SweepPosition(*position)
        found = await self.registry.lists.page(which, order, after, limit, view or SweepView.FULL)
        page = await converted(
            lambda: fitting([sweep_to_proto(sweep) for sweep in found.items]),
            found.size // BYTES_A_ROW,
        )
        response = sweep_list_pb2.ListSweepsResponse(sweeps=page)
        if found.has_more or len(found.items) > len(page):
            last = position_of(order, found.items[len(page) - 1])
            key = last.key.isoformat() if isinstance(last.key, datetime) else last.key
            response.next_page_token = write_token(
                request, [key, last.create_time.isoformat(), last.sweep_id], which.projects
            )
        if request.include_total_count:
            response.total_count = await self.registry.lists.count(which)
        return response

    async def ListProjects(
        self, request: sweep_list_pb2.ListProjectsRequest, context: Context
    ) -> sweep_list_pb2.ListProjectsResponse:
        reader = RequestReader()
        limit = reader.limit("page_size", request.page_size, default=100, maximum=1000)
        reader.done()
        own = own_projects()
        position = read_token(request, request.page_token, (as_text,), own)
        after = "" if position is None else position[0]
        found = await self.registry.lists.projects(own, after, limit)
        response = sweep_list_pb2.ListProjectsResponse(projects=map(_project, found.items))
        if found.has_more:
            response.next_page_token = write_token(request, [found.items[-1].name], own)
        return response

    async def WatchSweeps(
        self, request: watch_pb2.WatchSweepsRequest, context: Context
    ) -> AsyncIterator[watch_pb2.WatchSweepsResponse]:
        reader = RequestReader()
        which, order = _filter(reader, request.filter), _order(reader, request.order)
        limit = reader.limit("max_sweeps", request.max_sweeps, default=50, maximum=1000)
        interval = (
            reader.interval(request.min_interval, least=MIN_INTERVAL, most=MAX_INTERVAL)
            or DEFAULT_INTERVAL
        )
        reader.done()
        clock = asyncio.get_running_loop().time
        hub = self.registry.hub
        changed = hub.subscribe(ANY_SWEEP)
        WATCHERS.inc()
        try:
            sent = SentList()
            next_checkpoint = clock()
            with self.registry.live_lists.watching(ListKey(which, order, limit)) as live:
                while True:
                    looked_at = clock()
                    await require_still_good(self.registry)
                    read = await live.read(interval / 2 if sent.is_begun else 0)
                    async for message in self._changes(sent, read.head):
                        next_checkpoint = clock() + CHECKPOINT
                        yield message
                    if clock() >= next_checkpoint:
                        next_checkpoint = clock() + CHECKPOINT
                        yield watch_pb2.WatchSweepsResponse(total_count=sent.total, is_current=True)
                    await asyncio.sleep(looked_at + interval - clock())
                    if read.changes != hub.changes:
                        # The read is older than a change, for which the event was cleared before.
                        changed.set()
                    poll = POLL if self.registry.changes.is_open else POLL_ALONE
                    await wait_for(changed, min(poll, next_checkpoint - clock()))
        finally:
            WATCHERS.dec()
            hub.unsubscribe(ANY_SWEEP, changed)

    async def _changes(
        self, sent: SentList, head: ListHead
    ) -> AsyncIterator[watch_pb2.WatchSweepsResponse]:
        """Yield the messages that lead from what was sent to the list; the last one is current."""
        message: watch_pb2.WatchSweepsResponse | None = None
        missing: list[str] = []
        async for part in self._listed.of(sent.changed(head)):
            if message is not None:
                yield message
            missing += part.missing
            message = watch_pb2.WatchSweepsResponse(sweeps=part.messages, total_count=head.total)
        change = sent.move_to(head, missing)
        if message is None and not change:
            return
        last = message or watch_pb2.WatchSweepsResponse(total_count=head.total)
        last.removed_sweep_ids.extend(change.removed)
        last.ordered_sweep_ids.extend(change.order)
        last.is_current = True
        yield last


def _filter(reader: RequestReader, given: sweep_list_pb2.SweepFilter) -> SweepFilter:
    return SweepFilter(
        project=reader.text("filter.project", given.project),
        projects=own_projects(),
        states=tuple(
            reader.members("filter.states", given.states, sweep_pb2.SweepState, SweepState)
        ),
        methods=tuple(reader.members("filter.methods", given.methods, sweep_pb2.Method, Method)),
        query=reader.text("filter.query", given.query),
        created_after=_time(reader, given, "created_after"),
        created_before=_time(reader, given, "created_before"),
    )


def _order(reader: RequestReader, given: sweep_list_pb2.SweepOrder.ValueType) -> SweepOrder:
    order = _ORDERS.get(given)
    if order is None:
        reader.problem("order", f"is not one of {', '.join(sweep_list_pb2.SweepOrder.keys())}")
    return order or SweepOrder.CREATE_TIME_DESC


def _time(
    reader: RequestReader,
    given: sweep_list_pb2.SweepFilter,
    field: Literal["created_after", "created_before"],
) -> datetime | None:
    if not given.HasField(field):
        return None
    return reader.attempt(f"filter.{field}", lambda: time_from_proto(getattr(given, field)))


def _project(project: Project) -> sweep_list_pb2.Project:
    return sweep_list_pb2.Project(
        name=project.name,
        sweep_counts=[
            sweep_list_pb2.SweepCount(state=sweep_state(state), count=count)
            for state, count in project.counts.items()
        ],
        update_time=timestamp(project.update_time),
    )
