"""The RPC that streams the runs of a sweep as text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.calls.call import current_call
from wanllmdb_common.error_mapping import Context
from wanllmdb_registry.app import Registry
from wanllmdb_registry.domain.exchange.export import CsvWriter, JsonLinesWriter, RunWriter
from wanllmdb_registry.domain.model import Run, RunState
from wanllmdb_registry.domain.reads import RunOrder, RunPosition
from wanllmdb_registry.servicer.access import require_still_good
from wanllmdb_registry.servicer.base import ServicerPart
from wanllmdb_registry.servicer.computing import computed
from wanllmdb_registry.servicer.page_tokens import PAGE_BYTES
from wanllmdb_registry.servicer.requests import RequestReader

_PAGE = 500
_SUMMARY_PAGE = 5_000
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
            yield pb.ExportRunsResponse(text=writer.header().encode())
        after: RunPosition | None = None
        while True:
            # A slow reader may take hours.
            await require_still_good(self.registry)
            async with current_call().heavy_turn():
                page = await self.registry.runs.list(
                    sweep_id, states, RunOrder.NUMBER_ASC, after, _PAGE
                )

                def pieces(page: Sequence[Run] = page) -> list[bytes]:
                    return list(_pieces(writer, page))

                texts = await computed(pieces)
            for text in texts:
                yield pb.ExportRunsResponse(text=text)
            if len(page) < _PAGE:
                return
            after = RunPosition(page[-1].number, None)


async def _reported(registry: Registry, sweep_id: str, states: Sequence[RunState]) -> list[str]:
    """The names of metrics that runs reported last, in the order in which they turn up."""
    names: dict[str, None] = {}
    after = -1
    while True:
        page = await registry.runs.summaries(sweep_id, states, after, _SUMMARY_PAGE)
        for _, summary in page:
            names.update(dict.fromkeys(summary))
        if len(page) < _SUMMARY_PAGE or len(names) > MAX_METRIC_COLUMNS:
            return list(names)[:MAX_METRIC_COLUMNS]
        after = page[-1][0]


def _pieces(writer: RunWriter, runs: Sequence[Run]) -> Iterator[bytes]:
    """The rows in pieces that fit into a message; a single row is one, whatever its size."""
    text = writer.rows(runs).encode()
    if len(text) > PAGE_BYTES and len(runs) > 1:
        half = len(runs) // 2
        yield from _pieces(writer, runs[:half])
        yield from _pieces(writer, runs[half:])
    elif text:
        yield text
