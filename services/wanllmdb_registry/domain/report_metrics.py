"""`ReportMetrics` stores the values that a run reports, within a run's limit of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from wanllmdb_common.errors import FailedPreconditionError
from wanllmdb_registry.domain.bounds import MAX_METRIC_BYTES, MAX_METRICS, size_of_name
from wanllmdb_registry.domain.command import SingleCommand
from wanllmdb_registry.domain.leases import held_run
from wanllmdb_registry.domain.model import (
    MetricRow,
    Run,
    RunCommand,
    Sweep,
    SweepState,
)
from wanllmdb_registry.domain.unit_of_work import LoadPlan, UnitOfWork


def values_in(rows: Sequence[MetricRow]) -> int:
    """Return the number of values in the rows."""
    return sum(len(row.values) for row in rows)


def names_in(rows: Sequence[MetricRow]) -> frozenset[str]:
    """Return the names of the metrics in the rows."""
    return frozenset().union(*(row.values for row in rows))


def require_room(work: UnitOfWork, run: Run, rows: Sequence[MetricRow]) -> None:
    """Check that the run has room for the new metrics of the rows.

    Raises:
        FailedPreconditionError: TOO_MANY_METRICS.
    """
    new = _new_names(work, run, rows)
    if new and len(_fitting(run, new)) < len(new):
        raise _too_many(run, new)


def without_excess(work: UnitOfWork, run: Run, rows: Sequence[MetricRow]) -> Sequence[MetricRow]:
    """Return the rows without the metrics that the run has no room for."""
    new = _new_names(work, run, rows)
    excess = set(new) - set(_fitting(run, new))
    if not excess:
        return rows
    return [
        row._replace(values={name: v for name, v in row.values.items() if name not in excess})
        for row in rows
    ]


def _new_names(work: UnitOfWork, run: Run, rows: Sequence[MetricRow]) -> list[str]:
    """Return the rows' metrics that are new to the run, without those of its sweep."""
    own = work.sweep.spec.metric_names
    names = dict.fromkeys(chain.from_iterable(row.values for row in rows))
    return [name for name in names if name not in run.summary_steps and name not in own]


def _fitting(run: Run, names: Sequence[str]) -> Sequence[str]:
    """Return the first of the new names, as many as the run has room for."""
    room = MAX_METRICS - run.metrics
    size = run.metric_bytes
    for count, name in enumerate(names):
        size += size_of_name(name)
        if count >= room or size > MAX_METRIC_BYTES:
            return names[:count]
    return names


def _too_many(run: Run, new: Sequence[str]) -> FailedPreconditionError:
    return FailedPreconditionError(
        "TOO_MANY_METRICS",
        f"run {run.number} of sweep '{run.sweep_id}' has {run.metrics:,} metrics with names of "
        f"{run.metric_bytes:,} bytes, and no room for {len(new):,} new ones such as "
        f"'{new[-1]:.100}': a run may have {MAX_METRICS:,} metrics with names of "
        f"{MAX_METRIC_BYTES:,} bytes in all, besides the sweep's own. Nothing of this report was "
        "stored: report metrics that the run has already. Use fewer names for what varies, for "
        "example a layer or a sample, or write it to a file",
        sweep_id=run.sweep_id,
        number=run.number,
        max_metrics=MAX_METRICS,
        max_metric_bytes=MAX_METRIC_BYTES,
    )


@dataclass(frozen=True)
class ReportMetrics(SingleCommand[RunCommand]):
    """Stores values that a run reports; returns the command for its agent."""

    number: int
    attempt: int
    rows: Sequence[MetricRow]

    @cached_property
    def weight(self) -> int:
        return values_in(self.rows)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the metrics that it reports."""
        return names_in(self.rows)

    def load_plan(self, sweep: Sweep) -> LoadPlan:
        return LoadPlan(reports={(self.number, self.attempt): self.names})

    def apply(self, work: UnitOfWork) -> RunCommand:
        run = held_run(work, self.number, self.attempt)
        require_room(work, run, self.rows)
        report_rows(work, run, self.rows)
        return command_for(work.sweep.state, stop_requested=run.stop_requested)


def report_rows(work: UnitOfWork, run: Run, rows: Sequence[MetricRow]) -> None:
    if rows:
        work.touch(run)
        work.report(run, rows)


def command_for(sweep_state: SweepState | None, *, stop_requested: bool) -> RunCommand:
    """Return the command for the agent that holds a run."""
    if stop_requested or sweep_state is SweepState.CANCELED:
        return RunCommand.STOP
    return RunCommand.CONTINUE
