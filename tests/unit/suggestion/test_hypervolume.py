"""Hypervolumes by hand and against Optuna's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna._hypervolume import compute_hypervolume

from wanllmdb_suggestion.optimizer.statistics.hypervolume import default_reference, hypervolumes


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
    found = hypervolumes(points, np.array([4.0, 4.0]))
    assert not found.estimated
    assert found.volumes.tolist() == [4.0, 4.0, 5.0, 6.0, 6.0, 6.0, 9.0, 9.0]


def test_three_metrics() -> None:
    points = np.array([[1.0, 1.0, 1.0], [0.0, 1.5, 1.5], [0.0, 0.0, 0.0]])
    found = hypervolumes(points, np.array([2.0, 2.0, 2.0]))
    assert not found.estimated
    # 1; a beam of 2 x 0.5 x 0.5, half of it inside of the first; all of 2 x 2 x 2.
    assert found.volumes.tolist() == [1.0, 1.25, 8.0]


@pytest.mark.parametrize("metrics", [2, 3, 9])
def test_no_points(metrics: int) -> None:
    none = np.empty((0, metrics))
    assert hypervolumes(none, np.ones(metrics)).volumes.tolist() == []
    # None that is better than the reference.
    outside = np.full((3, metrics), 1.0)
    assert hypervolumes(outside, np.ones(metrics)).volumes.tolist() == [0.0, 0.0, 0.0]


def test_many_points_of_three_metrics() -> None:
    draw = np.random.default_rng(2)
    points = draw.random((2_000, 3))
    reference = np.ones(3)
    found = hypervolumes(points, reference)
    assert not found.estimated
    for count in (255, 256, 257, 1_000, 2_000):
        expected = compute_hypervolume(points[:count], reference)
        assert found.volumes[count - 1] == pytest.approx(expected)


def test_many_metrics_are_estimated() -> None:
    draw = np.random.default_rng(3)
    points = draw.random((60, 6))
    reference = np.full(6, 1.1)
    found = hypervolumes(points, reference)
    assert found.estimated
    assert (np.diff(found.volumes) >= 0).all()
    for count in (1, 5, 20, 60):
        expected = compute_hypervolume(points[:count], reference)
        assert found.volumes[count - 1] == pytest.approx(expected, rel=0.03)


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
    found = hypervolumes(points, reference)
    assert not found.estimated
    volumes = found.volumes
    assert (np.diff(volumes) >= 0).all()
    for count in range(1, len(points) + 1):
        so_far = points[:count]
        inside = so_far[(so_far <= reference).all(axis=1)]
        expected = compute_hypervolume(inside, reference) if len(inside) else 0.0
        assert volumes[count - 1] == pytest.approx(expected)


def test_the_reference_is_a_tenth_worse_than_the_worst() -> None:
    points = np.array([[0.0, 5.0], [10.0, 5.0], [4.0, 7.0]])
    assert default_reference(points).tolist() == pytest.approx([11.0, 7.2])
