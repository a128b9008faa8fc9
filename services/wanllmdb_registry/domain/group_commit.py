"""Changes of one sweep that wait anyway are committed together.

A transaction costs its round trips and its lock, hardly its rows. While one of a
sweep is under way, later changes of the same sweep queue up and go together in
the next one. Other sweeps are not held up.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from wanllmdb_common.deadline import current_deadline
from wanllmdb_common.errors import ServiceError, UnavailableError
from wanllmdb_common.telemetry.trace_context import current_trace, within_trace
from wanllmdb_registry.domain.change import Change
from wanllmdb_registry.prometheus_metrics import COMMIT_CHANGES, COMMIT_SECONDS

if TYPE_CHECKING:
    from opentelemetry.context import Context

# The answer of a change, or why it was refused.
Outcome = bytes | ServiceError

# Enough to make the transaction's own cost vanish, few enough to stay short.
MAX_CHANGES = 256
# Values that changes bring together, unless one brings more: those of others wait for less.
MAX_WEIGHT = 20_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A change, where its answer goes, when nobody waits for it any more, and its trace."""

    change: Change
    answer: asyncio.Future[bytes]
    deadline: float | None
    trace: Context | None


class MixedTransactionError(Exception):
    """A change failed after it had changed something, so the transaction was dropped."""


class ChangeStore(Protocol):
    """What carries changes out; see `SweepStore.apply`."""

    async def apply(self, sweep_id: str, changes: Sequence[Change]) -> list[Outcome]:
        """One transaction, one outcome a change."""


class GroupCommit:
    """Queues changes by sweep and hands them to the store in batches."""

    def __init__(self, store: ChangeStore, on_commit: Callable[[str], None]) -> None:
        self._store = store
        self._on_commit = on_commit
        self._waiting: defaultdict[str, list[_Waiting]] = defaultdict(list)
        self._workers: dict[str, asyncio.Task[None]] = {}

    async def submit(self, sweep_id: str, change: Change) -> bytes:
        """Carries the change out, together with others, and gives its answer.

        A caller that is canceled while it waits may or may not have its change
        carried out. What is committed together is given up when the last of its
        callers gives up, so that nobody's short deadline fails another's change.

        Raises:
            ServiceError: the change was refused, or the database failed.
        """
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(change, answer, current_deadline(), current_trace())
        self._waiting[sweep_id].append(waiting)
        if sweep_id not in self._workers:
            self._workers[sweep_id] = asyncio.create_task(
                self._drain(sweep_id),
                name=f"commit {sweep_id}",
                # It works for those who come later too: nothing of the first one's call.
                context=contextvars.Context(),
            )
        return await answer

    async def close(self) -> None:
        """Waits until everything submitted is carried out."""
        while self._workers:
            await asyncio.gather(*self._workers.values())

    async def _drain(self, sweep_id: str) -> None:
        queue = self._waiting[sweep_id]
        try:
            while queue:
                count = _together(queue)
                batch = [waiting for waiting in queue[:count] if not waiting.answer.done()]
                del queue[:count]
                if batch:
                    await self._commit(sweep_id, batch)
        finally:
            del self._workers[sweep_id]
            del self._waiting[sweep_id]

    async def _commit(self, sweep_id: str, batch: Sequence[_Waiting]) -> None:
        began = time.perf_counter()
        try:
            with within_trace(batch[0].trace):
                async with asyncio.timeout_at(_last_deadline(batch)):
                    outcomes = await self._store.apply(sweep_id, [one.change for one in batch])
        except TimeoutError:
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(_too_late())
            return
        except Exception as error:
            # One change that the database refuses must not fail its neighbours.
            if len(batch) > 1 and not isinstance(error, ServiceError):
                log.exception("a batch of changes failed; trying one by one", sweep_id=sweep_id)
                for waiting in batch:
                    await self._commit(sweep_id, [waiting])
                return
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
            return
        COMMIT_SECONDS.observe(time.perf_counter() - began)
        COMMIT_CHANGES.observe(len(batch))
        if not all(isinstance(outcome, ServiceError) for outcome in outcomes):
            self._on_commit(sweep_id)
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(outcome, ServiceError):
                waiting.answer.set_exception(outcome)
            else:
                waiting.answer.set_result(outcome)


def _together(queue: Sequence[_Waiting]) -> int:
    """How many of the queue, from the first on, go into one transaction."""
    weight = 0
    for count, waiting in enumerate(queue[:MAX_CHANGES]):
        weight += waiting.change.weight
        if weight > MAX_WEIGHT and count:
            return count
    return min(len(queue), MAX_CHANGES)


def _last_deadline(batch: Sequence[_Waiting]) -> float | None:
    deadlines = [waiting.deadline for waiting in batch if waiting.deadline is not None]
    return max(deadlines) if len(deadlines) == len(batch) else None


def _too_late() -> UnavailableError:
    return UnavailableError(
        "DATABASE_UNAVAILABLE",
        "the registry's database did not answer in time; send the request again",
    )
