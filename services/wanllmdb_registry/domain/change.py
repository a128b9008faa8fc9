"""What a mutation of a sweep is: a rule applied to a sweep in a transaction, once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from wanllmdb_registry.domain.edit import Needs, RequestKey, StoredReply, SweepEdit, matching_reply
from wanllmdb_registry.domain.model import Sweep

T = TypeVar("T")


class Change(ABC):
    """One mutation of one sweep, answered with encoded bytes."""

    @property
    @abstractmethod
    def keys(self) -> Sequence[RequestKey]:
        """The requests that it answers, whose stored replies must be loaded."""

    @property
    def weight(self) -> int:
        """How many values it brings: what is large goes with fewer others."""
        return 0

    @property
    def needs_lock(self) -> bool:
        """Whether it must hold the sweep and its runs locked from the start."""
        return False

    def needs(self, sweep: Sweep) -> Needs:
        """Which runs must be loaded, given the sweep as it is now."""
        return Needs()

    @abstractmethod
    def earlier_reply(self, stored: Mapping[str, StoredReply]) -> bytes | None:
        """The answer from what was stored alone; None where nothing was.

        Raises:
            InvalidArgumentError: REQUEST_ID_REUSED.
        """

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

    def earlier_reply(self, stored: Mapping[str, StoredReply]) -> bytes | None:
        if self.key is None or self.key.request_id not in stored:
            return None
        return matching_reply(self.key, stored[self.key.request_id])

    def run(self, edit: SweepEdit) -> bytes:
        earlier = self.earlier_reply(edit.answers)
        if earlier is not None:
            return earlier
        reply = self.encode(self.apply(edit))
        if self.key is not None:
            edit.record(self.key, reply)
        return reply

    @abstractmethod
    def apply(self, edit: SweepEdit) -> T:
        """The rule itself; see `Change.run` on errors."""
