"""Changes of one sweep that wait anyway are committed together.

A transaction costs its round trips and its lock, hardly its rows. While one of a
sweep is under way, later changes of the same sweep queue up and go together in
the next one. Other sweeps are not held up.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from wanllmdb_common.errors import ServiceError
from wanllmdb_registry.domain.change import Change

# The answer of a change, or why it was refused.
Outcome = bytes | ServiceError

# Enough to make the transaction's own cost vanish, few enough to stay short.
MAX_CHANGES = 256

log = structlog.get_logger(__name__)


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
        carried out.

        Raises:
            ServiceError: the change was refused, or the database failed.
        """
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[sweep_id].append((change, answer))
        if sweep_id not in self._workers:
            worker = asyncio.create_task(self._drain(sweep_id), name=f"commit {sweep_id}")
            self._workers[sweep_id] = worker
        return await answer

    async def close(self) -> None:
        """Waits until everything submitted is carried out."""
        while self._workers:
            await asyncio.gather(*self._workers.values())

    async def _drain(self, sweep_id: str) -> None:
        queue = self._waiting[sweep_id]
        try:
            while queue:
                batch = [waiting for waiting in queue[:MAX_CHANGES] if not waiting[1].done()]
                del queue[:MAX_CHANGES]
                if batch:
                    await self._commit(sweep_id, batch)
        finally:
            del self._workers[sweep_id]
            del self._waiting[sweep_id]

    async def _commit(self, sweep_id: str, batch: Sequence[_Waiting]) -> None:
        try:
            outcomes = await self._store.apply(sweep_id, [change for change, _ in batch])
        except Exception as error:
            # One change that the database refuses must not fail its neighbours.
            if len(batch) > 1 and not isinstance(error, ServiceError):
                log.exception("a batch of changes failed; trying one by one", sweep_id=sweep_id)
                for waiting in batch:
                    await self._commit(sweep_id, [waiting])
                return
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
            return
        if not all(isinstance(outcome, ServiceError) for outcome in outcomes):
            self._on_commit(sweep_id)
        for (_, answer), outcome in zip(batch, outcomes, strict=True):
            if answer.done():
                continue
            if isinstance(outcome, ServiceError):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)


_Waiting = tuple[Change, "asyncio.Future[bytes]"]
