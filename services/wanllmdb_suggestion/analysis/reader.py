"""Brings the runs that an answer rests on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakKeyDictionary

from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb_suggestion.analysis.subject import chosen_metric
from wanllmdb_suggestion.analysis.timelines import Timeline, TimelineReader
from wanllmdb_suggestion.convert import spec_from_proto
from wanllmdb_suggestion.optimizer.model import SweepModel
from wanllmdb_suggestion.optimizer.statistics.finished_runs import FinishedRuns, RunTable
from wanllmdb_suggestion.optimizer.types import Metric
from wanllmdb_suggestion.registry_client import CallScope, RegistryClient
from wanllmdb_suggestion.requests import Problems
from wanllmdb_suggestion.sweep_cache import SweepCache

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
    """Reads sweeps; what it returns no longer depends on their models."""

    def __init__(self, registry: RegistryClient, sweeps: SweepCache) -> None:
        self._registry = registry
        self._sweeps = sweeps
        self._timelines = TimelineReader(registry)
        # With the models, so that they are forgotten together.
        self._tables: WeakKeyDictionary[SweepModel, RunTable] = WeakKeyDictionary()

    async def finished(self, sweep_id: str, scope: CallScope) -> FinishedRuns:
        """Every run that was finished before the call."""
        async with (
            self._sweeps.using(sweep_id, scope) as sweep,
            sweep.keeper.fresh_model(scope) as model,
        ):
            table = self._tables.get(model)
            if table is None or not table.fits(model.spec):
                table = self._tables[model] = RunTable(model.spec)
            kept = table
            return await sweep.keeper.off_loop(lambda: kept.update(model.runs))

    async def finished_of_each(
        self, sweep_ids: Sequence[str], scope: CallScope
    ) -> list[FinishedRuns]:
        """`finished` of several sweeps, in their order."""
        return await _some_at_once(lambda sweep_id: self.finished(sweep_id, scope), sweep_ids)

    async def timelines(self, sweeps: Sequence[MeasuredSweep], scope: CallScope) -> list[Timeline]:
        """When the runs of several sweeps ended, in the sweeps' order."""
        return await _some_at_once(
            lambda measured: self._timelines.timeline(measured.sweep, scope), sweeps
        )

    async def measured(
        self, sweep_ids: Sequence[str], metric: str, scope: CallScope
    ) -> list[MeasuredSweep]:
        """Several sweeps and their metrics: the one of that name, or each one's only one.

        Raises:
            ServiceError: a sweep is not there or lacks the metric, or the goals differ.
        """
        sweeps = await _some_at_once(
            lambda sweep_id: self._registry.get_sweep(sweep_id, scope), sweep_ids
        )
        problems = Problems()
        chosen = [
            chosen_metric(sweep.sweep_id, spec_from_proto(sweep.spec).metrics, metric, problems)
            for sweep in sweeps
        ]
        problems.raise_any()
        found = [
            MeasuredSweep(sweep, own)
            for sweep, own in zip(sweeps, chosen, strict=True)
            if own is not None
        ]
        for place, other in enumerate(found):
            if other.metric.minimize != found[0].metric.minimize:
                problems.add(
                    f"sweep_ids[{place}]",
                    f"sweep '{other.sweep.sweep_id}' is to {_goal_text(other.metric)}, sweep "
                    f"'{found[0].sweep.sweep_id}' is to {_goal_text(found[0].metric)}: "
                    "their objectives can't be compared",
                )
        problems.raise_any()
        return found


def _goal_text(metric: Metric) -> str:
    return f"{'minimize' if metric.minimize else 'maximize'} {metric.name}"


async def _some_at_once(read: Callable[[S], Awaitable[T]], sweeps: Sequence[S]) -> list[T]:
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(sweep: S) -> T:
        async with turns:
            return await read(sweep)

    return list(await asyncio.gather(*map(one, sweeps)))
