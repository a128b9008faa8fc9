"""Distributions that are simpler than they are written: repeated values, no width."""

from __future__ import annotations

import math
from collections.abc import Hashable

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Constant,
    Distribution,
    LogNormal,
    Normal,
    ParameterValue,
    Quantized,
    value_key,
)
from wanllmdb_common.search_space.steps import round_to_multiple
from wanllmdb_registry.domain.config.reading.reader import Reader
from wanllmdb_registry.domain.config.rules.laws import MAX_CHOICES
from wanllmdb_registry.domain.config.rules.values import problems_of_value
from wanllmdb_registry.domain.config.wording import shown

# e to more than that is no double.
_LARGEST_LOGARITHM = 700.0


def without_repeats(reader: Reader, path: str, law: Categorical) -> Categorical:
    """Each value once, with the sum of its probabilities; warns where that changes something.

    Args:
        reader: Takes the warning.
        path: Where the values stand.
        law: As written.
    """
    weighted = bool(law.probabilities)
    if len(law.values) > MAX_CHOICES or (weighted and len(law.probabilities) != len(law.values)):
        return law
    if any(True for value in law.values for _ in problems_of_value("", value)):
        return law
    first: dict[Hashable, ParameterValue] = {}
    shares: dict[Hashable, list[float]] = {}
    for index, value in with_checkpoints(enumerate(law.values)):
        key = value_key(value)
        first.setdefault(key, value)
        shares.setdefault(key, []).append(law.probabilities[index] if weighted else 0.0)
    repeated = [first[key] for key, each in shares.items() if len(each) > 1]
    if not repeated:
        return law
    more = "" if len(repeated) == 1 else f", and so are {len(repeated) - 1:,} others"
    how = "with the sum of its probabilities" if weighted else "for more weight write probabilities"
    reader.warn(
        f"{path}: {shown(repeated[0])} is there more than once{more}; each value counts once, {how}"
    )
    summed = tuple(math.fsum(each) for each in shares.values()) if weighted else ()
    return Categorical(tuple(first.values()), summed)


def fixed(reader: Reader, name: str, law: Distribution | None) -> Distribution | None:
    """A constant in place of a normal distribution whose sigma is 0, with a warning."""
    inner = law.distribution if isinstance(law, Quantized) else law
    if not isinstance(inner, Normal | LogNormal) or inner.sigma != 0:
        return law
    is_log = isinstance(inner, LogNormal)
    if not abs(inner.mu) <= (_LARGEST_LOGARITHM if is_log else math.inf):
        return law
    value: int | float = math.exp(inner.mu) if is_log else inner.mu
    if isinstance(law, Quantized):
        if not (math.isfinite(law.q) and law.q > 0 and math.isfinite(value)):
            return law
        value = round_to_multiple(value, law.q)
    reader.warn(f"parameter '{name}': sigma is 0, so that its value is always {shown(value)}")
    return Constant(value)
