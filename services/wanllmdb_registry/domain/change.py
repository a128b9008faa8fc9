"""What a mutation of a sweep is: a rule applied to a sweep in a transaction, once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from wanllmdb_registry.domain.edit import Needs, RequestKey, SweepEdit
from wanllmdb_registry.domain.model import Sweep

T = TypeVar("T")


class Change(ABC):
    """One mutation of one sweep, answered with encoded bytes."""

    @property
    @abstractmethod
    def keys(self) -> Sequence[RequestKey]:
        """The requests that it answers, whose stored replies must be loaded."""

    @property
    def needs_lock(self) -> bool:
        """Whether it must hold the sweep and its runs locked from the start."""
        return False

    def needs(self, sweep: Sweep) -> Needs:
        """Which runs must be loaded, given the sweep as it is now."""
        return Needs()

    @abstractmethod
    def run(self, edit: SweepEdit) -> bytes:
        """Carries it out, or gives the answer of the first time.

        Several changes share a transaction, so a change that fails must do so
        before it has changed anything.

        Raises:
            ServiceError: it can't be done; nothing was changed.
        """


@dataclass(frozen=True)
class SingleChange(Change, Generic[T]):
    """A mutation that answers one request.

    `encode` turns the result into the bytes that are kept for a repetition.
    """

    key: RequestKey | None
    encode: Callable[[T], bytes]

    @property
    def keys(self) -> Sequence[RequestKey]:
        return () if self.key is None else (self.key,)

    def run(self, edit: SweepEdit) -> bytes:
        if self.key is not None:
            reply = edit.replay(self.key)
            if reply is not None:
                return reply
        reply = self.encode(self.apply(edit))
        if self.key is not None:
            edit.record(self.key, reply)
        return reply

    @abstractmethod
    def apply(self, edit: SweepEdit) -> T:
        """The rule itself; see `Change.run` on errors."""
