"""What every method of choosing parameters offers to a model."""

from __future__ import annotations

import abc

from wanllmdb_suggestion.study.records import Parameters, RunRecord


class Sampler(abc.ABC):
    """Chooses parameters from the runs that it was told of.

    What it proposes depends on the records observed (the latest of each run),
    the proposals expected since the last `forget_expected`, the sweep's seed
    and the run's number; on nothing else. So a sampler built anew from the
    same records goes on in the same way.

    Not thread-safe: a model uses its sampler from one thread at a time.
    """

    @abc.abstractmethod
    def observe(self, record: RunRecord) -> None:
        """Takes a new run or one that changed."""

    @abc.abstractmethod
    def propose(self, number: int) -> Parameters | None:
        """Parameters for the new run `number`; None when every point was handed out."""

    @abc.abstractmethod
    def complete(self, number: int, given: Parameters) -> Parameters:
        """Parameters for the queued run `number`: those given, and the missing ones chosen."""

    @abc.abstractmethod
    def expect(self, number: int, parameters: Parameters) -> None:
        """Counts a proposal as a running run until `forget_expected`."""

    @abc.abstractmethod
    def forget_expected(self) -> None:
        """Takes all expectations back: the records will tell what came of them."""

    @property
    def learns_from_results(self) -> bool:
        """Whether proposals depend on how runs ended, and not only on which there are."""
        return False

    @property
    def is_exhausted(self) -> bool:
        """Whether every point of the space was handed out, expectations included."""
        return False
