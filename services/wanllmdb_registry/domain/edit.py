"""A sweep within a write transaction: what was loaded, and what changed."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from wanllmdb_common.errors import InvalidArgumentError, NotFoundError
from wanllmdb_registry.domain.model import MetricPoint, Run, RunState, Sweep


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Makes a request exactly-once: its id and a digest of what it asks for."""

    request_id: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class StoredReply:
    """What a request was answered."""

    fingerprint: bytes
    reply: bytes


@dataclass(frozen=True, slots=True)
class Needs:
    """Which runs a change must find loaded."""

    numbers: frozenset[int] = frozenset()
    external_run_ids: frozenset[str] = frozenset()
    queued: bool = False
    expired: bool = False


@dataclass(slots=True)
class SweepEdit:
    """The sweep, locked, with the runs that the changes need.

    Every change goes through the methods here, which keep revisions, counters
    and the list of what is to be written in step. `now` is the database's clock.
    """

    sweep: Sweep
    now: datetime
    lease: timedelta
    runs: dict[int, Run] = field(default_factory=dict)
    replies: dict[str, StoredReply] = field(default_factory=dict)
    created: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    points: list[MetricPoint] = field(default_factory=list)
    new_replies: dict[str, StoredReply] = field(default_factory=dict)
    deleted: bool = False
    mutations: int = 0

    def run(self, number: int) -> Run:
        """The run.

        Raises:
            NotFoundError: RUN_NOT_FOUND.
        """
        try:
            return self.runs[number]
        except KeyError:
            raise run_not_found(self.sweep.sweep_id, number=number) from None

    def next_revision(self) -> int:
        """A revision for the next change; each change of the transaction has its own."""
        self.sweep.revision += 1
        self.mutations += 1
        return self.sweep.revision

    def touch_sweep(self) -> None:
        """Records that the sweep's own fields or state changed."""
        self.sweep.own_revision = self.next_revision()
        self.sweep.version += 1

    def touch(self, run: Run) -> None:
        """Records that a run changed."""
        run.revision = self.next_revision()
        self.changed.add(run.number)

    def move(self, run: Run, state: RunState) -> None:
        """Brings a run into a state; a final one ends its lease and its clock."""
        self.sweep.counts.move(run.state, state)
        if run.state.is_final and run.start_time and run.end_time:
            self.sweep.ended_seconds -= (run.end_time - run.start_time).total_seconds()
        run.state = state
        run.lease_expire_time = None
        run.end_time = self.now if state.is_final else None
        if state.is_final and run.start_time:
            self.sweep.ended_seconds += (self.now - run.start_time).total_seconds()
        self.touch(run)

    def create(self, run: Run) -> None:
        """Adds a run under the sweep's next number."""
        if run.number != self.sweep.next_number:
            raise AssertionError(f"run {run.number} is not the next one")
        self.sweep.next_number += 1
        self.sweep.counts.move(None, run.state)
        self.runs[run.number] = run
        self.created.add(run.number)
        run.revision = self.next_revision()

    @property
    def answers(self) -> Mapping[str, StoredReply]:
        """What requests were answered, before or within this transaction."""
        return ChainMap(self.new_replies, self.replies)

    def record(self, key: RequestKey, reply: bytes) -> None:
        """Keeps the answer for a repeated request."""
        self.mutations += 1
        self.new_replies[key.request_id] = StoredReply(key.fingerprint, reply)


def matching_reply(key: RequestKey, stored: StoredReply) -> bytes:
    """The stored answer, if it was given to this request.

    Raises:
        InvalidArgumentError: REQUEST_ID_REUSED.
    """
    if stored.fingerprint != key.fingerprint:
        raise InvalidArgumentError(
            "REQUEST_ID_REUSED",
            f"request_id {key.request_id} was used before with another request; "
            "make a new id for each new request",
            request_id=key.request_id,
        )
    return stored.reply


def sweep_not_found(sweep_id: str) -> NotFoundError:
    """SWEEP_NOT_FOUND."""
    return NotFoundError(
        "SWEEP_NOT_FOUND", f"there is no sweep '{sweep_id:.100}'", sweep_id=sweep_id[:100]
    )


def run_not_found(
    sweep_id: str, *, number: int | None = None, external_run_id: str | None = None
) -> NotFoundError:
    """RUN_NOT_FOUND."""
    if number is not None:
        text = f"sweep '{sweep_id}' has no run {number}"
        return NotFoundError("RUN_NOT_FOUND", text, sweep_id=sweep_id, number=number)
    return NotFoundError(
        "RUN_NOT_FOUND",
        f"sweep '{sweep_id}' has no run with external_run_id '{external_run_id}'",
        sweep_id=sweep_id,
        external_run_id=external_run_id,
    )
