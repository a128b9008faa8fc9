"""RPCs that read runs: a single run, pages, changes since a revision, metric histories."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from google.protobuf.message import Message

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.computing.off_loop import BYTES_A_ROW, converted
from wanllmdb_common.error_mapping import Context
from wanllmdb_registry.domain.model import Run, RunState
from wanllmdb_registry.domain.reads import Page, PointPosition, RunOrder, RunPosition
from wanllmdb_registry.rpc.base import BaseServicer
from wanllmdb_registry.rpc.conversion import (
    fitting_points,
    histories_to_proto,
    run_to_proto,
)
from wanllmdb_registry.rpc.page_tokens import (
    as_integer,
    as_number,
    as_text,
    encoded,
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


async def _encoded(
    response: Callable[[Sequence[run_pb2.Run]], Message], found: Page[Run]
) -> tuple[int, bytes]:
    """Return how many runs fit into a response, and the response with them, encoded."""

    def encode() -> tuple[int, bytes]:
        page = fitting([run_to_proto(run) for run in found.items])
        return len(page), encoded(response, page)

    return await converted(encode, found.size // BYTES_A_ROW)


class ReadServicer(BaseServicer):
    """RPCs that read runs; the protos state the contract of each RPC.

    Large responses are returned as bytes, see `BaseServicer.commit`.
    """

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
        response = await converted(
            lambda: pb.GetRunResponse(run=run_to_proto(run)), len(run.summary) // 10
        )
        sweep = await self.registry.sweeps.get(sweep_id)
        if sweep.spec.metric is not None:
            attempt = (run.number, run.attempt)
            name = sweep.spec.metric.name
            counts = await self.registry.runs.metric_values(sweep_id, name, [attempt])
            response.run.metric_values = counts[attempt]
        return response

    async def BatchGetRuns(self, request: pb.BatchGetRunsRequest, context: Context) -> bytes:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        numbers = reader.run_numbers("numbers", request.numbers)
        reader.done()
        found = await self.registry.runs.get_many(sweep_id, numbers)
        _, response = await _encoded(lambda runs: pb.BatchGetRunsResponse(runs=runs), found)
        return response

    async def ListRuns(self, request: pb.ListRunsRequest, context: Context) -> bytes:
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
        count, response = await _encoded(lambda runs: pb.ListRunsResponse(runs=runs), found)
        if found.has_more or len(found.items) > count:
            last = found.items[count - 1]
            token = write_token(request, [last.number, last.objective])
            response += pb.ListRunsResponse(next_page_token=token).SerializeToString()
        return response

    async def GetMetricHistory(
        self, request: pb.GetMetricHistoryRequest, context: Context
    ) -> pb.GetMetricHistoryResponse:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        number = reader.run_number(request)
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
