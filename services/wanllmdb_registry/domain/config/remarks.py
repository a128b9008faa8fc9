"""What a reader may not expect of a spec that is in order: one sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from wanllmdb_common.search_space.distributions import (
    Categorical,
    Constant,
    Distribution,
    ParameterValue,
    Quantized,
    SearchSpace,
)
from wanllmdb_common.search_space.grid import Grid
from wanllmdb_common.search_space.grid_axis import axis
from wanllmdb_common.search_space.quantiles import cardinality
from wanllmdb_common.search_space.steps import round_to_multiple
from wanllmdb_registry.domain.config.wording import shown

# Beyond this many points their number is of no use to anybody.
COUNTABLE = 10**18


def remarks_on_conditions(space: SearchSpace) -> Iterator[str]:
    """Parameters that hardly any run has, since what they depend on is hardly ever drawn."""
    laws = {parameter.name: parameter.distribution for parameter in space.parameters}
    for parameter in space.parameters:
        for condition in parameter.conditions:
            law = laws[condition.parameter]
            if not any(_is_drawn(law, value) for value in condition.values):
                values = ", ".join(map(shown, condition.values[:10]))
                yield (
                    f"parameter '{parameter.name}' is there when '{condition.parameter}' is "
                    f"{values}, which is never or hardly ever drawn: no run may have it"
                )


def _is_drawn(law: Distribution, value: ParameterValue) -> bool:
    """Whether draws give exactly this value, which is a possible one, now and then."""
    if isinstance(law, Constant | Categorical):
        return True
    assert isinstance(value, int | float)
    if isinstance(law, Quantized):
        return round_to_multiple(value, law.q) == value
    return cardinality(law) is not None and axis(law).position(value) is not None


def remarks_on_grid(grid: Grid, run_cap: int | None) -> Iterator[str]:
    """How the grid was made, and whether it is tried in full."""
    yield from grid.notes
    if run_cap is not None and run_cap < grid.size:
        size = str(grid.size) if grid.size < COUNTABLE else "more than 10^18"
        yield f"run_cap {run_cap} ends the sweep before its {size} grid points"
