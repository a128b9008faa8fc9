"""Columns for a parallel-coordinates plot."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.search_space.axes import Scale, axis_of, position_on
from wanllmdb_common.search_space.convert import value_to_proto
from wanllmdb_common.search_space.distributions import Parameter
from wanllmdb_common.turns import with_checkpoints
from wanllmdb_registry.domain.model import Sweep
from wanllmdb_registry.domain.reads import FinishedRun

_SCALES = {
    Scale.LINEAR: pb.AXIS_SCALE_LINEAR,
    Scale.LOG: pb.AXIS_SCALE_LOG,
    Scale.CATEGORY: pb.AXIS_SCALE_CATEGORY,
}


def parallel_coordinates(
    sweep: Sweep, finished: Sequence[FinishedRun], limit: int
) -> pb.GetParallelCoordinatesResponse:
    """The plot's columns; of more rows than `limit`, every k-th and the best one."""
    best = None if sweep.best is None else sweep.best.number
    if len(finished) > limit:
        every = -(-len(finished) // max(1, limit - 1))
        finished = [r for i, r in enumerate(finished) if i % every == 0 or r.number == best]
    response = pb.GetParallelCoordinatesResponse(
        dimensions=[
            *(
                _parameter(parameter, finished)
                for parameter in with_checkpoints(sweep.spec.space.parameters, every=1)
            ),
            *_metrics(sweep, finished),
        ],
        run_numbers=[run.number for run in finished],
        total_finished_runs=sweep.counts.finished,
    )
    for row, run in enumerate(finished):
        if run.number == best:
            response.best_index = row
    return response


def _parameter(parameter: Parameter, finished: Sequence[FinishedRun]) -> pb.ParallelDimension:
    place = position_on(parameter.distribution)
    values = [
        place(run.parameters[parameter.name]) if parameter.name in run.parameters else math.nan
        for run in finished
    ]
    axis = axis_of(parameter.distribution, _seen(values))
    return pb.ParallelDimension(
        name=parameter.name,
        kind=pb.AXIS_KIND_PARAMETER,
        scale=_SCALES[axis.scale],
        min=axis.min,
        max=axis.max,
        categories=map(value_to_proto, axis.categories),
        values=values,
    )


def _metrics(sweep: Sweep, finished: Sequence[FinishedRun]) -> Iterator[pb.ParallelDimension]:
    for index, metric in enumerate(sweep.spec.metrics):
        values = [_objective(run, index) for run in finished]
        low, high = _seen(values) or (0.0, 0.0)
        yield pb.ParallelDimension(
            name=metric.name,
            kind=pb.AXIS_KIND_METRIC,
            scale=pb.AXIS_SCALE_LINEAR,
            min=low,
            max=high,
            values=values,
        )


def _objective(run: FinishedRun, index: int) -> float:
    """The run's value of the metric at `index`; a run of a single-metric sweep has no list."""
    if index < len(run.objectives):
        return run.objectives[index]
    return math.nan if index or run.objective is None else run.objective


def _seen(values: Sequence[float]) -> tuple[float, float] | None:
    finite = [value for value in values if math.isfinite(value)]
    return (min(finite), max(finite)) if finite else None
