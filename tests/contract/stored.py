"""A store, its reads, and changes for tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from wanllmdb_common.search_space.distributions import Parameter, SearchSpace, Uniform
from wanllmdb_registry.domain.assign_runs import CreateRuns, Proposal, RunsForAgent
from wanllmdb_registry.domain.finish_run import FinishRun, GivenObjectives, Succeeded
from wanllmdb_registry.domain.model import (
    AlgorithmChoice,
    Method,
    Metric,
    MetricRow,
    Sweep,
    SweepSpec,
)
from wanllmdb_registry.domain.report_metrics import ReportMetrics
from wanllmdb_registry.domain.unit_of_work import RequestKey
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.run_reads import RunReads
from wanllmdb_registry.store.sweep_reads import SweepReads
from wanllmdb_registry.store.sweep_store import SweepStore
from wanllmdb_registry.store.sync_reads import SyncReads

LEASE = timedelta(seconds=60)


@dataclass(frozen=True)
class Stored:
    """A store and its reads."""

    store: SweepStore
    sweeps: SweepReads
    runs: RunReads
    syncs: SyncReads

    async def sweep(self, run_cap: int | None = None, *metrics: Metric) -> str:
        """Create a sweep and return its id."""
        sweep = new_sweep(run_cap, *metrics)
        await self.store.create_sweep(sweep, None, b"")
        return sweep.sweep_id


def stored_in(database: Database) -> Stored:
    """Return the PostgreSQL store and its reads."""
    return Stored(
        SweepStore(database, LEASE),
        SweepReads(database),
        RunReads(database),
        SyncReads(database),
    )


def new_sweep(run_cap: int | None = None, *metrics: Metric) -> Sweep:
    """Return a sweep that is not stored yet."""
    space = SearchSpace((Parameter("x", Uniform(0.0, 1.0)),))
    spec = SweepSpec(
        Method.RANDOM,
        space,
        AlgorithmChoice("random"),
        metrics or (Metric("loss"),),
        run_cap=run_cap,
        seed=1,
    )
    now = datetime.now(UTC)
    return Sweep(uuid4().hex[:12], "p", "n", "", spec, now, now)


def key(fingerprint: bytes = b"f") -> RequestKey:
    return RequestKey(str(uuid4()), fingerprint)


def create(*numbers: int, request: RequestKey | None = None) -> CreateRuns:
    def encode(created: object, etag: str | None) -> bytes:
        return b"conflict" if etag is None else b"created"

    proposals = [Proposal(number, {"x": 0.5}) for number in numbers]
    return CreateRuns(
        [RunsForAgent(request, "agent", proposals)],
        False,
        "",
        lambda _, runs: ",".join(str(run.number) for run in runs).encode(),
        encode,
    )


def report(number: int, step: int, value: float) -> ReportMetrics:
    rows = [MetricRow(step, {"loss": value})]
    return ReportMetrics(None, lambda c: c.encode(), number=number, attempt=1, rows=rows)


def finish(number: int, objective: float | None, request: RequestKey | None = None) -> FinishRun:
    return FinishRun(
        request,
        lambda finished: str(finished.sweep.revision).encode(),
        number=number,
        attempt=1,
        rows=[],
        outcome=Succeeded(GivenObjectives(objective)),
    )
