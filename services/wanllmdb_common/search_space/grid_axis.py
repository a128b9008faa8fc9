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

# The default number of values into which a continuous parameter without q is divided.
GRID_POINTS = 10


class GridAxis:
    """Each value of a parameter once, by index. Ranges are not expanded, however long.

    Attributes:
        size: The number of values.
    """

    def __init__(self, values: Sequence[ParameterValue]) -> None:
        self._values = values
        self._position = _position_in(values)
        self.size = size_of(values)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> ParameterValue:
        return self._values[index]

    def position(self, value: ParameterValue) -> int | None:
        """Return the index of `value`; None if it is not on the axis."""
        return self._position(value)


def axis(distribution: Distribution, grid_points: int = GRID_POINTS) -> GridAxis:
    """Return the values of a parameter on the grid.

    All steps or categories are on the axis, in order. A distribution without steps is divided
    into `grid_points` values: uniform ones evenly between the bounds, by value or by logarithm;
    normal ones and beta at the middles of equally likely parts. A rounded normal distribution
    is divided in the same way before rounding, since it has infinitely many multiples.
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
    """Whether the axis holds only some of the distribution's values."""
    match distribution:
        case Uniform(q=None) | LogUniform(q=None) | Normal() | LogNormal() | Beta():
            return True
        case Quantized(distribution=Normal() | LogNormal()):
            return True
        case _:
            return False


def how_cut(distribution: Distribution, grid_points: int) -> str:
    """Describe the values on the axis, for a distribution of which `is_cut` is true."""
    size = axis(distribution, grid_points).size
    middles = [f"{(i + 0.5) / grid_points:.4g}" for i in (0, grid_points - 1)]
    at_quantiles = f"at the quantiles {middles[0]} to {middles[1]} of its distribution"
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
            return f"has no bounds: its grid is {size} multiples of q {at_quantiles}"
        case _:
            return f"has no bounds: its grid is {size} values {at_quantiles}"


def _plain(value: float) -> float:
    """Return the value without the last digits, which hold rounding errors: 0.01 for 0.0099999."""
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
            indexes = {value_key(value): index for index, value in enumerate(values)}
            return lambda value: indexes.get(value_key(value))


def _position_among(numbers: list[float], value: ParameterValue) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    at = bisect_left(numbers, value)
    return at if at < len(numbers) and numbers[at] == value else None
