"""Hyperband's bands: at which iterations runs are compared.

Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter
Optimization, JMLR 18, 2018; in the form that W&B sweeps use.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hyperband:
    """Bands at min_iter * eta^i, or at max_iter / eta^i for i = 1..s, cut to integers.

    Either `min_iter` is given, or `max_iter` and `s`; the others are 0. A run
    goes on while it is not worse than the value at place n/eta of those at its
    band. `strict` tests its value at the band, else its best one so far.
    """

    min_iter: int = 0
    eta: float = 3.0
    strict: bool = True
    max_iter: int = 0
    s: int = 0

    def bands(self) -> Iterator[int]:
        """Ascending iterations, counted from 1, each once; with min_iter without end."""
        last = 0
        for exact in self._endless() if self.min_iter else self._before_max_iter():
            if int(exact) > last:
                last = int(exact)
                yield last

    def _endless(self) -> Iterator[float]:
        exact = float(self.min_iter)
        while math.isfinite(exact):
            yield exact
            exact *= self.eta

    def _before_max_iter(self) -> Iterator[float]:
        found = []
        exact = float(self.max_iter)
        for _ in range(self.s):
            exact /= self.eta
            if exact < 1:
                break
            found.append(exact)
        return reversed(found)


def values_at(band: int) -> int:
    """How many finite values a run has when it reaches the band: iterations count from 1."""
    return band
