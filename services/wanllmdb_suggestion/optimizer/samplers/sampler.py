"""The interface of every sampler, and the seed of each of its asks."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from hashlib import blake2b

from wanllmdb_suggestion.optimizer.types import Parameters, RunRecord


def ask_seed(sweep_seed: int, number: int, redraw: int = 0) -> int:
    """Return a seed in [0, 2^32) for the ask of run `number` and each of its redraws.

    The seed depends on nothing else, so a model rebuilt on another server draws the same. A
    hash keeps neighboring sweeps and numbers unrelated, which a sum would not.
    """
    text = f"{sweep_seed}:{number}:{redraw}" if redraw else f"{sweep_seed}:{number}"
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big")


class ConstraintsNotMetError(Exception):
    """No point was found that meets the constraints; the text describes the search."""


class UnfinishedSearchError(Exception):
    """No point was found so far; the next call continues the search."""


class Sampler(abc.ABC):
    """Chooses parameters from the records of runs.

    A proposal depends on the prior runs that the sampler was made with, the observed records
    (the latest of each run), the proposals expected since the last `forget_expected`, the
    sweep's seed and the run's number, and on nothing else. So a sampler rebuilt from the same
    records makes the same proposals.

    Not thread-safe: a model uses its sampler from one thread at a time.
    """

    @abc.abstractmethod
    def observe(self, record: RunRecord) -> None:
        """Take the record of a run that is new or changed."""

    def observe_all(self, records: Sequence[RunRecord]) -> None:
        """Take the records of many runs, each of which is new."""
        for record in records:
            self.observe(record)

    @abc.abstractmethod
    def propose(self, number: int, redraw: int = 0) -> Parameters | None:
        """Return parameters for the new run `number`; None once every point was proposed.

        Args:
            number: The number of the run.
            redraw: How many proposals for the run were rejected. Each redraw gives other
                parameters, if the sampler has others.
        """

    @abc.abstractmethod
    def complete(self, number: int, given: Parameters, redraw: int = 0) -> Parameters:
        """Return the given parameters of the queued run `number`, completed by the sampler."""

    @abc.abstractmethod
    def expect(self, number: int, parameters: Parameters) -> None:
        """Count a proposal as a running run until `forget_expected`."""

    @abc.abstractmethod
    def forget_expected(self) -> None:
        """Forget all expected proposals: the records will show what became of them."""

    def state(self, number: int, parameters: Parameters) -> bytes:
        """Return the state to store with run `number` if the run gets `parameters`.

        The state is empty if parameters and results determine the sampler's later proposals.

        Args:
            number: The run that was proposed or completed last.
            parameters: The parameters that were chosen for the run, or their replacement.
        """
        return b""

    @property
    def redraws(self) -> int:
        """The most redraws of one run that are worth their time."""
        return 8

    @property
    def learns_from_results(self) -> bool:
        """Whether proposals depend on the results of runs, not only on which runs exist.

        A sampler that does not learn from results keeps no state either.
        """
        return False

    @property
    def is_exhausted(self) -> bool:
        """Whether every point of the space was proposed, expected proposals included."""
        return False
