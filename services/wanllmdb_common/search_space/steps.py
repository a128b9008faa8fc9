"""Evenly spaced numbers in decimal arithmetic: three steps of 0.1 are 0.3."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import overload

from wanllmdb_common.search_space.distributions import ParameterValue


class SteppedRange(Sequence[float]):
    """min, min+q, min+2q, ... not above max.

    Where doubles can't tell neighbors apart, members repeat; see `limits.py`.

    Attributes:
        size: The number of members, which may exceed what `len` can return.
    """

    def __init__(self, low: float, high: float, q: float) -> None:
        self._low, self._q = Decimal(repr(low)), Decimal(repr(q))
        steps = (Decimal(repr(high)) - self._low) / self._q
        self.size = int(steps.to_integral_value(ROUND_FLOOR)) + 1

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, index: int) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[float]: ...
    def __getitem__(self, index: int | slice) -> float | Sequence[float]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self.size))]
        if not 0 <= index < self.size:
            raise IndexError(index)
        return float(self._low + index * self._q)

    def nearest(self, value: float) -> float:
        """Return the member nearest to `value`."""
        return self[self._nearest_index(value)]

    def position(self, value: ParameterValue) -> int | None:
        """Return the index of `value`; None if it is not a member."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        at = self._nearest_index(value)
        return at if self[at] == value else None

    def _nearest_index(self, value: float) -> int:
        steps = round((Decimal(repr(value)) - self._low) / self._q)
        return min(max(steps, 0), self.size - 1)


def multiples(low: float, high: float, q: int | float) -> Sequence[int | float]:
    """Return every multiple of q from round(low/q)*q to round(high/q)*q; integers if q is."""
    first, last = round_to_multiple(low, q), round_to_multiple(high, q)
    if isinstance(q, int):
        assert isinstance(first, int)
        assert isinstance(last, int)
        return range(first, last + 1, q)
    return SteppedRange(first, last, q)


def round_to_multiple(value: float, q: int | float) -> int | float:
    """Return round(value / q) * q with ties to even; an integer if q is one.

    The arithmetic is decimal, so that 0.15 is halfway between multiples of 0.1, although no
    double is.
    """
    step = Decimal(q) if isinstance(q, int) else Decimal(repr(q))
    times = round(Decimal(repr(value)) / step)
    return times * q if isinstance(q, int) else float(times * step)


def size_of(values: Sequence[object]) -> int:
    """Return the number of values, unlike `len` also beyond 2^63."""
    match values:
        case range():
            return max((values.stop - values.start + values.step - 1) // values.step, 0)
        case SteppedRange():
            return values.size
        case _:
            return len(values)
