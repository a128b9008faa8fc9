"""The grid of a spec."""

from __future__ import annotations

from wanllmdb_common.algorithms.samplers import SAMPLERS
from wanllmdb_common.errors import FieldViolation
from wanllmdb_common.search_space.grid import GRID_POINTS, EntangledConditionsError, Grid
from wanllmdb_registry.domain.config.wording import invalid_config
from wanllmdb_registry.domain.model import Method, SweepSpec


def grid_of(spec: SweepSpec) -> Grid | None:
    """The points that method grid tries, for a spec that is in order; None for other methods.

    Raises:
        InvalidArgumentError: the conditions are too entangled for a grid.
    """
    if spec.method is not Method.GRID:
        return None
    (sampler,) = (described for described in SAMPLERS if described.name == spec.sampler.name)
    grid_points = sampler.values(spec.sampler.options).get("grid_points")
    try:
        return Grid(spec.space, grid_points if isinstance(grid_points, int) else GRID_POINTS)
    except EntangledConditionsError as error:
        raise invalid_config([FieldViolation("parameters", str(error))]) from None
