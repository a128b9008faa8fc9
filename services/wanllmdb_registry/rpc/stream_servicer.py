"""The RPCs that answer with a stream: ExportRuns and WatchSweep."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, watch_pb2
from wanllmdb_common.calls.call import current_call
from wanllmdb_common.computing.off_loop import BYTES_A_ROW, converted
from wanllmdb_common.error_mapping import Context
from wanllmdb_registry.app import Registry
from wanllmdb_registry.domain.bounds import PAGE_BYTES, STREAM_BYTES
from wanllmdb_registry.domain.model import Run, RunState
from wanllmdb_registry.domain.reads import RunOrder, RunPosition
from wanllmdb_registry.domain.run_files.writers import CsvWriter, JsonLinesWriter, RunWriter
from wanllmdb_registry.domain.watch import wait_for
from wanllmdb_registry.prometheus_metrics import WATCHERS
from wanllmdb_registry.rpc.base import BaseServicer, computed, require_still_good
from wanllmdb_registry.rpc.column_servicer import read_columns, require_few, require_known
from wanllmdb_registry.rpc.request_reader import RequestReader
from wanllmdb_registry.rpc.sweep_watch import Watch, WatchedColumns

_PAGE = 500
_NAMES_PAGE = 5_000
# Metric columns of a CSV export; JSON lines have no such limit.
MAX_METRIC_COLUMNS = 2_000


# Changes that are read, and so kept in memory, at once; a slow reader delays the next page.
PAGE = 500
# Minimum seconds between two reads; of a busy sweep, one read returns many changes.
PAUSE = 0.02
# Seconds after which a watch reads without a notification: with a connection on which other
# replicas announce changes, and without one.
POLL, POLL_ALONE = 5.0, 1.0
# Seconds after which an idle watch sends a checkpoint.
CHECKPOINT = 10.0
# The longest time between two batches of changes: that between two checkpoints.
MAX_INTERVAL = CHECKPOINT


class StreamServicer(BaseServicer):
    """RPCs that stream; the protos state the contract of each RPC."""

    async def ExportRuns(
        self, request: pb.ExportRunsRequest, context: Context
    ) -> AsyncIterator[pb.ExportRunsResponse]:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        states = reader.members("states", request.states, run_pb2.RunState, RunState)
        if request.format not in pb.RunFormat.values():
            reader.problem("format", f"is not one of {', '.join(pb.RunFormat.keys())}")
        reader.done()
        spec = (await self.registry.sweeps.get(sweep_id)).spec
        writer: RunWriter
        if request.format == pb.RUN_FORMAT_JSON_LINES:
            writer = JsonLinesWriter(spec)
        else:
            async with current_call().heavy_turn():
                reported = await _reported(self.registry, sweep_id, states)
            writer = CsvWriter(spec, reported, raw=request.raw_cells)
            for text in pieces_of(writer.header().encode()):
                yield pb.ExportRunsResponse(data=text)
        after: RunPosition | None = None
        while True:
            # A slow reader may take hours, so the key may become invalid.
            await require_still_good(self.registry)
            async with current_call().heavy_turn():
                page = await self.registry.runs.list(
                    sweep_id, states, RunOrder.NUMBER_ASC, after, _PAGE, STREAM_BYTES
                )
                texts = await computed(partial(_texts, writer, page.items))
            has_more = page.has_more
            if has_more:
                after = RunPosition(page.items[-1].number, None)
            # Drop each text once it is sent, so that a slow reader keeps only the unsent texts in
            # memory.
            del page
            while texts:
                yield pb.ExportRunsResponse(data=texts.popleft())
            if not has_more:
                return

    async def WatchSweep(
        self, request: watch_pb2.WatchSweepRequest, context: Context
    ) -> AsyncIterator[watch_pb2.WatchSweepResponse]:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        since = reader.number("since_revision", request.since_revision)
        database_id = reader.text("database_id", request.database_id)
        interval = reader.interval(request.min_interval, least=0.0, most=MAX_INTERVAL)
        require_few(reader, request.columns)
        if request.columns and request.without_runs:
            reader.problem("without_runs", "leaves out the runs, so columns must be empty")
        reader.done()
        changed = self.registry.hub.subscribe(sweep_id)
        WATCHERS.inc()
        try:
            head = await self.registry.columns.head(sweep_id)
            require_known(head.sweep, head.database_id, since, database_id)
            watch = Watch(sweep_id, head.database_id, interval, with_runs=not request.without_runs)
            if request.columns:
                columns = read_columns(reader, request.columns, head.sweep.spec)
                watch.columns = WatchedColumns(columns, head.sweep.spec)
                yield watch.schema(since, head.sweep)
            async for message in self._changes_of(watch, since, changed):
                yield message
        finally:
            WATCHERS.dec()
            self.registry.hub.unsubscribe(sweep_id, changed)

    async def _changes_of(
        self, watch: Watch, since: int, changed: asyncio.Event
    ) -> AsyncIterator[watch_pb2.WatchSweepResponse]:
        clock = asyncio.get_running_loop().time
        next_checkpoint = clock()
        while True:
            looked_at = clock()
            await require_still_good(self.registry)
            if watch.with_runs:
                synced = await self.registry.syncs.watch(watch.sweep_id, since, PAGE)
                watch.require_same(synced.database_id, synced.revision)
                messages = await converted(
                    partial(watch.of_runs, synced), synced.size // BYTES_A_ROW
                )
                since, has_more = synced.revision, synced.has_more
                # A slow reader may take hours; keep only the unsent messages in memory.
                del synced
            else:
                head = await self.registry.columns.head(watch.sweep_id)
                watch.require_same(head.database_id, head.sweep.revision)
                messages, has_more = deque(watch.of_sweep(head.sweep, since)), False
                since = head.sweep.revision
            has_changes = bool(messages)
            while messages:
                yield messages.popleft()
            if has_more:
                continue
            if has_changes or clock() >= next_checkpoint:
                next_checkpoint = clock() + CHECKPOINT
                yield watch.checkpoint(since)
            await asyncio.sleep(looked_at + max(PAUSE, watch.interval) - clock())
            poll = POLL if self.registry.changes.is_open else POLL_ALONE
            await wait_for(changed, min(poll, next_checkpoint - clock()))


async def _reported(registry: Registry, sweep_id: str, states: Sequence[RunState]) -> list[str]:
    """Return the metric names of the runs' latest attempts, in order of first appearance."""
    names: dict[str, None] = {}
    after = -1
    while True:
        page = await registry.runs.metric_names(sweep_id, states, after, _NAMES_PAGE)
        found = page.items
        await converted(partial(_add_names, names, found), len(found))
        if not page.has_more or len(names) > MAX_METRIC_COLUMNS:
            return list(names)[:MAX_METRIC_COLUMNS]
        after = page.items[-1][0]


def _add_names(names: dict[str, None], found: Iterable[tuple[int, Sequence[str]]]) -> None:
    names.update(dict.fromkeys(chain.from_iterable(reported for _, reported in found)))


def _texts(writer: RunWriter, runs: Iterable[Run]) -> deque[bytes]:
    """Return pieces that fit into a message: as many whole rows as fit, or part of a large row."""
    texts, rows = deque[bytes](), bytearray()
    for run in runs:
        row = writer.rows([run]).encode()
        if rows and len(rows) + len(row) > PAGE_BYTES:
            texts.append(bytes(rows))
            rows.clear()
        rows += row
        if len(rows) > PAGE_BYTES:
            texts += pieces_of(bytes(rows))
            rows.clear()
    if rows:
        texts.append(bytes(rows))
    return texts


def pieces_of(text: bytes) -> Iterator[bytes]:
    """Yield the text in pieces that fit into a message and do not split a character."""
    while len(text) > PAGE_BYTES:
        end = PAGE_BYTES
        while text[end] & 0xC0 == 0x80:
            end -= 1
        yield text[:end]
        text = text[end:]
    yield text
