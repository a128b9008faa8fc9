"""Columns for a parallel-coordinates plot."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.search_space.convert import value_to_proto
from wanllmdb_common.search_space.distributions import (
    Beta,
    Categorical,
    Constant,
    IntLogUniform,
    IntUniform,
    LogNormal,
    LogUniform,
    Normal,
    Parameter,
    ParameterValue,
    Quantized,
    Uniform,
    same_value,
)
from wanllmdb_registry.domain.model import Sweep
from wanllmdb_registry.domain.reads import FinishedRun


def parallel_coordinates(
    sweep: Sweep, finished: Sequence[FinishedRun], limit: int
) -> pb.GetParallelCoordinatesResponse:
    """The plot's columns; of more rows than `limit`, every k-th and the best one."""
    best = None if sweep.best is None else sweep.best.number
    if len(finished) > limit:
        every = -(-len(finished) // max(1, limit - 1))
        finished = [r for i, r in enumerate(finished) if i % every == 0 or r.number == best]
    response = pb.GetParallelCoordinatesResponse(
        run_numbers=[run.number for run in finished],
        total_finished_runs=sweep.counts.finished,
    )
    for row, run in enumerate(finished):
        if run.number == best:
            response.best_index = row
    for parameter in sweep.spec.space.parameters:
        values = [run.parameters.get(parameter.name) for run in finished]
        response.dimensions.append(_dimension(parameter, values))
    for metric in sweep.spec.metrics:
        objectives = [math.nan if run.objective is None else run.objective for run in finished]
        low, high = _seen(objectives)
        response.dimensions.add(
            name=metric.name,
            kind=pb.AXIS_KIND_METRIC,
            scale=pb.AXIS_SCALE_LINEAR,
            min=low,
            max=high,
            values=objectives,
        )
    return response


def _dimension(parameter: Parameter, values: Sequence[ParameterValue]) -> pb.ParallelDimension:
    law = parameter.distribution
    dimension = pb.ParallelDimension(name=parameter.name, kind=pb.AXIS_KIND_PARAMETER)
    if isinstance(law, Constant | Categorical):
        choices = (law.value,) if isinstance(law, Constant) else law.values
        dimension.scale = pb.AXIS_SCALE_CATEGORY
        dimension.categories.extend(map(value_to_proto, choices))
        dimension.values.extend(_index(choices, value) for value in values)
        dimension.max = len(choices) - 1
        return dimension
    numbers = [_number(value) for value in values]
    dimension.values.extend(numbers)
    match law:
        case Uniform() | IntUniform():
            dimension.scale = pb.AXIS_SCALE_LINEAR
            dimension.min, dimension.max = law.min, law.max
        case LogUniform() | IntLogUniform():
            dimension.scale = pb.AXIS_SCALE_LOG
            dimension.min, dimension.max = law.min, law.max
        case Normal() | LogNormal() | Beta() | Quantized():
            dimension.scale = pb.AXIS_SCALE_LINEAR
            dimension.min, dimension.max = _seen(numbers)
    return dimension


def _index(choices: Sequence[ParameterValue], value: ParameterValue) -> float:
    return next((i for i, choice in enumerate(choices) if same_value(choice, value)), math.nan)


def _number(value: ParameterValue) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _seen(values: Sequence[float]) -> tuple[float, float]:
    finite = [value for value in values if math.isfinite(value)]
    return (min(finite), max(finite)) if finite else (0.0, 0.0)
