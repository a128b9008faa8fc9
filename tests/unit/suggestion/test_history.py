"""The optimization history and how it is thinned."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.suggestion.spaces import run
from wanllmdb_suggestion.study.history import FinishedRuns, finished_runs, history
from wanllmdb_suggestion.study.records import RunState


def finished(objectives: list[float]) -> FinishedRuns:
    return FinishedRuns(
        np.arange(len(objectives), dtype=np.int64) * 2, np.array(objectives, dtype=np.float64)
    )


def test_only_finished_runs_by_number() -> None:
    runs = {
        4: run(4, {}, RunState.FINISHED, 2.0),
        1: run(1, {}, RunState.FINISHED, 3.0),
        2: run(2, {}, RunState.PRUNED, 0.0),
        3: run(3, {}, RunState.FAILED),
    }
    columns = finished_runs(runs)
    assert columns.numbers.tolist() == [1, 4]
    assert columns.objectives.tolist() == [3.0, 2.0]


def test_best_so_far() -> None:
    columns = history(finished([3.0, 4.0, 1.0, 2.0]), minimize=True, max_points=10)
    assert columns.best.tolist() == [3.0, 3.0, 1.0, 1.0]
    columns = history(finished([3.0, 4.0, 1.0, 5.0]), minimize=False, max_points=10)
    assert columns.best.tolist() == [3.0, 4.0, 4.0, 5.0]


def test_no_finished_runs() -> None:
    columns = history(finished([]), minimize=True, max_points=10)
    assert (columns.numbers.tolist(), columns.total) == ([], 0)


@given(st.lists(st.integers(-50, 50).map(float), max_size=200), st.booleans(), st.integers(1, 60))
def test_thinned_histories(objectives: list[float], minimize: bool, max_points: int) -> None:
    whole = history(finished(objectives), minimize=minimize, max_points=10_000)
    thin = history(finished(objectives), minimize=minimize, max_points=max_points)
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
