"""What every method of choosing parameters offers to a model."""

from __future__ import annotations

import abc
from hashlib import blake2b

from wanllmdb_suggestion.optimizer.types import Parameters, RunRecord


def ask_seed(sweep_seed: int, number: int, redraw: int = 0) -> int:
    """A seed in [0, 2^32) for the ask of run `number`, and for each time that it is drawn again.

    Nothing else goes in, so a study rebuilt anywhere draws as this one would.
    A hash keeps neighbouring sweeps and numbers unrelated, which their sum
    would not.
    """
    text = f"{sweep_seed}:{number}:{redraw}" if redraw else f"{sweep_seed}:{number}"
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big")


class ConstraintsNotMetError(Exception):
    """No point was found that meets the constraints; the text says how it was looked for."""


class UnfinishedSearchError(Exception):
    """No point was found so far; the next call goes on where this one stopped."""


class Sampler(abc.ABC):
    """Chooses parameters from the runs that it was told of.

    What it proposes depends on the prior runs that it was made with, the records
    observed (the latest of each run), the proposals expected since the last
    `forget_expected`, the sweep's seed and the run's number; on nothing else. So a
    sampler built anew from the same records goes on in the same way.

    Not thread-safe: a model uses its sampler from one thread at a time.
    """

    @abc.abstractmethod
    def observe(self, record: RunRecord) -> None:
        """Takes a new run or one that changed."""

    @abc.abstractmethod
    def propose(self, number: int, redraw: int = 0) -> Parameters | None:
        """Parameters for the new run `number`; None when every point was handed out.

        Args:
            number: The run's.
            redraw: How often its parameters were turned down; each time others
                are drawn, where the sampler has others.
        """

    @abc.abstractmethod
    def complete(self, number: int, given: Parameters, redraw: int = 0) -> Parameters:
        """Parameters for the queued run `number`: those given, and the missing ones chosen."""

    @abc.abstractmethod
    def expect(self, number: int, parameters: Parameters) -> None:
        """Counts a proposal as a running run until `forget_expected`."""

    @abc.abstractmethod
    def forget_expected(self) -> None:
        """Takes all expectations back: the records will tell what came of them."""

    def state(self, number: int, parameters: Parameters) -> bytes:
        """What is to be stored with run `number` if it gets `parameters`, until a record says
        the same; empty where parameters and results tell all.

        Args:
            number: The run that was proposed or completed last.
            parameters: What was chosen for it, or what it gets in its place.
        """
        return b""

    @property
    def redraws(self) -> int:
        """How many redraws of one run may be worth their time."""
        return 8

    @property
    def learns_from_results(self) -> bool:
        """Whether proposals depend on how runs ended, and not only on which there are.

        One that does not keeps no state either.
        """
        return False

    @property
    def is_exhausted(self) -> bool:
        """Whether every point of the space was handed out, expectations included."""
        return False
