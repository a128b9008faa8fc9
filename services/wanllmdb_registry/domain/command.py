"""A command: one mutation of a sweep, executed once within a transaction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from wanllmdb_registry.domain.model import Sweep
from wanllmdb_registry.domain.unit_of_work import (
    LoadPlan,
    RequestKey,
    StoredReply,
    UnitOfWork,
    matching_reply,
)

T = TypeVar("T")


class Command(ABC):
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

    def load_plan(self, sweep: Sweep) -> LoadPlan:
        """Which runs must be loaded, given the sweep as it is now."""
        return LoadPlan()

    @abstractmethod
    def earlier_reply(self, stored: Mapping[str, StoredReply]) -> bytes | None:
        """The answer from what was stored alone; None where nothing was.

        Raises:
            InvalidArgumentError: REQUEST_ID_REUSED.
        """

    @abstractmethod
    def execute(self, work: UnitOfWork) -> bytes:
        """Carries it out, or gives the answer of the first time.

        Several changes share a transaction, so a change that fails must do so
        before it has changed anything.

        Raises:
            ServiceError: it can't be done; nothing was changed.
        """


@dataclass(frozen=True)
class SingleCommand(Command, Generic[T]):
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

    def execute(self, work: UnitOfWork) -> bytes:
        earlier = self.earlier_reply(work.answers)
        if earlier is not None:
            return earlier
        reply = self.encode(self.apply(work))
        if self.key is not None:
            work.record(self.key, reply)
        return reply

    @abstractmethod
    def apply(self, work: UnitOfWork) -> T:
        """The rule itself; see `Command.run` on errors."""
