"""The grid of a spec: its size, and what its user should know of it."""

from __future__ import annotations

from collections.abc import Iterator

from wanllmdb_common.algorithms.samplers import SAMPLERS
from wanllmdb_common.errors import FieldViolation
from wanllmdb_common.search_space.grid import GRID_POINTS, EntangledConditionsError, Grid
from wanllmdb_registry.domain.config.wording import invalid_config
from wanllmdb_registry.domain.model import Method, SweepSpec

# Beyond this many points their number is of no use to anybody.
COUNTABLE = 10**18


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


def grid_notes(grid: Grid, run_cap: int | None) -> Iterator[str]:
    """How the grid was made, and whether it is tried in full."""
    yield from grid.notes
    if run_cap is not None and run_cap < grid.size:
        size = str(grid.size) if grid.size < COUNTABLE else "more than 10^18"
        yield f"run_cap {run_cap} ends the sweep before its {size} grid points"
