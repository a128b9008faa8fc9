"""Finished runs for tests of statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.unit.suggestion.spaces import run
from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_suggestion.optimizer.statistics.finished_runs import (
    FinishedRuns,
    RunTable,
    ScoredRuns,
)
from wanllmdb_suggestion.optimizer.types import AlgorithmChoice, Metric, RunState, StudySpec


def scored(objectives: Sequence[float], *, minimize: bool = True, first: int = 0) -> ScoredRuns:
    """Runs first, first+2, first+4, ... without parameters."""
    values = np.array(objectives, dtype=np.float64)
    return ScoredRuns(np.arange(len(values), dtype=np.int64) * 2 + first, values, {}, minimize)


def finished(
    space: SearchSpace, points: Sequence[tuple[Mapping[str, Any], float]], *, minimize: bool = True
) -> FinishedRuns:
    """Runs 0, 1, 2, ... of a sweep with one metric: parameters and objectives."""
    metrics = (Metric("loss", minimize),)
    table = RunTable(StudySpec(AlgorithmChoice("random"), space, 7, metrics))
    return table.update(
        {
            number: run(number, parameters, RunState.FINISHED, objective)
            for number, (parameters, objective) in enumerate(points)
        }
    )
