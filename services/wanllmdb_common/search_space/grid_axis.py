"""The values of one parameter on a grid."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

from wanllmdb_common.search_space.distributions import (
    Beta,
    Categorical,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogNormal,
    LogUniform,
    Normal,
    ParameterValue,
    Quantized,
    Uniform,
    contains,
    value_key,
)
from wanllmdb_common.search_space.quantiles import bounds, quantile
from wanllmdb_common.search_space.steps import SteppedRange, multiples, size_of

# Into how many values a continuous parameter without q is cut, where nothing else is said.
GRID_POINTS = 10


class GridAxis:
    """Each value once, by place. Holds ranges as such, however long they are.

    Attributes:
        size: How many values there are.
    """

    def __init__(self, values: Sequence[ParameterValue]) -> None:
        self._values = values
        self._position = _position_in(values)
        self.size = size_of(values)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, place: int) -> ParameterValue:
        return self._values[place]

    def position(self, value: ParameterValue) -> int | None:
        """The place of `value`; None where it has none."""
        return self._position(value)


def axis(distribution: Distribution, grid_points: int = GRID_POINTS) -> GridAxis:
    """The values of a parameter on the grid.

    What has steps or categories is there in full, in order. A law without steps
    is cut into `grid_points` values: those with bounds evenly from one bound to
    the other, by value or by logarithm, the normal ones and beta at the middles
    of as many equally likely parts. A normal law that is rounded is cut likewise
    first, since its multiples have no end.
    """
    match distribution:
        case Constant(value=value):
            return GridAxis((value,))
        case Categorical(values=values):
            return GridAxis(tuple({value_key(value): value for value in values}.values()))
        case IntUniform(min=low, max=high, q=q) | IntLogUniform(min=low, max=high, q=q):
            return GridAxis(range(low, high + 1, q))
        case Uniform(min=low, max=high, q=float(q)) | LogUniform(min=low, max=high, q=float(q)):
            return GridAxis(SteppedRange(low, high, q))
        case Quantized(distribution=Uniform() | LogUniform() | Beta() as inner, q=q):
            return GridAxis(multiples(*bounds(inner), q))
        case Uniform() | LogUniform():
            of = quantile(distribution)
            between = [_plain(of(i / (grid_points - 1))) for i in range(1, grid_points - 1)]
            return GridAxis(
                sorted(
                    {
                        distribution.min,
                        distribution.max,
                        *(x for x in between if contains(distribution, x)),
                    }
                )
            )
        case Normal() | LogNormal() | Beta() | Quantized():
            of = quantile(distribution)
            return GridAxis(sorted({of((i + 0.5) / grid_points) for i in range(grid_points)}))


def is_cut(distribution: Distribution) -> bool:
    """Whether the axis holds only some of the law's values."""
    match distribution:
        case Uniform(q=None) | LogUniform(q=None) | Normal() | LogNormal() | Beta():
            return True
        case Quantized(distribution=Normal() | LogNormal()):
            return True
        case _:
            return False


def how_cut(distribution: Distribution, grid_points: int) -> str:
    """In words, for a law of which `is_cut` is true."""
    size = axis(distribution, grid_points).size
    middles = [f"{(i + 0.5) / grid_points:.4g}" for i in (0, grid_points - 1)]
    at_quantiles = f"at the law's quantiles {middles[0]} to {middles[1]}"
    match distribution:
        case Uniform():
            return f"is continuous and has no q: its grid is {size} values evenly spaced"
        case LogUniform():
            return (
                f"is continuous and has no q: its grid is {size} values evenly spaced by logarithm"
            )
        case Beta():
            return f"is continuous and has no q: its grid is {size} values {at_quantiles}"
        case Quantized():
            return f"has a law without bounds: its grid is {size} multiples of q {at_quantiles}"
        case _:
            return f"has a law without bounds: its grid is {size} values {at_quantiles}"


def _plain(value: float) -> float:
    """Without the last digits, in which rounding has left its traces: 0.01, not 0.0099999999."""
    return float(f"{value:.13g}")


def _position_in(values: Sequence[ParameterValue]) -> Callable[[ParameterValue], int | None]:
    match values:
        case range():
            return lambda value: (
                values.index(value)
                if isinstance(value, int) and not isinstance(value, bool) and value in values
                else None
            )
        case SteppedRange():
            return values.position
        case list():
            return lambda value: _position_among(values, value)
        case _:
            places = {value_key(value): place for place, value in enumerate(values)}
            return lambda value: places.get(value_key(value))


def _position_among(numbers: list[float], value: ParameterValue) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    at = bisect_left(numbers, value)
    return at if at < len(numbers) and numbers[at] == value else None
