"""Reads the finished runs, metrics and timelines that analyses are computed from."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from wanllmdb.api.registry.v1 import plots_pb2, sweep_pb2
from wanllmdb_suggestion.analysis.requests import chosen_metric
from wanllmdb_suggestion.errors import Violations
from wanllmdb_suggestion.optimizer.model import SweepModel
from wanllmdb_suggestion.optimizer.statistics.finished_runs import FinishedRuns, RunTable
from wanllmdb_suggestion.optimizer.statistics.objective_curves import Ends
from wanllmdb_suggestion.optimizer.types import Metric
from wanllmdb_suggestion.registry.client import CallScope, RegistryClient
from wanllmdb_suggestion.registry.conversion import spec_from_proto
from wanllmdb_suggestion.suggest.cache import SweepCache

S = TypeVar("S")
T = TypeVar("T")

# Sweeps of one request that are read at the same time.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class MeasuredSweep:
    """A sweep and the metric that a request about several sweeps asks for."""

    sweep: sweep_pb2.Sweep
    metric: Metric


class SweepReader:
    """Reads sweeps. Its results stay valid when the sweeps' models change."""

    def __init__(self, registry: RegistryClient, sweeps: SweepCache) -> None:
        self._registry = registry
        self._sweeps = sweeps
        self._timelines = TimelineReader(registry)
        # Weak keys, so that a table is dropped together with its model.
        self._tables: WeakKeyDictionary[SweepModel, RunTable] = WeakKeyDictionary()
        # The runs of each table at the revision at which they were last asked for.
        self._runs: WeakKeyDictionary[RunTable, FinishedRuns] = WeakKeyDictionary()

    async def finished(self, sweep_id: str, scope: CallScope) -> FinishedRuns:
        """Return every run that had finished before the call."""
        async with (
            self._sweeps.using(sweep_id, scope) as sweep,
            sweep.session.fresh_model(scope) as model,
        ):
            table = self._tables.get(model)
            if table is None or not table.fits(model.spec):
                table = self._tables[model] = RunTable(model.spec)
            kept, revision = table, model.revision
            known = self._runs.get(table)
            if known is None or known.revision != revision:
                runs = await sweep.session.off_loop(lambda: kept.update(model.runs))
                known = self._runs[table] = replace(runs, revision=revision)
            return known

    async def finished_of_each(
        self, sweep_ids: Sequence[str], scope: CallScope
    ) -> list[FinishedRuns]:
        """Return the finished runs of each sweep, in the order of the ids."""
        return await _some_at_once(lambda sweep_id: self.finished(sweep_id, scope), sweep_ids)

    async def timelines(self, sweeps: Sequence[MeasuredSweep], scope: CallScope) -> list[Timeline]:
        """Return the timelines of several sweeps, in the order of the sweeps."""
        return await _some_at_once(
            lambda measured: self._timelines.timeline(measured.sweep, scope), sweeps
        )

    async def measured(
        self, sweep_ids: Sequence[str], metric: str, scope: CallScope
    ) -> list[MeasuredSweep]:
        """Return several sweeps, each with the metric of that name, or its only metric if empty.

        Raises:
            ServiceError: a sweep does not exist or lacks the metric, or the goals differ.
        """
        sweeps = await _some_at_once(
            lambda sweep_id: self._registry.get_sweep(sweep_id, scope), sweep_ids
        )
        violations = Violations()
        chosen = [
            chosen_metric(sweep.sweep_id, spec_from_proto(sweep.spec).metrics, metric, violations)
            for sweep in sweeps
        ]
        violations.raise_any()
        found = [
            MeasuredSweep(sweep, own)
            for sweep, own in zip(sweeps, chosen, strict=True)
            if own is not None
        ]
        for index, other in enumerate(found):
            if other.metric.minimize != found[0].metric.minimize:
                violations.add(
                    f"sweep_ids[{index}]",
                    f"sweep '{other.sweep.sweep_id}' has goal {_goal_text(other.metric)}, sweep "
                    f"'{found[0].sweep.sweep_id}' {_goal_text(found[0].metric)}: their "
                    "objectives can't be compared",
                )
        violations.raise_any()
        return found


def _goal_text(metric: Metric) -> str:
    return f"{'minimize' if metric.minimize else 'maximize'} {metric.name}"


async def _some_at_once(read: Callable[[S], Awaitable[T]], sweeps: Sequence[S]) -> list[T]:
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(sweep: S) -> T:
        async with turns:
            return await read(sweep)

    return list(await asyncio.gather(*map(one, sweeps)))


# The most timelines kept: more than one comparison can have.
_KEPT = 100


@dataclass(frozen=True, slots=True)
class Timeline:
    """When the runs of a sweep ended, and the seconds from its start to its end or until now."""

    ends: Ends
    duration: float


@dataclass(frozen=True, slots=True)
class _Known:
    revision: int
    ends: Ends
    # The sweep's start by the clock of this process.
    started_at: float


class TimelineReader:
    """Reads timelines from the registry, and caches them until their sweeps change."""

    def __init__(self, registry: RegistryClient) -> None:
        self._registry = registry
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def timeline(self, sweep: sweep_pb2.Sweep, scope: CallScope) -> Timeline:
        """Return the timeline of a sweep that was just read."""
        known = self._known.get(sweep.sweep_id)
        if known is None or known.revision != sweep.revision:
            response = await self._registry.get_timeline(sweep.sweep_id, scope)
            # The timeline may be newer than the revision, and is then read once more than needed.
            known = _Known(sweep.revision, _ends(response), time.monotonic() - response.now_seconds)
            self._known[sweep.sweep_id] = known
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(sweep.sweep_id)
        return Timeline(known.ends, _duration(sweep, time.monotonic() - known.started_at))


def _ends(timeline: plots_pb2.GetTimelineResponse) -> Ends:
    numbers = np.array(timeline.run_numbers, dtype=np.int64)
    seconds = np.array(timeline.end_seconds, dtype=np.float64)
    ended = ~np.isnan(seconds)
    each_stands_for = max(1.0, timeline.total_runs / max(len(numbers), 1))
    return Ends(numbers[ended], seconds[ended], each_stands_for)


def _duration(sweep: sweep_pb2.Sweep, until_now: float) -> float:
    if not sweep.HasField("start_time"):
        return 0.0
    if not sweep.HasField("end_time"):
        return until_now
    return (sweep.end_time.ToNanoseconds() - sweep.start_time.ToNanoseconds()) / 1e9
