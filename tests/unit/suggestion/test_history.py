"""The optimization history and its thinning."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.suggestion.statistics_data import scored
from wanllmdb_suggestion.optimizer.statistics.objective_curves import history


def test_best_so_far() -> None:
    columns = history(scored([3.0, 4.0, 1.0, 2.0]), max_points=10)
    assert columns.numbers.tolist() == [0, 2, 4, 6]
    assert columns.objectives.tolist() == [3.0, 4.0, 1.0, 2.0]
    assert columns.best.tolist() == [3.0, 3.0, 1.0, 1.0]
    columns = history(scored([3.0, 4.0, 1.0, 5.0], minimize=False), max_points=10)
    assert columns.best.tolist() == [3.0, 4.0, 4.0, 5.0]


def test_no_finished_runs() -> None:
    columns = history(scored([]), max_points=10)
    assert (columns.numbers.tolist(), columns.best.tolist(), columns.total) == ([], [], 0)


@given(st.lists(st.integers(-50, 50).map(float), max_size=200), st.booleans(), st.integers(1, 60))
def test_thinned_histories(objectives: list[float], minimize: bool, max_points: int) -> None:
    whole = history(scored(objectives, minimize=minimize), max_points=10_000)
    thin = history(scored(objectives, minimize=minimize), max_points=max_points)
    assert thin.total == len(objectives)
    assert len(thin.numbers) == len(objectives) or len(thin.numbers) <= max_points
    assert len(thin.numbers) >= min(len(objectives), max_points) // 3
    assert sorted(set(thin.numbers.tolist())) == thin.numbers.tolist()
    at = dict(zip(whole.numbers.tolist(), whole.best.tolist(), strict=True))
    assert [at[n] for n in thin.numbers.tolist()] == thin.best.tolist()
    if objectives:
        best = min(objectives) if minimize else max(objectives)
        assert thin.best[-1] == best
        assert best in thin.objectives.tolist()
    improvements = [
        n
        for i, n in enumerate(whole.numbers.tolist())
        if i == 0 or whole.best[i] != whole.best[i - 1]
    ]
    assert set(improvements[-max_points:]) <= set(thin.numbers.tolist())
