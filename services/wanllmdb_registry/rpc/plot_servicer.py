"""RPCs that return the columns of a plot: the timeline and parallel coordinates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from wanllmdb.api.registry.v1 import plots_pb2
from wanllmdb_common.computing.off_loop import converted
from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.error_mapping import Context
from wanllmdb_common.search_space.distributions import Parameter
from wanllmdb_common.search_space.plot_axes import Scale, axis_of, position_on
from wanllmdb_common.search_space.proto_conversion import value_to_proto
from wanllmdb_registry.domain.bounds import MAX_SPEC_BYTES, PAGE_BYTES
from wanllmdb_registry.domain.model import RunState, Sweep
from wanllmdb_registry.domain.reads import FinishedRun, MetricCurve, Timeline
from wanllmdb_registry.rpc.base import BaseServicer, computed
from wanllmdb_registry.rpc.conversion import run_state, timestamp
from wanllmdb_registry.rpc.request_reader import RequestReader

# Runs of a plot that are read at once.
_PLOT_PAGE = 10_000
# Buckets of all curves of an answer: a bucket takes 33 bytes at most.
MAX_POINTS_TOGETHER = 90_000


class PlotServicer(BaseServicer):
    """RPCs that return plots; the protos state the contract of each RPC."""

    async def GetTimeline(
        self, request: plots_pb2.GetTimelineRequest, context: Context
    ) -> plots_pb2.GetTimelineResponse:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        limit = reader.limit("max_runs", request.max_runs, default=10_000, maximum=100_000)
        reader.done()
        sweep = await self.registry.sweeps.get(sweep_id)
        every = max(1, -(-sweep.next_number // limit))
        while True:
            timeline = await self.registry.plots.timeline(sweep_id, sweep.next_number, every)
            # Takes about a second for the largest sweeps.
            response = await computed(partial(_columns, sweep, timeline))
            # Larger if many agents with long names did one run each.
            if response.ByteSize() <= PAGE_BYTES:
                return response
            every *= 2

    async def GetParallelCoordinates(
        self, request: plots_pb2.GetParallelCoordinatesRequest, context: Context
    ) -> plots_pb2.GetParallelCoordinatesResponse:
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
        plot, after = ParallelPlot(sweep), -1
        while True:
            page = await self.registry.plots.finished(sweep_id, every, after, _PLOT_PAGE)
            await computed(partial(plot.add, page.items))
            if not page.has_more:
                return await computed(partial(plot.message, limit))
            after = page.items[-1].number

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


def _columns(sweep: Sweep, timeline: Timeline) -> plots_pb2.GetTimelineResponse:
    start = sweep.start_time or sweep.create_time
    agents: dict[str, int] = {}
    for run in timeline.runs:
        agents.setdefault(run.agent_id, len(agents))

    states = {state: run_state(state) for state in RunState}

    def seconds(time: datetime | None) -> float:
        return math.nan if time is None else (time - start).total_seconds()

    return plots_pb2.GetTimelineResponse(
        start_time=timestamp(start),
        run_numbers=[run.number for run in timeline.runs],
        states=[states[run.state] for run in timeline.runs],
        start_seconds=[seconds(run.start_time) for run in timeline.runs],
        end_seconds=[seconds(run.end_time) for run in timeline.runs],
        objectives=[math.nan if run.objective is None else run.objective for run in timeline.runs],
        agent_indices=[agents[run.agent_id] for run in timeline.runs],
        agents=list(agents),
        now_seconds=seconds(timeline.now),
        total_runs=timeline.total,
        # The timeline was read later, and may include later changes.
        revision=sweep.revision,
    )


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

    def add(self, finished: Sequence[FinishedRun]) -> None:
        """Add one row per run."""
        self._numbers += [run.number for run in finished]
        for column in with_checkpoints(self._parameters, every=1):
            column.add(finished)
        for index, values in enumerate(self._objectives):
            values += [_objective(run, index) for run in finished]

    def message(self, limit: int) -> plots_pb2.GetParallelCoordinatesResponse:
        """Return the plot; of more than `limit` rows, every k-th row and the best run."""
        sweep = self._sweep
        best = None if sweep.best is None else sweep.best.number
        kept = range(len(self._numbers))
        if len(kept) > limit:
            every = -(-len(kept) // max(1, limit - 1))
            chosen = [row for row in kept if row % every == 0 or self._numbers[row] == best]
        else:
            chosen = list(kept)
        response = plots_pb2.GetParallelCoordinatesResponse(
            dimensions=[
                *(
                    column.dimension(chosen)
                    for column in with_checkpoints(self._parameters, every=1)
                ),
                *(
                    _metric(metric.name, [values[row] for row in chosen])
                    for metric, values in zip(sweep.spec.metrics, self._objectives, strict=True)
                ),
            ],
            run_numbers=[self._numbers[row] for row in chosen],
            total_finished_runs=sweep.counts.finished,
            # The runs were read later, and may include later changes.
            revision=sweep.revision,
        )
        for index, row in enumerate(chosen):
            if self._numbers[row] == best:
                response.best_index = index
        return response


def rows_that_fit(sweep: Sweep, limit: int) -> int:
    """Return `limit`, or fewer rows if a message is too small; a row has a number per dimension."""
    dimensions = len(sweep.spec.space.parameters) + len(sweep.spec.metrics)
    return min(limit, (PAGE_BYTES - MAX_SPEC_BYTES) // (8 * dimensions + 10))


class _Column:
    """The positions of runs on a parameter's axis."""

    def __init__(self, parameter: Parameter) -> None:
        self._parameter = parameter
        self._position = position_on(parameter.distribution)
        self._values: list[float] = []

    def add(self, finished: Sequence[FinishedRun]) -> None:
        name, position = self._parameter.name, self._position
        self._values += [
            position(run.parameters[name]) if name in run.parameters else math.nan
            for run in finished
        ]

    def dimension(self, rows: Sequence[int]) -> plots_pb2.ParallelDimension:
        values = [self._values[row] for row in rows]
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


def _objective(run: FinishedRun, index: int) -> float:
    """Return the value of the metric at `index`; a single-metric run has no list of values."""
    if index < len(run.objectives):
        return run.objectives[index]
    return math.nan if index or run.objective is None else run.objective


def _seen(values: Sequence[float]) -> tuple[float, float] | None:
    finite = [value for value in values if math.isfinite(value)]
    return (min(finite), max(finite)) if finite else None
