"""The points of a spec: its grid, and whether its constraints leave a point."""

from __future__ import annotations

from wanllmdb_common.algorithms.samplers import SAMPLERS
from wanllmdb_common.errors import FieldViolation
from wanllmdb_common.search_space.draws import infeasibility
from wanllmdb_common.search_space.grid import GRID_POINTS, EntangledConditionsError, Grid
from wanllmdb_common.search_space.grid_search import grid_infeasibility
from wanllmdb_registry.domain.config.problems import invalid_config
from wanllmdb_registry.domain.model import Method, SweepSpec


def grid_of(spec: SweepSpec) -> Grid | None:
    """Return the grid of a valid spec; None for methods other than grid.

    Raises:
        InvalidArgumentError: the conditions are too entangled for a grid.
    """
    if spec.method is not Method.GRID:
        return None
    try:
        return Grid(spec.space, _grid_points(spec))
    except EntangledConditionsError as error:
        raise invalid_config([FieldViolation("parameters", str(error))]) from None


def check_feasible(spec: SweepSpec) -> None:
    """Check that a point meets the constraints; takes a second at most.

    Args:
        spec: A spec that is otherwise valid.

    Raises:
        InvalidArgumentError: no such point is among thousands of draws, or in the grid.
    """
    if not spec.space.constraints:
        return
    if spec.method is Method.GRID:
        text = grid_infeasibility(spec.space, _grid_points(spec))
    else:
        text = infeasibility(spec.space)
    if text is not None:
        raise invalid_config([FieldViolation("constraints", text)])


def _grid_points(spec: SweepSpec) -> int:
    (sampler,) = (described for described in SAMPLERS if described.name == spec.sampler.name)
    grid_points = sampler.values(spec.sampler.options).get("grid_points")
    return grid_points if isinstance(grid_points, int) else GRID_POINTS
