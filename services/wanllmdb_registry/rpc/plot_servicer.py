"""RPCs that return the columns of a plot: the timeline and parallel coordinates."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from wanllmdb.api.registry.v1 import plots_pb2
from wanllmdb_common.computing.off_loop import converted
from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.error_mapping import Context
from wanllmdb_common.search_space.distributions import Parameter
from wanllmdb_common.search_space.plot_axes import Scale, axis_of, positions_on
from wanllmdb_common.search_space.proto_conversion import value_to_proto
from wanllmdb_registry.domain.bounds import MAX_SPEC_BYTES, PAGE_BYTES
from wanllmdb_registry.domain.model import Parameters, RunState, Sweep
from wanllmdb_registry.domain.reads import FinishedColumns, MetricCurve, Timeline
from wanllmdb_registry.rpc.base import BaseServicer, computed
from wanllmdb_registry.rpc.conversion import run_state, timestamp
from wanllmdb_registry.rpc.request_reader import RequestReader

T = TypeVar("T")

# Runs of a plot that are read at once: more than a plot has, unless they are large.
_PLOT_PAGE = 12_000
# Rows of a message that are written without a checkpoint.
_ROWS_AT_ONCE = 5_000
# Buckets of all curves of an answer: a bucket takes 33 bytes at most.
MAX_POINTS_TOGETHER = 90_000


class PlotServicer(BaseServicer):
    """RPCs that return plots; the protos state the contract of each RPC.

    Large responses are returned as bytes, see `BaseServicer.commit`.
    """

    async def GetTimeline(self, request: plots_pb2.GetTimelineRequest, context: Context) -> bytes:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        limit = reader.limit("max_runs", request.max_runs, default=10_000, maximum=100_000)
        reader.done()
        sweep = await self.registry.sweeps.get(sweep_id)
        every = max(1, -(-sweep.next_number // limit))
        start = sweep.start_time or sweep.create_time
        while True:
            timeline = await self.registry.plots.timeline(sweep_id, start, sweep.next_number, every)
            response = await computed(partial(_timeline, sweep, start, timeline))
            # Larger if many agents with long names did one run each.
            if len(response) <= PAGE_BYTES:
                return response
            every *= 2

    async def GetParallelCoordinates(
        self, request: plots_pb2.GetParallelCoordinatesRequest, context: Context
    ) -> bytes:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        limit = reader.limit("max_rows", request.max_rows, default=1000, maximum=10_000)
        reader.done()
        sweep = await self.registry.sweeps.get(sweep_id)
        limit = rows_that_fit(sweep, limit)
        # Finished runs are spread evenly enough over the numbers to choose the stride by their
        # count; `message` cuts any rest.
        over = sweep.counts.finished > limit
        every = -(-sweep.counts.finished // max(1, limit - 1)) if over else 1
        plot, after, metrics = ParallelPlot(sweep), -1, len(sweep.spec.metrics)
        while True:
            page = await self.registry.plots.finished(sweep_id, metrics, every, after, _PLOT_PAGE)
            if not page.has_more:
                return await computed(partial(_parallel_coordinates, plot, limit, page))
            await computed(partial(plot.add, page))
            after = page.numbers[-1]

    async def GetMetricHistories(
        self, request: plots_pb2.GetMetricHistoriesRequest, context: Context
    ) -> plots_pb2.GetMetricHistoriesResponse:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        numbers = reader.run_numbers("numbers", request.numbers)
        name = reader.text("name", request.name, required=True)
        most = reader.limit("max_points", request.max_points, default=100, maximum=10_000)
        reader.done()
        most = min(most, MAX_POINTS_TOGETHER // len(numbers))
        # Read before the values, which then include every change up to it.
        revision = await self.registry.curves.revision(sweep_id)
        curves = await self.registry.curves.curves(sweep_id, numbers, name, most)
        found = [curves[number] for number in numbers if number in curves]
        return await converted(
            lambda: plots_pb2.GetMetricHistoriesResponse(
                curves=map(_curve, found), revision=revision
            ),
            # A thousand numbers take as long as a row.
            sum(len(curve.steps) for curve in found) // 250,
        )


def _curve(curve: MetricCurve) -> plots_pb2.MetricCurve:
    return plots_pb2.MetricCurve(
        number=curve.number,
        attempt=curve.attempt,
        steps=curve.steps,
        values=curve.values,
        min_values=curve.min_values,
        max_values=curve.max_values,
        point_count=curve.points,
    )


def _timeline(sweep: Sweep, start: datetime, timeline: Timeline) -> bytes:
    """Return the response, encoded."""
    agents = {agent: index for index, agent in enumerate(dict.fromkeys(timeline.agent_ids))}
    states = {state.value: run_state(state) for state in RunState}
    response = plots_pb2.GetTimelineResponse(
        start_time=timestamp(start),
        agents=agents,
        now_seconds=timeline.now_seconds,
        total_runs=timeline.total,
        # The timeline was read later, and may include later changes.
        revision=sweep.revision,
    )
    for first in with_checkpoints(range(0, len(timeline.numbers), _ROWS_AT_ONCE), every=1):
        rows = slice(first, first + _ROWS_AT_ONCE)
        response.run_numbers.extend(timeline.numbers[rows])
        response.states.extend([states[name] for name in timeline.states[rows]])
        response.start_seconds.extend(timeline.start_seconds[rows])
        response.end_seconds.extend(timeline.end_seconds[rows])
        response.objectives.extend(timeline.objectives[rows])
        response.agent_indices.extend([agents[agent] for agent in timeline.agent_ids[rows]])
    return response.SerializeToString()


_SCALES = {
    Scale.LINEAR: plots_pb2.AXIS_SCALE_LINEAR,
    Scale.LOG: plots_pb2.AXIS_SCALE_LOG,
    Scale.CATEGORY: plots_pb2.AXIS_SCALE_CATEGORY,
}


class ParallelPlot:
    """The plot's columns, built from pages of runs."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._numbers: list[int] = []
        self._parameters = [_Column(p) for p in sweep.spec.space.parameters]
        self._objectives: list[list[float]] = [[] for _ in sweep.spec.metrics]

    def add(self, finished: FinishedColumns) -> None:
        """Add one row per run."""
        self._numbers += finished.numbers
        for column in with_checkpoints(self._parameters, every=1):
            column.add(finished.parameters)
        for values, added in zip(self._objectives, finished.objectives, strict=True):
            values += added

    def message(
        self, limit: int, last: FinishedColumns
    ) -> plots_pb2.GetParallelCoordinatesResponse:
        """Return the plot with the last runs added.

        Of more than `limit` rows, it has every k-th row and the best run.
        """
        self.add(last)
        sweep = self._sweep
        best = None if sweep.best is None else sweep.best.number
        best_row = None if best is None else self._row_of(best)
        rows = len(self._numbers)
        every = 1 if rows <= limit else -(-rows // max(1, limit - 1))
        chosen: Sequence[int] = range(0, rows, every)
        if best_row is not None and best_row % every:
            chosen = sorted([*chosen, best_row])
        return plots_pb2.GetParallelCoordinatesResponse(
            dimensions=[
                *(
                    column.dimension(chosen)
                    for column in with_checkpoints(self._parameters, every=1)
                ),
                *(
                    _metric(metric.name, _at(values, chosen))
                    for metric, values in zip(sweep.spec.metrics, self._objectives, strict=True)
                ),
            ],
            run_numbers=_at(self._numbers, chosen),
            best_index=None if best_row is None else chosen.index(best_row),
            total_finished_runs=sweep.counts.finished,
            # The runs were read later, and may include later changes.
            revision=sweep.revision,
        )

    def _row_of(self, number: int) -> int | None:
        row = bisect_left(self._numbers, number)
        return row if self._numbers[row : row + 1] == [number] else None


def _parallel_coordinates(plot: ParallelPlot, limit: int, last: FinishedColumns) -> bytes:
    """Return the response, encoded."""
    return plot.message(limit, last).SerializeToString()


def rows_that_fit(sweep: Sweep, limit: int) -> int:
    """Return `limit`, or fewer rows if a message is too small; a row has a number per dimension."""
    dimensions = len(sweep.spec.space.parameters) + len(sweep.spec.metrics)
    return min(limit, (PAGE_BYTES - MAX_SPEC_BYTES) // (8 * dimensions + 10))


class _Column:
    """The positions of runs on a parameter's axis."""

    def __init__(self, parameter: Parameter) -> None:
        self._parameter = parameter
        self._positions = positions_on(parameter.distribution)
        self._values: list[float] = []

    def add(self, parameters: Sequence[Parameters]) -> None:
        name, missing = self._parameter.name, math.nan
        self._values += self._positions([of_run.get(name, missing) for of_run in parameters])

    def dimension(self, rows: Sequence[int]) -> plots_pb2.ParallelDimension:
        values = _at(self._values, rows)
        axis = axis_of(self._parameter.distribution, _seen(values))
        return plots_pb2.ParallelDimension(
            name=self._parameter.name,
            kind=plots_pb2.AXIS_KIND_PARAMETER,
            scale=_SCALES[axis.scale],
            min=axis.min,
            max=axis.max,
            categories=map(value_to_proto, axis.categories),
            values=values,
        )


def _metric(name: str, values: Sequence[float]) -> plots_pb2.ParallelDimension:
    low, high = _seen(values) or (0.0, 0.0)
    return plots_pb2.ParallelDimension(
        name=name,
        kind=plots_pb2.AXIS_KIND_METRIC,
        scale=plots_pb2.AXIS_SCALE_LINEAR,
        min=low,
        max=high,
        values=values,
    )


def _at(values: Sequence[T], rows: Sequence[int]) -> Sequence[T]:
    """Return the values of these rows, which ascend."""
    return values if len(rows) == len(values) else [values[row] for row in rows]


def _seen(values: Sequence[float]) -> tuple[float, float] | None:
    finite = [value for value in values if math.isfinite(value)]
    return (min(finite), max(finite)) if finite else None
