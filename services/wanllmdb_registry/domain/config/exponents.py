"""Bounds of W&B's log_uniform are exponents; hints for users who mix up the two forms."""

from __future__ import annotations

import math

# A larger bound is not an exponent, since 10 to its power is not a double.
_LARGEST = 300.0
# Bounds that are likely exponents: 0.01 would rather be written 0, and e^30 is 10^13.
_LEAST_EXPONENT = 0.1
_MOST_EXPONENT = 30.0


def may_be_exponents(low: float, high: float) -> bool:
    """Return whether bounds above 0 may be meant as exponents.

    Bounds from 1 to 5 may be. Bounds from 0.0001 to 0.1 are not, since e^0.0001 is about 1, and
    neither are bounds from 16 to 512, since e^512 is too large to be useful.
    """
    return _LEAST_EXPONENT <= low < high <= _MOST_EXPONENT and high > 1


def both_readings(low: float, high: float) -> str:
    """Return a warning that bounds are values here but exponents in W&B, with both spellings."""
    left, right = _numbers(low, high)
    settled = f"log_uniform_values with min: {low:g} and max: {high:g}"
    if isinstance(low, int) and isinstance(high, int):
        settled = f"q_{settled} and q: 1, which gives integers"
    return (
        f"log_uniform from {low:g} to {high:g} means the values {low:g} to {high:g} here, but "
        f"e^{low:g} to e^{high:g} ({left} to {right}) in W&B; for W&B's values write "
        f"log_uniform_values with min: {left} and max: {right}; to keep {low:g} to {high:g} "
        f"without this warning write {settled}"
    )


def as_exponents(low: float, high: float) -> str:
    """Return the values of the bounds as exponents of e and of 10, for a sentence."""
    if not max(abs(low), abs(high)) <= _LARGEST:
        return " as in W&B's log_uniform"
    left, right = _numbers(low, high)
    return (
        f" as in W&B's log_uniform; for e^{low:g} to e^{high:g} write {left} and {right}, for "
        f"10^{low:g} to 10^{high:g} write {10.0**low:.6g} and {10.0**high:.6g}"
    )


def of_exponent_distribution(kind: str, sign: int, low: float | None, high: float | None) -> str:
    """Return what to write instead of a W&B distribution whose bounds are exponents.

    Args:
        kind: The distribution's name; `{kind}_values` is the one whose bounds are values.
        sign: The sign of the exponents.
        low: The lower bound; None if it is not a number.
        high: The upper bound; None if it is not a number.
    """
    text = (
        f"{kind} takes exponents in W&B and is not supported; write {kind}_values, whose min and "
        "max are the values themselves"
    )
    if low is None or high is None or not max(abs(low), abs(high)) <= _LARGEST:
        return f"{text}: 0.001, not -6.9"
    least, most = sorted((sign * low, sign * high))
    left, right = _numbers(least, most)
    text += f": for the exponents {low:g} to {high:g} write min: {left} and max: {right}"
    if low > 0:
        text += f", for the values {low:g} to {high:g} write min: {low:g} and max: {high:g}"
    return text


def _numbers(low: float, high: float) -> tuple[str, str]:
    return f"{math.exp(low):.6g}", f"{math.exp(high):.6g}"
