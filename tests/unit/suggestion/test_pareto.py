"""The Pareto front against its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.processor_time import soon
from tests.unit.suggestion.spaces import run
from wanllmdb_suggestion.optimizer.statistics.pareto import best_runs, front
from wanllmdb_suggestion.optimizer.types import Metric, RunRecord, RunState

VALUES = st.sampled_from([0.0, 1.0, 2.0, 3.0, -1.0, math.inf, -math.inf])


def dominates(one: list[float], other: list[float]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True)) and one != other


@given(
    st.integers(1, 4).flatmap(
        lambda metrics: st.lists(
            st.lists(VALUES, min_size=metrics, max_size=metrics), min_size=1, max_size=30
        )
    )
)
def test_nobody_on_the_front_is_dominated_and_all_others_are(points: list[list[float]]) -> None:
    expected = [not any(dominates(other, point) for other in points) for point in points]
    assert front(np.array(points)).tolist() == expected


def test_of_nothing_nothing() -> None:
    assert front(np.zeros((0, 2))).tolist() == []


@pytest.mark.parametrize("metrics", [2, 3])
def test_ten_thousand_runs_take_no_time(metrics: int) -> None:
    points = np.random.default_rng(1).random((10_000, metrics))
    with soon():
        found = int(front(points).sum())
    assert 2 <= found < 400


def ended(number: int, *objectives: float, state: RunState = RunState.FINISHED) -> RunRecord:
    return RunRecord(number, state, 1, {}, None, objectives=objectives)


def test_the_best_runs_by_number() -> None:
    metrics = (Metric("loss"), Metric("accuracy", minimize=False))
    runs = [
        ended(4, 1.0, 0.5),
        ended(3, 2.0, 0.9),
        ended(2, 2.0, 0.5),  # dominated by both
        ended(1, 1.0, 0.5),  # equal to the first
        ended(5, 0.0, 1.0, state=RunState.FAILED),
        run(6, {}),
        ended(7),
    ]
    assert best_runs(runs, metrics) == [1, 3, 4]
    assert best_runs([], metrics) == []
