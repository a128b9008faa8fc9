"""The objective as a surface over two parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wanllmdb_common.computing.cancellation import check_cancelled
from wanllmdb_common.search_space.plot_axes import Axis, Scale
from wanllmdb_suggestion.optimizer.statistics.finished_runs import Floats


@dataclass(frozen=True, slots=True)
class Contour:
    """A surface of shape (y positions, x positions); NaN where the objective is unknown."""

    x_positions: Floats
    y_positions: Floats
    surface: Floats


def contour(
    x_axis: Axis, y_axis: Axis, xs: Floats, ys: Floats, objectives: Floats, *, resolution: int
) -> Contour:
    """Return the objective, interpolated linearly between runs on the scales of the axes.

    On a category axis each category is interpolated separately. Runs at the same point count by
    their mean.

    Args:
        x_axis: The horizontal axis.
        y_axis: The vertical one.
        xs: The runs' positions on the horizontal axis, shape (n,), without NaN.
        ys: The same on the vertical axis.
        objectives: Shape (n,), finite.
        resolution: Positions along a numeric axis; a category axis has one for each category.
    """
    x_positions = _grid_positions(x_axis, resolution)
    y_positions = _grid_positions(y_axis, resolution)
    points, values = _means(np.stack([_unit(x_axis, xs), _unit(y_axis, ys)], axis=1), objectives)
    x_units, y_units = _unit(x_axis, x_positions), _unit(y_axis, y_positions)
    match x_axis.scale is Scale.CATEGORY, y_axis.scale is Scale.CATEGORY:
        case True, _:
            surface = _by_category(points, values, x_units, y_units, y_axis).T
        case False, True:
            surface = _by_category(points[:, ::-1], values, y_units, x_units, x_axis)
        case _:
            surface = _plane(points, values, x_units, y_units)
    return Contour(x_positions, y_positions, surface)


def _grid_positions(axis: Axis, resolution: int) -> Floats:
    match axis.scale:
        case Scale.CATEGORY:
            return np.arange(len(axis.categories), dtype=np.float64)
        case Scale.LOG if axis.min > 0:
            positions: Floats = np.geomspace(axis.min, axis.max, resolution)
        case _:
            # Halved first, because the width may overflow a double.
            positions = 2 * np.linspace(axis.min / 2, axis.max / 2, resolution)
    positions[0], positions[-1] = axis.min, axis.max
    return positions


def _unit(axis: Axis, values: Floats) -> Floats:
    """Return positions from 0 to 1 along the axis, or indices of categories."""
    if axis.scale is Scale.CATEGORY:
        return values
    low, high = axis.min, axis.max
    if axis.scale is Scale.LOG and low > 0:
        values, low, high = np.log(values), np.log(low), np.log(high)
    width = high / 2 - low / 2
    if not width > 0:
        return np.zeros(len(values))
    # Clipped, so that no rounding error puts the ends outside of the range of the runs.
    return np.clip((values / 2 - low / 2) / width, 0.0, 1.0)


def _means(points: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Return the distinct points, shape (m, 2), in order, and the mean of the values at each."""
    distinct, inverse, counts = np.unique(points, axis=0, return_inverse=True, return_counts=True)
    means = np.zeros(len(distinct))
    # Divided first, because the sum may overflow a double.
    np.add.at(means, inverse.ravel(), values / counts[inverse.ravel()])
    return distinct, means


def _by_category(
    points: Floats, values: Floats, categories: Floats, positions: Floats, axis: Axis
) -> Floats:
    """Return one row for each category; `points` are pairs of category and position on `axis`."""
    rows = np.full((len(categories), len(positions)), np.nan)
    for row, category in zip(rows, categories, strict=True):
        check_cancelled()
        own = points[:, 0] == category
        at, known = points[own, 1], values[own]
        if axis.scale is Scale.CATEGORY:
            row[at.astype(np.intp)] = known
        elif len(at):
            row[:] = np.interp(positions, at, known, left=np.nan, right=np.nan)
    return rows


def _plane(points: Floats, values: Floats, x_units: Floats, y_units: Floats) -> Floats:
    """Return the surface, shape (y positions, x positions), over triangles between the points."""
    # Imported here, because the imports would delay the start of the server.
    from scipy.interpolate import LinearNDInterpolator
    from scipy.spatial import QhullError

    unknown = np.full((len(y_units), len(x_units)), np.nan)
    if len(points) < 3:
        return unknown
    try:
        interpolate = LinearNDInterpolator(points, values)
    except QhullError:
        # All points lie on a line, so no triangle exists.
        return unknown
    surface: Floats = interpolate(*np.meshgrid(x_units, y_units))
    return surface
