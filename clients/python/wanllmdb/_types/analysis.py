"""Answers that are ready to be plotted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wanllmdb._types.enums import AxisKind, AxisScale, Goal, Method


@dataclass(frozen=True, slots=True)
class ParallelDimension:
    """One axis of a parallel-coordinates plot and its column of values.

    For a category axis `values` holds indices into `categories`. NaN where a run
    has no such value.
    """

    name: str
    kind: AxisKind
    scale: AxisScale
    min: float
    max: float
    categories: tuple[Any, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ParallelCoordinates:
    """Columns of a parallel-coordinates plot: parameters by name, the metric last.

    `best_index` is the row of the best run. A sample, with the best run in it, where
    `total_finished_runs` exceeds the rows.
    """

    dimensions: tuple[ParallelDimension, ...]
    run_numbers: tuple[int, ...]
    best_index: int | None
    total_finished_runs: int


@dataclass(frozen=True, slots=True)
class ParameterImportance:
    """Each parameter's share of the objective's variance, 0 to 1, most important first."""

    importances: Mapping[str, float]
    runs_used: int


@dataclass(frozen=True, slots=True)
class OptimizationHistory:
    """The objective and the best one so far, columns of equal length by run number."""

    run_numbers: tuple[int, ...]
    objectives: tuple[float, ...]
    best_objectives: tuple[float, ...]
    goal: Goal
    total_finished_runs: int


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A way to choose parameters, as the server describes it."""

    method: Method
    name: str
    description: str
    needs_metric: bool
    is_exhaustive: bool
