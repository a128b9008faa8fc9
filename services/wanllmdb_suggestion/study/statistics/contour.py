"""An objective over two parameters, as a surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wanllmdb_common.computing.cancellation import check_cancelled
from wanllmdb_common.search_space.plot_axes import Axis, Scale
from wanllmdb_suggestion.study.statistics.runs import Floats


@dataclass(frozen=True, slots=True)
class Contour:
    """A surface, shape (y places, x places), over both axes; NaN where nothing is known."""

    x_places: Floats
    y_places: Floats
    surface: Floats


def contour(
    x_axis: Axis, y_axis: Axis, xs: Floats, ys: Floats, objectives: Floats, *, resolution: int
) -> Contour:
    """The objective, interpolated linearly between runs on the axes' scales.

    Nothing is between two categories, so over a category axis each category is
    interpolated for itself. Runs at one point count by their mean.

    Args:
        x_axis: The horizontal axis.
        y_axis: The vertical one.
        xs: The runs' positions on the horizontal axis, shape (n,), without NaN.
        ys: The same on the vertical axis.
        objectives: Shape (n,), finite.
        resolution: Places along an axis of numbers; a category axis has one a category.
    """
    x_places, y_places = _places(x_axis, resolution), _places(y_axis, resolution)
    points, values = _means(np.stack([_unit(x_axis, xs), _unit(y_axis, ys)], axis=1), objectives)
    x_units, y_units = _unit(x_axis, x_places), _unit(y_axis, y_places)
    match x_axis.scale is Scale.CATEGORY, y_axis.scale is Scale.CATEGORY:
        case True, _:
            surface = _by_category(points, values, x_units, y_units, y_axis).T
        case False, True:
            surface = _by_category(points[:, ::-1], values, y_units, x_units, x_axis)
        case _:
            surface = _plane(points, values, x_units, y_units)
    return Contour(x_places, y_places, surface)


def _places(axis: Axis, resolution: int) -> Floats:
    match axis.scale:
        case Scale.CATEGORY:
            return np.arange(len(axis.categories), dtype=np.float64)
        case Scale.LOG if axis.min > 0:
            places: Floats = np.geomspace(axis.min, axis.max, resolution)
        case _:
            # Halved first: the width may be more than a double holds.
            places = 2 * np.linspace(axis.min / 2, axis.max / 2, resolution)
    places[0], places[-1] = axis.min, axis.max
    return places


def _unit(axis: Axis, values: Floats) -> Floats:
    """Positions from 0 to 1 along the axis; a category's own index."""
    if axis.scale is Scale.CATEGORY:
        return values
    low, high = axis.min, axis.max
    if axis.scale is Scale.LOG and low > 0:
        values, low, high = np.log(values), np.log(low), np.log(high)
    width = high / 2 - low / 2
    if not width > 0:
        return np.zeros(len(values))
    # The ends exactly: a rounding error must not put them outside of the runs.
    return np.clip((values / 2 - low / 2) / width, 0.0, 1.0)


def _means(points: Floats, values: Floats) -> tuple[Floats, Floats]:
    """The distinct points, shape (m, 2), in order, and the mean of each one's values."""
    distinct, inverse, counts = np.unique(points, axis=0, return_inverse=True, return_counts=True)
    means = np.zeros(len(distinct))
    # Divided first: a sum may be more than a double holds.
    np.add.at(means, inverse.ravel(), values / counts[inverse.ravel()])
    return distinct, means


def _by_category(
    points: Floats, values: Floats, categories: Floats, places: Floats, axis: Axis
) -> Floats:
    """A row a category, shape (categories, places): `points` are (category, place on `axis`)."""
    rows = np.full((len(categories), len(places)), np.nan)
    for row, category in zip(rows, categories, strict=True):
        check_cancelled()
        own = points[:, 0] == category
        at, known = points[own, 1], values[own]
        if axis.scale is Scale.CATEGORY:
            row[at.astype(np.intp)] = known
        elif len(at):
            row[:] = np.interp(places, at, known, left=np.nan, right=np.nan)
    return rows


def _plane(points: Floats, values: Floats, x_units: Floats, y_units: Floats) -> Floats:
    """Shape (y places, x places), over the triangles between the points."""
    # Loaded where they are used: that takes a moment, which the start would wait for.
    from scipy.interpolate import LinearNDInterpolator
    from scipy.spatial import QhullError

    unknown = np.full((len(y_units), len(x_units)), np.nan)
    if len(points) < 3:
        return unknown
    try:
        interpolate = LinearNDInterpolator(points, values)
    except QhullError:
        # All points lie on a line: there is nothing between them.
        return unknown
    surface: Floats = interpolate(*np.meshgrid(x_units, y_units))
    return surface
