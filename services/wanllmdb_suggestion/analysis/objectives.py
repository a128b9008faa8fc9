"""Responses about objectives: histories, distribution functions, comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from google.protobuf.duration_pb2 import Duration

from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb
from wanllmdb_suggestion.analysis.reader import MeasuredSweep, Timeline
from wanllmdb_suggestion.analysis.requests import DEFAULT_PLACES, DEFAULT_POINTS
from wanllmdb_suggestion.optimizer.statistics.finished_runs import FinishedRuns, ScoredRuns
from wanllmdb_suggestion.optimizer.statistics.hypervolume import default_reference, hypervolumes
from wanllmdb_suggestion.optimizer.statistics.objective_curves import (
    edf,
    edf_objectives,
    history,
    improvements,
    progress,
    thinned,
)
from wanllmdb_suggestion.optimizer.statistics.pareto import losses

# The most points of all sweeps together; keeps a response below gRPC's 4 MiB.
MAX_POINTS_TOGETHER = 100_000


def goal_of(*, minimize: bool) -> sweep_pb2.Goal.ValueType:
    """Return the goal's enum value."""
    return sweep_pb2.GOAL_MINIMIZE if minimize else sweep_pb2.GOAL_MAXIMIZE


def optimization_history(
    request: pb.GetOptimizationHistoryRequest, runs: ScoredRuns
) -> pb.GetOptimizationHistoryResponse:
    """Return objectives and the best objective so far, in the order of the runs."""
    columns = history(runs, max_points=request.max_points or DEFAULT_POINTS)
    return pb.GetOptimizationHistoryResponse(
        run_numbers=columns.numbers.tolist(),
        objectives=columns.objectives.tolist(),
        best_objectives=columns.best.tolist(),
        goal=goal_of(minimize=runs.minimize),
        total_finished_runs=columns.total,
    )


def hypervolume_history(
    request: pb.GetHypervolumeHistoryRequest, runs: FinishedRuns
) -> pb.GetHypervolumeHistoryResponse:
    """Return the hypervolume that the Pareto front dominates after each run."""
    response = pb.GetHypervolumeHistoryResponse(metrics=[metric.name for metric in runs.metrics])
    rows = ~np.isnan(runs.objectives).any(axis=1)
    minimize = tuple(metric.minimize for metric in runs.metrics)
    points, numbers = losses(runs.objectives[rows], minimize), runs.numbers[rows]
    given = np.array([request.reference_point.get(m.name, math.nan) for m in runs.metrics])
    if len(points):
        seen = losses(default_reference(points), minimize)
        given = np.where(np.isnan(given), seen, given)
    response.reference_point.extend(given.tolist())
    found = hypervolumes(points, losses(given, minimize))
    volumes = found.volumes
    limit = request.max_points or DEFAULT_POINTS
    indexes = thinned(len(volumes), limit, improvements(volumes))
    response.run_numbers.extend(numbers[indexes].tolist())
    response.hypervolumes.extend(volumes[indexes].tolist())
    response.total_finished_runs = len(volumes)
    response.is_estimate = found.estimated
    return response


def edf_of_sweeps(
    request: pb.GetEdfRequest, sweeps: Sequence[MeasuredSweep], runs: Sequence[FinishedRuns]
) -> pb.GetEdfResponse:
    """Return the distribution functions of several sweeps at the same objectives."""
    samples = [
        own.scored(measured.metric).objectives for measured, own in zip(sweeps, runs, strict=True)
    ]
    count = min(request.max_points or DEFAULT_PLACES, MAX_POINTS_TOGETHER * 4 // len(sweeps))
    objectives = edf_objectives(samples, count)
    return pb.GetEdfResponse(
        objectives=objectives.tolist(),
        curves=[
            pb.EdfCurve(
                sweep_id=measured.sweep.sweep_id,
                name=measured.sweep.name,
                shares=edf(sample, objectives).tolist(),
                finished_runs=len(sample),
                revision=_revision(measured, own),
            )
            for measured, own, sample in zip(sweeps, runs, samples, strict=True)
        ],
        goal=goal_of(minimize=sweeps[0].metric.minimize),
    )


def compare_sweeps(
    request: pb.CompareSweepsRequest,
    sweeps: Sequence[MeasuredSweep],
    runs: Sequence[FinishedRuns],
    timelines: Sequence[Timeline],
) -> pb.CompareSweepsResponse:
    """Return the best objective of several sweeps by number of runs and by time."""
    limit = min(request.max_points or DEFAULT_POINTS, MAX_POINTS_TOGETHER // len(sweeps))
    return pb.CompareSweepsResponse(
        curves=[
            _curve(measured, own, timeline, limit)
            for measured, own, timeline in zip(sweeps, runs, timelines, strict=True)
        ],
        goal=goal_of(minimize=sweeps[0].metric.minimize),
    )


def _curve(
    measured: MeasuredSweep,
    finished: FinishedRuns,
    timeline: Timeline,
    limit: int,
) -> pb.ProgressCurve:
    runs = finished.scored(measured.metric)
    columns = progress(timeline.ends, runs, max_points=limit)
    sweep = measured.sweep
    return pb.ProgressCurve(
        sweep_id=sweep.sweep_id,
        name=sweep.name,
        state=sweep.state,
        ended_runs=columns.ended_runs.tolist(),
        seconds=columns.seconds.tolist(),
        best_objectives=columns.best.tolist(),
        best_run_numbers=columns.best_numbers.tolist(),
        finished_runs=len(runs),
        total_runs=sweep.stats.total_runs,
        duration=_duration(timeline.duration),
        revision=_revision(measured, finished),
    )


def _revision(measured: MeasuredSweep, runs: FinishedRuns) -> int:
    """Return the revision up to which a curve includes every change.

    The sweep, its timeline and its runs are read one after the other, so that the later ones may
    include later changes.
    """
    return min(measured.sweep.revision, runs.revision)


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromTimedelta(timedelta(seconds=seconds))
    return duration
