"""What every benchmark returns: figures, each with its rounds, size, clients and unit."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

# The noise of a figure that was measured once, and the least noise that two runs of the same code
# have on one machine; both were seen on two quiet processors.
NOISE_OF_ONE_ROUND = 0.2
LEAST_NOISE = 0.05
TIMES_AS_FAST = "times as fast"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Attributes:
        name: What was measured, for example `ListRuns, 100 by number`.
        unit: Rates have units that end in `/s`; times are in s, ms or us. CPU times are in `s CPU`
            and the like: other load of the machine hardly changes them, so they are compared as
            they are. More is better of rates and of TIMES_AS_FAST, and less of every other unit.
        rounds: The value of each round, at least one.
        size: How many runs or sweeps there were; 0 if this does not matter.
        clients: How many clients called at once; 0 if nothing was called.
        hops: Through how many services a call goes, for the ratio to an echo that goes through
            as many; 0 for no ratio.
        ratio: The ratio to an echo that was measured in turns with the figure.
        benchmark: The name of the benchmark.
    """

    name: str
    unit: str
    rounds: tuple[float, ...]
    size: int = 0
    clients: int = 0
    hops: int = 0
    ratio: float | None = None
    benchmark: str = ""

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return median(self.rounds)

    @property
    def noise(self) -> float:
        """Half the range of the rounds, as a share of the value."""
        if len(self.rounds) == 1:
            return NOISE_OF_ONE_ROUND
        if not self.value:
            return 0.0
        return max(LEAST_NOISE, (max(self.rounds) - min(self.rounds)) / 2 / abs(self.value))

    @property
    def key(self) -> tuple[str, str, int, int, str]:
        """What two runs have in common about the figure."""
        return (self.benchmark, self.name, self.size, self.clients, self.unit)

    @property
    def is_rate(self) -> bool:
        return self.unit.endswith("/s")

    @property
    def more_is_better(self) -> bool:
        return self.is_rate or self.unit == TIMES_AS_FAST

    @property
    def is_time(self) -> bool:
        return self.unit in ("s", "ms", "us")


class Yardstick:
    """The echo of a run: how fast the machine was, by hops and clients."""

    def __init__(self, echoes: Iterable[Figure]) -> None:
        self._echoes = {(each.hops, each.clients, each.unit): each for each in echoes}

    def ratio(self, figure: Figure) -> float | None:
        """Return the figure as a multiple of the echo with as many hops and clients."""
        if figure.ratio is not None:
            return figure.ratio
        unit = "calls/s" if figure.is_rate else figure.unit
        echo = self._echoes.get((figure.hops, figure.clients, unit))
        return figure.value / echo.value if echo else None

    def speed(self, before: Yardstick) -> float:
        """Return how much faster the machine echoed in this run than in the run before."""
        common = self._echoes.keys() & before._echoes.keys()
        rates = [
            self._echoes[key].value / before._echoes[key].value
            for key in common
            if self._echoes[key].is_rate
        ]
        return median(rates) if rates else 1.0


@dataclass(frozen=True, slots=True)
class Change:
    """A figure compared with the figure of the run before.

    Attributes:
        before: The value before.
        factor: The value now by the value before, as if both machines had been equally fast.
        is_real: Whether the factor differs from 1 by more than the noise of both figures.
        is_better: Whether a real change is an improvement.
    """

    before: float
    factor: float
    is_real: bool
    is_better: bool


def compare(now: Figure, before: Figure, speed: float) -> Change | None:
    """Return the change of a figure, on a machine that is `speed` times as fast as before.

    None if a value is 0, or negative.
    """
    if now.value <= 0 or before.value <= 0:
        return None
    factor = now.value / before.value
    if now.is_rate:
        factor /= speed
    elif now.is_time:
        factor *= speed
    off = max(factor, 1 / factor) - 1
    return Change(
        before.value,
        factor,
        is_real=off > now.noise + before.noise,
        is_better=(factor > 1) == now.more_is_better,
    )


def in_rounds(values: Sequence[float], rounds: int = 3) -> tuple[float, ...]:
    """Return the medians of consecutive parts of the values, as the rounds of a figure."""
    rounds = min(rounds, len(values))
    bounds = [len(values) * i // rounds for i in range(rounds + 1)]
    return tuple(median(values[a:b]) for a, b in itertools.pairwise(bounds))
