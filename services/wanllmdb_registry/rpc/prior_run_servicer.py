"""RPCs on prior runs, which come from another sweep, a list, CSV or JSON lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.computing.off_loop import BYTES_A_ROW, converted
from wanllmdb_common.error_mapping import Context
from wanllmdb_common.errors import FieldViolation, invalid_request
from wanllmdb_common.search_space.proto_conversion import parameters_from_proto
from wanllmdb_registry.app import Registry
from wanllmdb_registry.domain.bounds import MAX_NAME
from wanllmdb_registry.domain.model import Run, RunState, Sweep, SweepSpec
from wanllmdb_registry.domain.prior_runs import (
    RESULT_STATES,
    Fitter,
    Fitting,
    Imported,
    ImportRuns,
    Row,
    reject_unfit,
    result_state,
)
from wanllmdb_registry.domain.reads import RunOrder, RunPosition
from wanllmdb_registry.domain.run_files.cells import metrics_of
from wanllmdb_registry.domain.run_files.readers import read_csv, read_json_lines
from wanllmdb_registry.rpc.base import BaseServicer, computed, requester
from wanllmdb_registry.rpc.conversion import prior_run_to_proto
from wanllmdb_registry.rpc.page_tokens import as_integer, read_token, write_token
from wanllmdb_registry.rpc.page_tokens import fitting as fitting_messages
from wanllmdb_registry.rpc.request_reader import RequestReader

MAX_LISTED = 10_000
_PAGE = 1_000


class PriorRunServicer(BaseServicer):
    """RPCs on prior runs; the protos state the contract of each RPC."""

    async def ImportRuns(self, request: pb.ImportRunsRequest, context: Context) -> bytes:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        key = reader.key(request)
        reader.done()
        # By now the source may have changed or be deleted.
        earlier = await self.registry.store.earlier_reply(sweep_id, key)
        if earlier is not None:
            return earlier
        sweep = await self.registry.sweeps.get(sweep_id)
        if request.source.sweep_id == sweep_id:
            text = "is the sweep itself, whose runs its sampler already uses"
            raise invalid_request(FieldViolation("source.sweep_id", text))
        found = await fit_source(self.registry, sweep.spec, request.source, "source")
        command = ImportRuns(
            key,
            _encode_imported,
            runs=found.runs,
            skipped=found.skipped,
            skip_reasons=found.skip_reasons,
            requester=requester(),
        )
        return await self.commit(sweep_id, command)

    async def ListPriorRuns(
        self, request: pb.ListPriorRunsRequest, context: Context
    ) -> pb.ListPriorRunsResponse:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        limit = reader.limit("page_size", request.page_size, default=100, maximum=1000)
        reader.done()
        position = read_token(request, request.page_token, (as_integer,))
        after = -1 if position is None else position[0]
        found = await self.registry.runs.list_prior_runs(sweep_id, after, limit)
        page = await converted(
            lambda: fitting_messages([prior_run_to_proto(placed.run) for placed in found.items]),
            found.size // BYTES_A_ROW,
        )
        response = pb.ListPriorRunsResponse(runs=page)
        if found.has_more or len(found.items) > len(page):
            response.next_page_token = write_token(request, [found.items[len(page) - 1].index])
        return response


async def fit_source(
    registry: Registry, spec: SweepSpec, source: pb.PriorRunSource, path: str
) -> Fitting:
    """Return the runs of the source that fit the spec; `path` is the request's field of the source.

    Raises:
        InvalidArgumentError: INVALID_REQUEST: the source is unreadable or too large, or it has
            rows that do not fit although `skip_unfit` is off.
        NotFoundError: SWEEP_NOT_FOUND: the other sweep.
    """
    match source.WhichOneof("source"):
        case "sweep_id":
            reader = RequestReader()
            reader.text(f"{path}.sweep_id", source.sweep_id, required=True)
            reader.done()
            fitting = await _fit_sweep(registry, spec, source.sweep_id, path)
        case "runs":
            if len(source.runs.runs) > MAX_LISTED:
                text = f"has {len(source.runs.runs):,} entries, at most {MAX_LISTED:,} are allowed"
                raise invalid_request(FieldViolation(f"{path}.runs", text))
            fitting = await _fit(spec, lambda: _listed_rows(spec, source.runs.runs), path)
        case "csv":
            fitting = await _fit(spec, lambda: read_csv(spec, source.csv, path), path)
        case "json_lines":
            fitting = await _fit(spec, lambda: read_json_lines(spec, source.json_lines, path), path)
        case _:
            text = "set one of sweep_id, runs, csv or json_lines"
            raise invalid_request(FieldViolation(path, text))
    if not source.skip_unfit:
        reject_unfit(fitting, path)
    return fitting


async def _fit(spec: SweepSpec, rows: Callable[[], Iterator[Row]], path: str) -> Fitting:
    def fit() -> Fitting:
        fitting = Fitting()
        Fitter(spec).fit(rows(), fitting, path)
        return fitting

    # Takes a few seconds for the largest sources.
    return await computed(fit)


async def _fit_sweep(registry: Registry, spec: SweepSpec, sweep_id: str, path: str) -> Fitting:
    other = await registry.sweeps.get(sweep_id)
    fitter, found = Fitter(spec), Fitting()
    names = spec.metric_names
    after: RunPosition | None = None
    while True:
        page = await registry.runs.list(sweep_id, RESULT_STATES, RunOrder.NUMBER_ASC, after, _PAGE)
        await computed(partial(fitter.fit, _rows_of_sweep(other, page.items, names), found, path))
        if not page.has_more:
            return found
        after = RunPosition(page.items[-1].number, None)


def _rows_of_sweep(sweep: Sweep, runs: Iterable[Run], metrics: Sequence[str]) -> Iterator[Row]:
    """Yield the runs of the sweep as results of the given metrics."""
    for run in runs:
        reported = metrics_of(sweep.spec, run)
        yield Row(
            f"sweep_id[{run.number}]",
            f"sweep {sweep.sweep_id} run {run.number}",
            run.parameters,
            reported,
            result_state(run.state, run.error, reported, metrics),
            run.last_step,
        )


def _listed_rows(spec: SweepSpec, messages: Iterable[run_pb2.PriorRun]) -> Iterator[Row]:
    names = [metric.name for metric in spec.metrics]
    for index, message in enumerate(messages):
        problems = []
        try:
            parameters = parameters_from_proto(message.parameters)
        except (ValueError, RecursionError) as error:
            problems.append(f"has a parameter that cannot be read: {error!s:.200}")
            parameters = {}
        given = len(message.objectives)
        if given not in (0, len(names)):
            problems.append(f"has {given} objectives; the sweep has {len(names)} metrics")
        if message.last_step < 0:
            problems.append(f"last_step is {message.last_step}, must be at least 0")
        source = message.source or f"entry {index}"
        if len(source) > MAX_NAME or "\x00" in source:
            problems.append(f"its source has more than {MAX_NAME} characters, or a NUL")
        yield Row(
            f"runs[{index}]",
            source,
            parameters,
            dict(zip(names, message.objectives, strict=False)),
            _state(message.state),
            message.last_step if message.HasField("last_step") else None,
            tuple(problems),
            exact=True,
        )


def _state(number: run_pb2.RunState.ValueType) -> RunState:
    name = run_pb2.RunState.keys()[number] if number in run_pb2.RunState.values() else ""
    # The error for a state that is not a result names the state; an unknown one counts as queued.
    return RunState.__members__.get(name.removeprefix("RUN_STATE_"), RunState.QUEUED)


def _encode_imported(imported: Imported) -> bytes:
    return pb.ImportRunsResponse(
        imported_runs=imported.imported,
        skipped_runs=imported.skipped,
        skip_reasons=imported.skip_reasons,
    ).SerializeToString()
