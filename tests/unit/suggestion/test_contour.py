"""Surfaces over two parameters."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wanllmdb_common.search_space.plot_axes import Axis, Scale
from wanllmdb_suggestion.optimizer.statistics.contour import contour
from wanllmdb_suggestion.optimizer.statistics.finished_runs import Floats

X = Axis(Scale.LINEAR, -1.0, 3.0)
Y = Axis(Scale.LOG, 1e-3, 10.0)
LINEAR_Y = Axis(Scale.LINEAR, 0.0, 10.0)
CATEGORIES = Axis(Scale.CATEGORY, 0, 2, ("a", "b", "c"))


def random_points(count: int) -> tuple[Floats, Floats]:
    """The corners of X and Y, and points within."""
    draw = np.random.default_rng(1)
    xs = np.concatenate([[-1.0, -1.0, 3.0, 3.0], draw.uniform(-1, 3, count)])
    ys = np.concatenate([[1e-3, 10.0, 1e-3, 10.0], 10 ** draw.uniform(-3, 1, count)])
    return xs, ys


def test_a_plane_on_the_axes_scales_is_that_plane() -> None:
    xs, ys = random_points(40)
    found = contour(X, Y, xs, ys, 2 * xs + 3 * np.log10(ys) - 1, resolution=9)
    assert found.x_positions.tolist() == pytest.approx(np.linspace(-1, 3, 9).tolist())
    assert found.y_positions.tolist() == pytest.approx(np.geomspace(1e-3, 10, 9).tolist())
    expected = (
        2 * found.x_positions[np.newaxis] + 3 * np.log10(found.y_positions)[:, np.newaxis] - 1
    )
    assert found.surface.shape == (9, 9)
    # Rounding may put a place on the very border outside of it.
    assert np.isfinite(found.surface[1:-1, 1:-1]).all()
    known = np.isfinite(found.surface)
    assert found.surface[known].tolist() == pytest.approx(expected[known].tolist())


def test_nothing_is_said_outside_of_the_runs() -> None:
    xs, ys = np.array([-1.0, -1.0, 1.0]), np.array([0.0, 5.0, 0.0])
    surface = contour(X, LINEAR_Y, xs, ys, np.array([1.0, 2.0, 3.0]), resolution=21).surface
    assert math.isnan(surface[-1, -1])
    assert math.isnan(surface[0, 15])
    assert surface[0, 0] == pytest.approx(1.0)
    assert surface[5, 0] == pytest.approx(1.5)


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(0.0, 1.0)],
        [(0.0, 1.0), (1.0, 2.0)],
        [(0.0, 1.0), (0.0, 1.0), (0.0, 1.0)],
        [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (3.0, 3.0)],
        [(1.0, 0.0), (1.0, 1.0), (1.0, 2.0), (1.0, 3.0)],
        [(0.0, 1.0), (1e-17, 1.0), (0.0, 1.0 + 1e-16), (1e-18, 1.0)],
    ],
)
def test_too_few_points_and_points_on_a_line(points: list[tuple[float, float]]) -> None:
    xs, ys = np.array(points, dtype=np.float64).reshape(-1, 2).T
    found = contour(X, LINEAR_Y, xs, ys, np.arange(float(len(xs))), resolution=5)
    assert found.surface.shape == (5, 5)
    assert np.isnan(found.surface).all()


def test_an_axis_without_width() -> None:
    axis = Axis(Scale.LINEAR, 2.0, 2.0)
    found = contour(axis, X, np.full(4, 2.0), np.arange(4.0) - 1, np.arange(4.0), resolution=4)
    assert found.x_positions.tolist() == [2.0] * 4
    assert np.isnan(found.surface).all()


def test_the_widest_axis_there_is() -> None:
    axis = Axis(Scale.LINEAR, -1.7e308, 1.7e308)
    xs, ys = np.array([-1.7e308, 1.7e308, 0.0]), np.array([0.0, 0.0, 10.0])
    found = contour(axis, LINEAR_Y, xs, ys, np.array([0.0, 2.0, 1.0]), resolution=3)
    assert found.x_positions.tolist() == [-1.7e308, 0.0, 1.7e308]
    assert found.surface[1, 1] == pytest.approx(1.0)


def test_runs_at_one_point_count_by_their_mean() -> None:
    xs, ys = np.array([-1.0, -1.0, 3.0, -1.0, 3.0]), np.array([0.0, 0.0, 0.0, 10.0, 10.0])
    found = contour(X, LINEAR_Y, xs, ys, np.array([1.0, 3.0, 2.0, 2.0, 2.0]), resolution=2)
    assert found.surface[0, 0] == pytest.approx(2.0)


def test_nothing_lies_between_categories() -> None:
    ys = np.array([0.0, 0.0, 2.0, 2.0])
    xs = np.array([-1.0, 3.0, 1.0, 3.0])
    objectives = np.array([0.0, 4.0, 10.0, 20.0])
    found = contour(X, CATEGORIES, xs, ys, objectives, resolution=5)
    assert found.y_positions.tolist() == [0.0, 1.0, 2.0]
    nan = math.nan
    rows = np.array([[0, 1, 2, 3, 4], [nan] * 5, [nan, nan, 10, 15, 20]])
    np.testing.assert_allclose(found.surface, rows)
    turned = contour(CATEGORIES, X, ys, xs, objectives, resolution=5)
    np.testing.assert_allclose(turned.surface, rows.T)


def test_two_category_axes_show_means() -> None:
    xs, ys = np.array([0.0, 0.0, 2.0]), np.array([1.0, 1.0, 0.0])
    found = contour(CATEGORIES, CATEGORIES, xs, ys, np.array([1.0, 5.0, 7.0]), resolution=50)
    nan = math.nan
    np.testing.assert_allclose(found.surface, np.array([[nan, nan, 7], [3, nan, nan], [nan] * 3]))
