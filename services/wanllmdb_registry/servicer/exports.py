"""The RPC that streams the runs of a sweep as text."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from functools import partial

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.calls.call import current_call
from wanllmdb_common.error_mapping import Context
from wanllmdb_registry.app import Registry
from wanllmdb_registry.domain.bounds import PAGE_BYTES, STREAM_BYTES
from wanllmdb_registry.domain.model import Run, RunState
from wanllmdb_registry.domain.reads import RunOrder, RunPosition
from wanllmdb_registry.domain.run_files.writers import CsvWriter, JsonLinesWriter, RunWriter
from wanllmdb_registry.servicer.access import require_still_good
from wanllmdb_registry.servicer.base import ServicerPart
from wanllmdb_registry.servicer.computing import computed
from wanllmdb_registry.servicer.requests import RequestReader

_PAGE = 500
_NAMES_PAGE = 5_000
# Of CSV; what more metrics were reported is in JSON lines.
MAX_METRIC_COLUMNS = 2_000


class ExportsPart(ServicerPart):
    """See the protos for the RPC's contract."""

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
                yield pb.ExportRunsResponse(text=text)
        after: RunPosition | None = None
        while True:
            # A slow reader may take hours.
            await require_still_good(self.registry)
            async with current_call().heavy_turn():
                page = await self.registry.runs.list(
                    sweep_id, states, RunOrder.NUMBER_ASC, after, _PAGE, STREAM_BYTES
                )
                texts = await computed(partial(_texts, writer, page.items))
            has_more = page.has_more
            if has_more:
                after = RunPosition(page.items[-1].number, None)
            # It takes them one by one, and then only what it has not taken yet is kept.
            del page
            while texts:
                yield pb.ExportRunsResponse(text=texts.popleft())
            if not has_more:
                return


async def _reported(registry: Registry, sweep_id: str, states: Sequence[RunState]) -> list[str]:
    """The names of metrics that runs reported last, in the order in which they turn up."""
    names: dict[str, None] = {}
    after = -1
    while True:
        page = await registry.runs.metric_names(sweep_id, states, after, _NAMES_PAGE)
        for _, reported in page.items:
            names.update(dict.fromkeys(reported))
        if not page.has_more or len(names) > MAX_METRIC_COLUMNS:
            return list(names)[:MAX_METRIC_COLUMNS]
        after = page.items[-1][0]


def _texts(writer: RunWriter, runs: Iterable[Run]) -> deque[bytes]:
    """The rows in pieces that fit into a message: as many rows as do, or part of a larger one."""
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
    """The text in pieces that fit into a message; none ends within a character."""
    while len(text) > PAGE_BYTES:
        end = PAGE_BYTES
        while text[end] & 0xC0 == 0x80:
            end -= 1
        yield text[:end]
        text = text[end:]
    yield text
