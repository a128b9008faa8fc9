"""The progress of sweeps, computed by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.suggestion.statistics_data import scored
from wanllmdb_suggestion.optimizer.statistics.objective_curves import Ends, progress


def ends(seconds: dict[int, float], each_stands_for: float = 1.0) -> Ends:
    numbers = sorted(seconds)
    return Ends(
        np.array(numbers, dtype=np.int64),
        np.array([seconds[number] for number in numbers], dtype=np.float64),
        each_stands_for,
    )


def test_runs_count_in_the_order_in_which_they_ended() -> None:
    # Runs 0, 2, 4, 6 are finished; 1 and 3 failed.
    runs = scored([5.0, 3.0, 4.0, 1.0])
    order = ends({0: 10.0, 1: 1.0, 2: 4.0, 3: 12.0, 4: 3.0, 6: 30.0})
    found = progress(order, runs, max_points=100)
    assert found.seconds.tolist() == [3.0, 4.0, 10.0, 30.0]
    assert found.ended_runs.tolist() == [2, 3, 4, 6]
    assert found.best.tolist() == [4.0, 3.0, 3.0, 1.0]
    assert found.best_numbers.tolist() == [4, 2, 2, 6]


def test_to_be_maximized() -> None:
    runs = scored([5.0, 3.0, 7.0], minimize=False)
    found = progress(ends({0: 1.0, 2: 2.0, 4: 3.0}), runs, max_points=100)
    assert found.best.tolist() == [5.0, 5.0, 7.0]
    assert found.best_numbers.tolist() == [0, 0, 4]


def test_equal_times_count_by_number() -> None:
    found = progress(ends({0: 1.0, 2: 1.0}), scored([2.0, 1.0]), max_points=100)
    assert found.best_numbers.tolist() == [0, 2]


def test_nothing_ended() -> None:
    found = progress(ends({}), scored([]), max_points=10)
    assert found.best.tolist() == []
    assert found.best_numbers.tolist() == []


def test_a_sample_of_the_ends_stands_for_all() -> None:
    found = progress(ends({0: 1.0, 2: 2.0}, 2.5), scored([2.0, 1.0]), max_points=100)
    assert found.ended_runs.tolist() == [3, 5]


@given(st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=80), st.integers(2, 30))
def test_thinned_courses_keep_improvements_that_fit(objectives: list[float], limit: int) -> None:
    runs = scored(objectives)
    # The runs ended in reverse order.
    order = ends({int(n): float(-n) for n in runs.numbers})
    whole = progress(order, runs, max_points=1_000)
    thin = progress(order, runs, max_points=limit)
    assert len(thin.best) <= max(limit, len(objectives) if len(objectives) <= limit else 0)
    assert thin.best[-1] == min(objectives)
    at = dict(zip(whole.ended_runs.tolist(), whole.best.tolist(), strict=True))
    assert [at[n] for n in thin.ended_runs.tolist()] == thin.best.tolist()
    holders = dict(zip(runs.numbers.tolist(), objectives, strict=True))
    assert [holders[n] for n in whole.best_numbers.tolist()] == whole.best.tolist()
