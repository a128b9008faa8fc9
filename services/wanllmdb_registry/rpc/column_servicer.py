"""ReadRunColumns, and the columns that requests name."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Sequence
from functools import partial

from wanllmdb.api.registry.v1 import run_columns_pb2, run_pb2
from wanllmdb_common.calls.call import current_call
from wanllmdb_common.computing.off_loop import converted
from wanllmdb_common.error_mapping import Context
from wanllmdb_common.errors import FailedPreconditionError
from wanllmdb_registry.domain.model import RunState, Sweep, SweepSpec
from wanllmdb_registry.domain.run_columns import (
    MAX_COLUMNS,
    FieldColumn,
    LabelColumn,
    ObjectiveColumn,
    ParameterColumn,
    RunBatch,
    RunColumn,
    RunField,
    SummaryColumn,
    default_columns,
)
from wanllmdb_registry.rpc.base import BaseServicer, require_still_good
from wanllmdb_registry.rpc.column_encoder import ColumnEncoder
from wanllmdb_registry.rpc.request_reader import RequestReader
from wanllmdb_registry.store.column_reads import ColumnQuery


class ColumnServicer(BaseServicer):
    """The RPC that returns runs as columns; its proto states its contract."""

    async def ReadRunColumns(
        self, request: run_columns_pb2.ReadRunColumnsRequest, context: Context
    ) -> AsyncIterator[run_columns_pb2.ReadRunColumnsResponse | bytes]:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        since = reader.number("since_revision", request.since_revision)
        database_id = reader.text("database_id", request.database_id)
        states = reader.members("states", request.states, run_pb2.RunState, RunState)
        require_few(reader, request.columns)
        reader.done()
        head = await self.registry.columns.head(sweep_id)
        sweep = head.sweep
        require_known(sweep, head.database_id, since, database_id)
        columns = read_columns(reader, request.columns, sweep.spec)
        encoder = ColumnEncoder(columns, sweep.spec)
        query = ColumnQuery(columns, len(sweep.spec.metrics), states, since)
        response = run_columns_pb2.ReadRunColumnsResponse
        count = sum(sweep.counts.of(state) for state in set(states or RunState))
        yield response(schema=encoder.schema(count))
        after = -1
        while True:
            # A slow reader may take hours, so the key may become invalid.
            await require_still_good(self.registry)
            async with current_call().heavy_turn():
                batch = await self.registry.columns.page(sweep_id, query, after, encoder.rows)
                if batch is None:
                    break
                after = batch.numbers[-1]
                chunks = await converted(partial(_chunks, encoder, batch), len(batch.numbers))
            # Drop what is sent, so that a slow reader keeps only the unsent chunks in memory.
            del batch
            while chunks:
                yield chunks.popleft()
        # A deleted sweep has no runs: the rows so far are not all. Nor do they belong together if
        # another database took over meanwhile.
        last = await self.registry.columns.head(sweep_id)
        require_known(last.sweep, last.database_id, sweep.revision, head.database_id)
        # The rows were read after this revision was, so they include every change up to it.
        yield response(
            end=run_columns_pb2.RunColumnsEnd(revision=sweep.revision, database_id=head.database_id)
        )


def _chunks(encoder: ColumnEncoder, batch: RunBatch) -> deque[bytes]:
    """Return the messages of a batch, encoded, which would keep the event loop."""
    response = run_columns_pb2.ReadRunColumnsResponse
    return deque(response(chunk=chunk).SerializeToString() for _, chunk in encoder.chunks(batch))


def require_known(sweep: Sweep, database_id: str, since: int, expected_id: str) -> None:
    """Check that a caller's revision is one of this database's history of the sweep.

    Raises:
        FailedPreconditionError: REVISION_UNKNOWN.
    """
    if expected_id and expected_id != database_id:
        what = "is from another database than the one that answers"
    elif since > sweep.revision:
        what = f"is ahead of the sweep, which is at revision {sweep.revision}"
    else:
        return
    raise FailedPreconditionError(
        "REVISION_UNKNOWN",
        f"revision {since} of sweep '{sweep.sweep_id}' {what}: a backup was restored, or a standby "
        "took over. Discard what was read, and begin again from revision 0",
        sweep_id=sweep.sweep_id,
        database_id=database_id,
        revision=sweep.revision,
    )


def require_few(reader: RequestReader, keys: Sequence[run_columns_pb2.RunColumnKey]) -> None:
    """Report a problem if a request names more columns than an answer may have."""
    if len(keys) > MAX_COLUMNS:
        reader.problem("columns", f"has {len(keys):,} entries, at most {MAX_COLUMNS:,} are allowed")


def read_columns(
    reader: RequestReader, keys: Sequence[run_columns_pb2.RunColumnKey], spec: SweepSpec
) -> list[RunColumn]:
    """Return the columns that a request names, or the default ones.

    Raises:
        InvalidArgumentError: INVALID_REQUEST with every problem.
    """
    if not keys:
        return default_columns(spec)
    parameters = {parameter.name for parameter in spec.space.parameters}
    metrics = {metric.name: index for index, metric in enumerate(spec.metrics)}
    columns: list[RunColumn] = []
    for index, key in enumerate(keys):
        at = f"columns[{index}]"
        match key.WhichOneof("key"):
            case "parameter" if key.parameter in parameters:
                columns.append(ParameterColumn(key.parameter))
            case "parameter":
                text = f"is '{key.parameter:.100}': the search space has no such parameter"
                reader.problem(f"{at}.parameter", text)
            case "objective" if key.objective in metrics:
                columns.append(ObjectiveColumn(metrics[key.objective]))
            case "objective":
                text = (
                    f"is '{key.objective:.100}': the sweep optimizes no such metric; name a "
                    "metric that runs only report as `summary`"
                )
                reader.problem(f"{at}.objective", text)
            case "summary":
                columns.append(SummaryColumn(reader.text(f"{at}.summary", key.summary)))
            case "label":
                columns.append(LabelColumn(reader.text(f"{at}.label", key.label)))
            case "field" if key.field in _FIELDS:
                columns.append(FieldColumn(_FIELDS[key.field]))
            case "field":
                names = ", ".join(run_columns_pb2.RunField.keys()[1:])
                reader.problem(f"{at}.field", f"is not one of {names}")
            case _:
                text = "is empty: set one of parameter, objective, summary, label or field"
                reader.problem(at, text)
    reader.done()
    return columns


_FIELDS = {run_columns_pb2.RunField.Value(f"RUN_FIELD_{field}"): field for field in RunField}
