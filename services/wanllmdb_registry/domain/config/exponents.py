"""What bounds would be as exponents, which is what W&B's log_uniform takes them for."""

from __future__ import annotations

import math

# Beyond these a bound is no exponent: 10 to it is no double.
_LARGEST = 300.0
# An exponent of 0.01 would rather be 0, and e^30 is 10^13.
_LEAST_EXPONENT = 0.1
_MOST_EXPONENT = 30.0


def may_be_exponents(low: float, high: float) -> bool:
    """Whether bounds above 0 may be meant as exponents.

    From 0.0001 to 0.1 they are not, e^0.0001 is about 1, nor from 16 to 512, e^512 is no
    number of any use; from 1 to 5 they may.
    """
    return _LEAST_EXPONENT <= low < high <= _MOST_EXPONENT and high > 1


def both_readings(low: float, high: float) -> str:
    """That bounds are values here and exponents in W&B, and how either is written."""
    left, right = _numbers(low, high)
    settled = f"log_uniform_values with min: {low:g} and max: {high:g}"
    if isinstance(low, int) and isinstance(high, int):
        settled = f"q_{settled} and q: 1, which gives integers"
    return (
        f"log_uniform from {low:g} to {high:g} means the values {low:g} to {high:g} here, and in "
        f"W&B e^{low:g} to e^{high:g}, {left} to {right}; for those write log_uniform_values with "
        f"min: {left} and max: {right}, and to settle it for the values {settled}"
    )


def as_exponents(low: float, high: float) -> str:
    """What the bounds are as exponents of e and of 10."""
    if not max(abs(low), abs(high)) <= _LARGEST:
        return ", which W&B's log_uniform takes them for"
    left, right = _numbers(low, high)
    return (
        f"; for e^{low:g} to e^{high:g}, as W&B's log_uniform means them, write {left} and "
        f"{right}, for 10^{low:g} to 10^{high:g} {10.0**low:.6g} and {10.0**high:.6g}"
    )


def of_exponent_distribution(kind: str, sign: int, low: float | None, high: float | None) -> str:
    """What to write for one of W&B's distributions whose bounds are exponents.

    Args:
        kind: Its name, which with `_values` behind is the one whose bounds are values.
        sign: Of the exponents.
        low: The bounds, where they are numbers.
        high: See `low`.
    """
    text = (
        f"{kind} takes exponents in W&B and is not read here; write {kind}_values, whose min and "
        "max are the values themselves"
    )
    if low is None or high is None or not max(abs(low), abs(high)) <= _LARGEST:
        return f"{text}: 0.001, not -6.9"
    least, most = sorted((sign * low, sign * high))
    left, right = _numbers(least, most)
    text += f": for the exponents {low:g} to {high:g} min: {left} and max: {right}"
    if low > 0:
        text += f", for the values {low:g} to {high:g} min: {low:g} and max: {high:g}"
    return text


def _numbers(low: float, high: float) -> tuple[str, str]:
    return f"{math.exp(low):.6g}", f"{math.exp(high):.6g}"
