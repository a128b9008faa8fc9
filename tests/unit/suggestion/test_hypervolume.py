"""Hypervolumes by hand and against Optuna's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna._hypervolume import compute_hypervolume

from wanllmdb_suggestion.study.statistics.hypervolume import default_reference, hypervolumes


def test_a_staircase_of_two_metrics() -> None:
    points = np.array(
        [
            [2.0, 2.0],  # 2 x 2
            [3.0, 3.0],  # dominated
            [1.0, 3.0],  # 1 x 1 more
            [3.0, 1.0],  # 1 x 1 more
            [2.0, 2.0],  # the same again
            [5.0, 0.0],  # worse than the reference
            [1.0, 1.0],  # 3 x 3, dominates all before
            [4.0, 0.0],  # on the reference's edge
        ]
    )
    volumes = hypervolumes(points, np.array([4.0, 4.0]))
    assert volumes.tolist() == [4.0, 4.0, 5.0, 6.0, 6.0, 6.0, 9.0, 9.0]


def test_three_metrics() -> None:
    points = np.array([[1.0, 1.0, 1.0], [0.0, 1.5, 1.5], [0.0, 0.0, 0.0]])
    volumes = hypervolumes(points, np.array([2.0, 2.0, 2.0]))
    # 1; a beam of 2 x 0.5 x 0.5, half of it inside of the first; all of 2 x 2 x 2.
    assert volumes.tolist() == [1.0, 1.25, 8.0]


def test_no_points() -> None:
    assert hypervolumes(np.empty((0, 2)), np.array([1.0, 1.0])).tolist() == []


@given(
    st.integers(2, 5).flatmap(
        lambda metrics: st.lists(
            st.lists(st.integers(0, 6).map(float), min_size=metrics, max_size=metrics),
            min_size=1,
            max_size=25,
        )
    )
)
def test_every_step_is_the_volume_of_the_points_so_far(rows: list[list[float]]) -> None:
    points = np.array(rows)
    reference = np.full(points.shape[1], 5.0)
    volumes = hypervolumes(points, reference)
    assert (np.diff(volumes) >= 0).all()
    for count in range(1, len(points) + 1):
        so_far = points[:count]
        inside = so_far[(so_far <= reference).all(axis=1)]
        expected = compute_hypervolume(inside, reference) if len(inside) else 0.0
        assert volumes[count - 1] == pytest.approx(expected)


def test_the_reference_is_a_tenth_worse_than_the_worst() -> None:
    points = np.array([[0.0, 5.0], [10.0, 5.0], [4.0, 7.0]])
    assert default_reference(points).tolist() == pytest.approx([11.0, 7.2])
