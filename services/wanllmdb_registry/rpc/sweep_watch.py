"""The messages of one WatchSweep: runs, or chunks of columns, and the sweep."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import groupby

from wanllmdb.api.registry.v1 import watch_pb2
from wanllmdb_common.errors import FailedPreconditionError
from wanllmdb_registry.domain.model import Run, RunState, Sweep, SweepSpec
from wanllmdb_registry.domain.reads import SyncedRuns
from wanllmdb_registry.domain.run_columns import RunColumn, batch_of
from wanllmdb_registry.rpc.column_encoder import ColumnEncoder
from wanllmdb_registry.rpc.conversion import run_to_proto, sweep_to_proto

Response = watch_pb2.WatchSweepResponse


class WatchedColumns:
    """The columns as which a watch sends runs."""

    def __init__(self, columns: Sequence[RunColumn], spec: SweepSpec) -> None:
        self._columns = columns
        self._metrics = len(spec.metrics)
        self.encoder = ColumnEncoder(columns, spec)

    def chunks(self, synced: SyncedRuns[Run]) -> Iterator[Response]:
        """Yield the runs that changed, in the order of their revisions."""
        # A stream that is cut after the sweep's message continues from the sweep's revision, so no
        # chunk may have runs from before and after it.
        own = math.inf if synced.sweep is None else synced.sweep.own_revision
        for _, group in groupby(synced.runs, lambda run: run.revision < own):
            runs = list(group)
            for begin in range(0, len(runs), self.encoder.rows):
                part = runs[begin : begin + self.encoder.rows]
                batch = batch_of(part, self._columns, self._metrics)
                for last, chunk in self.encoder.chunks(batch):
                    yield Response(revision=part[last].revision, chunk=chunk)


class Watch:
    """One watch: what it sends of changes, and the database that they are from.

    Attributes:
        sweep_id: The sweep.
        interval: The minimum seconds between two batches of changes.
        with_runs: Whether it sends runs.
        columns: The columns as which it sends runs; None for whole runs.
    """

    def __init__(
        self, sweep_id: str, database_id: str, interval: float, *, with_runs: bool
    ) -> None:
        self.sweep_id = sweep_id
        self.interval = interval
        self.with_runs = with_runs
        self.columns: WatchedColumns | None = None
        self._database_id = database_id

    def schema(self, since: int, sweep: Sweep) -> Response:
        """Return the first message of a watch with columns."""
        assert self.columns is not None
        schema = self.columns.encoder.schema(sum(sweep.counts.of(state) for state in RunState))
        return self._signed(Response(revision=since, schema=schema))

    def of_runs(self, synced: SyncedRuns[Run]) -> deque[Response]:
        """Return the changes, ordered by revision."""
        sweep = synced.sweep
        if self.columns is None:
            messages = [
                Response(revision=run.revision, run=run_to_proto(run)) for run in synced.runs
            ]
        else:
            messages = list(self.columns.chunks(synced))
        # The sweep is read after the runs and may be ahead of them; then it is sent with a later
        # page.
        if sweep is not None and sweep.own_revision <= synced.revision:
            messages.append(Response(revision=sweep.own_revision, sweep=sweep_to_proto(sweep)))
        return deque(self._signed(m) for m in sorted(messages, key=lambda m: m.revision))

    def of_sweep(self, sweep: Sweep, since: int) -> Iterator[Response]:
        """Yield the sweep with its statistics if it or one of its runs changed."""
        if sweep.revision > since:
            yield self._signed(Response(revision=sweep.revision, sweep=sweep_to_proto(sweep)))

    def checkpoint(self, revision: int) -> Response:
        """Return the message that the watch is current."""
        return self._signed(Response(revision=revision, checkpoint=watch_pb2.WatchCheckpoint()))

    def require_same(self, database_id: str, revision: int) -> None:
        """Check that the database is still the one that the watch began with.

        Raises:
            FailedPreconditionError: REVISION_UNKNOWN.
        """
        if database_id != self._database_id:
            raise FailedPreconditionError(
                "REVISION_UNKNOWN",
                f"another database answers for sweep '{self.sweep_id}' than before: a backup was "
                "restored, or a standby took over. Discard what was read, and begin again from "
                "revision 0",
                sweep_id=self.sweep_id,
                database_id=database_id,
                revision=revision,
            )

    def _signed(self, message: Response) -> Response:
        message.database_id = self._database_id
        return message
