"""Correlations against SciPy's, by hand, and where columns have gaps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.unit.suggestion.statistics_data import finished
from wanllmdb_common.search_space.distributions import (
    Categorical,
    LogUniform,
    Parameter,
    SearchSpace,
    Uniform,
)
from wanllmdb_suggestion.optimizer.statistics.correlation import (
    category_texts,
    comparable_columns,
    correlation,
    correlations,
    is_number,
    linear_scores,
    ordered_values,
    rank_scores,
    relative_ranks,
)


def test_exact_lines() -> None:
    x = np.array([1.0, 2.0, 5.0, -3.0])
    assert correlation(x, 3 * x - 7, linear_scores) == pytest.approx(1.0)
    assert correlation(x, -x, linear_scores) == pytest.approx(-1.0)
    assert correlation(x, np.exp(x), rank_scores) == pytest.approx(1.0)


def test_what_never_varies_has_no_correlation() -> None:
    x, same = np.array([1.0, 2.0]), np.array([3.0, 3.0])
    assert correlation(x, same, linear_scores) is None
    assert correlation(same, x, rank_scores) is None
    assert correlation(np.empty(0), np.empty(0), rank_scores) is None


def test_huge_values_do_not_overflow() -> None:
    x = np.array([1e300, -1e300, 5e299])
    assert correlation(x, x, linear_scores) == pytest.approx(1.0)


NUMBERS = st.integers(-5, 5).map(float)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=3, max_size=30))
def test_as_scipy_has_them(pairs: list[tuple[float, float]]) -> None:
    x, y = np.array(pairs).T
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert correlation(x, y, linear_scores) is None
    else:
        assert correlation(x, y, linear_scores) == pytest.approx(stats.pearsonr(x, y)[0], abs=1e-9)
        assert correlation(x, y, rank_scores) == pytest.approx(stats.spearmanr(x, y)[0], abs=1e-9)
    assert rank_scores(x).tolist() == (stats.rankdata(x) - 1).tolist()


def test_ranks_of_equals_are_shared() -> None:
    assert relative_ranks(np.array([5.0, 1.0, 5.0, 9.0, 0.0])).tolist() == [
        0.625,
        0.25,
        0.625,
        1.0,
        0.0,
    ]
    assert relative_ranks(np.array([5.0])).tolist() == [0.0]
    assert relative_ranks(np.empty(0)).tolist() == []


GAPPY = st.one_of(NUMBERS, st.just(math.nan))


@given(
    st.integers(2, 12).flatmap(
        lambda rows: st.lists(st.lists(GAPPY, min_size=rows, max_size=rows), min_size=1, max_size=5)
    ),
    st.sampled_from([linear_scores, rank_scores]),
)
def test_matrices_rest_on_the_rows_that_both_have(
    columns: list[list[float]], scores: object
) -> None:
    arrays = [np.array(column) for column in columns]
    matrix = correlations(arrays, scores)  # type: ignore[arg-type]  # one of the two
    assert np.array_equal(matrix.values, matrix.values.T, equal_nan=True)
    assert np.array_equal(matrix.runs, matrix.runs.T)
    for i, left in enumerate(arrays):
        for j, right in enumerate(arrays):
            rows = ~np.isnan(left) & ~np.isnan(right)
            assert matrix.runs[i, j] == rows.sum()
            expected = correlation(left[rows], right[rows], scores)  # type: ignore[arg-type]
            if expected is None:
                assert math.isnan(matrix.values[i, j])
            else:
                assert matrix.values[i, j] == pytest.approx(expected, abs=1e-9)
                assert i != j or matrix.values[i, j] == 1.0


def test_values_with_an_order() -> None:
    positions = np.array([0.0, math.nan, 1.0])
    assert ordered_values(Uniform(0.0, 1.0), positions) is positions
    logs = ordered_values(LogUniform(1e-3, 1.0), np.array([0.1, math.nan]))
    assert logs is not None
    assert logs.tolist() == pytest.approx([math.log(0.1), math.nan], nan_ok=True)
    sizes = ordered_values(Categorical((64, 16)), positions)
    assert sizes is not None
    assert sizes.tolist() == pytest.approx([64.0, math.nan, 16.0], nan_ok=True)
    assert ordered_values(Categorical(("a", "b")), positions) is None


def test_what_is_a_number() -> None:
    assert is_number(Uniform(0.0, 1.0))
    assert is_number(Categorical((16, 0.5)))
    assert not is_number(Categorical((True, False)))
    assert not is_number(Categorical(("1", "2")))


SPACE = SearchSpace(
    (
        Parameter("flag", Categorical((True, False))),
        Parameter("optimizer", Categorical(("adam", "sgd", None))),
        Parameter("x", Uniform(0.0, 1.0)),
    )
)


def test_columns_of_a_matrix() -> None:
    points: list[tuple[dict[str, Any], float]] = [
        ({"flag": True, "optimizer": "adam", "x": 0.5}, 1.0),
        ({"flag": False, "optimizer": None}, 2.0),
        ({"flag": False, "optimizer": "adam", "x": 0.1}, 3.0),
    ]
    columns = comparable_columns(finished(SPACE, points), limit=99)
    found = {column.name: column.values.tolist() for column in columns}
    assert list(found) == ["flag", "optimizer=adam", "optimizer=sgd", "optimizer=null", "x", "loss"]
    assert found["flag"] == [1.0, 0.0, 0.0]
    assert found["optimizer=adam"] == [1.0, 0.0, 1.0]
    assert found["optimizer=null"] == [0.0, 1.0, 0.0]
    assert found["loss"] == [1.0, 2.0, 3.0]
    assert found["x"] == pytest.approx([0.5, math.nan, 0.1], nan_ok=True)


def test_too_many_columns_lose_the_rarest_categories_first() -> None:
    points = [
        ({"flag": True, "optimizer": optimizer, "x": 0.5}, 1.0)
        for optimizer in ("adam", "adam", "adam", None, None, "sgd")
    ]
    runs = finished(SPACE, points)
    names = [[c.name for c in comparable_columns(runs, limit)] for limit in (5, 4, 3, 2)]
    assert names == [
        ["flag", "optimizer=adam", "optimizer=null", "x", "loss"],
        ["flag", "optimizer=adam", "x", "loss"],
        ["flag", "x", "loss"],
        ["flag", "loss"],
    ]


def test_texts_of_categories_differ() -> None:
    assert category_texts(["adam", 1, None, [1]]) == ["adam", "1", "null", "[1]"]
    assert category_texts(["1", 1, True]) == ['"1"', "1", "true"]
