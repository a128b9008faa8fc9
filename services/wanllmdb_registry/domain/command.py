"""A command: one mutation of a sweep, executed once within a transaction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from wanllmdb_registry.domain.model import Sweep
from wanllmdb_registry.domain.sweep_events import NO_REQUESTER, Requester
from wanllmdb_registry.domain.unit_of_work import (
    LoadPlan,
    RequestKey,
    StoredReply,
    UnitOfWork,
    matching_reply,
)

T = TypeVar("T")


class Command(ABC):
    """One mutation of one sweep; its answer is encoded."""

    @property
    @abstractmethod
    def keys(self) -> Sequence[RequestKey]:
        """The requests that the command answers; the store loads their stored replies."""

    @property
    @abstractmethod
    def requester(self) -> Requester:
        """Who asked for the command, for its events."""

    @property
    def weight(self) -> int:
        """Number of values in the command; a large one shares its transaction with fewer others."""
        return 0

    @property
    def needs_lock(self) -> bool:
        """Whether the sweep and its runs must be locked before they are loaded."""
        return False

    def load_plan(self, sweep: Sweep) -> LoadPlan:
        """Return what must be loaded, given the sweep as it is now."""
        return LoadPlan()

    @abstractmethod
    def earlier_reply(self, stored: Mapping[str, StoredReply]) -> bytes | None:
        """Return the answer from stored replies alone; None if none is stored.

        Raises:
            InvalidArgumentError: REQUEST_ID_REUSED.
        """

    @abstractmethod
    def execute(self, work: UnitOfWork) -> bytes:
        """Execute the command, or return the answer of its first execution.

        Several commands share a transaction, so a command that fails must fail before it has
        changed anything.

        Raises:
            ServiceError: the command was rejected; nothing was changed.
        """


@dataclass(frozen=True)
class SingleCommand(Command, Generic[T]):
    """A command that answers one request.

    `encode` turns the result into the reply. It runs within the transaction, which also stores
    the reply, so that a repetition of the request gets the same bytes.
    """

    key: RequestKey | None
    encode: Callable[[T], bytes]
    requester: Requester = field(default=NO_REQUESTER, kw_only=True)

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
        """Apply the command to the sweep; see `Command.execute` on errors."""
