"""Commands of one sweep that wait at the same time are committed together.

The cost of a transaction is its round trips and its lock, hardly its rows. While a transaction of
a sweep is under way, later commands of this sweep queue up and go together in the next one. Other
sweeps are not delayed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from wanllmdb_common.computing.batcher import Batcher, BatchItem
from wanllmdb_common.computing.cancellation import current_deadline
from wanllmdb_common.errors import ServiceError, UnavailableError
from wanllmdb_common.telemetry.trace_context import current_trace, within_trace
from wanllmdb_registry.domain.command import Command
from wanllmdb_registry.prometheus_metrics import COMMIT_CHANGES, COMMIT_SECONDS

if TYPE_CHECKING:
    from opentelemetry.context import Context

# The answer of a command, or the error that rejected it.
Outcome = bytes | ServiceError

# Commands of one transaction: enough to make its fixed cost negligible, few enough to keep it
# short.
MAX_COMMANDS = 256
# Values of the commands of one transaction, unless a single command has more.
MAX_WEIGHT = 20_000

log = structlog.get_logger(__name__)


@dataclass(eq=False, slots=True)
class _Submitted(BatchItem[bytes]):
    """A command that waits, the deadline of its caller, and its trace."""

    command: Command
    deadline: float | None
    trace: Context | None


class MixedTransactionError(Exception):
    """A command failed after it had changed something, so the transaction was dropped."""


class CommandStore(Protocol):
    """Executes commands; see `SweepStore.apply`."""

    async def apply(self, sweep_id: str, commands: Sequence[Command], /) -> list[Outcome]:
        """Execute the commands in one transaction; return one outcome for each."""


class GroupCommit:
    """Queues commands by sweep and passes them to the store in batches."""

    def __init__(self, store: CommandStore, on_commit: Callable[[str], None]) -> None:
        self._store = store
        self._on_commit = on_commit
        self._batchers: dict[str, Batcher[_Submitted]] = {}

    async def submit(self, sweep_id: str, command: Command) -> bytes:
        """Execute the command, together with others, and return its answer.

        The command of a caller that is canceled while it waits may or may not be executed. A
        transaction is abandoned only when the deadlines of all its callers have passed, so a short
        deadline of one caller never fails the command of another.

        Raises:
            ServiceError: the command was rejected, or the database failed.
        """
        submitted = _Submitted(command, current_deadline(), current_trace())
        answer: bytes = await self._batcher(sweep_id).submit(submitted)
        return answer

    async def submit_together(self, sweep_id: str, commands: Sequence[Command]) -> list[Outcome]:
        """Execute the commands in order, as `submit` does; return one outcome for each.

        One transaction executes them, unless they are too many for one.
        """
        if not commands:
            return []
        deadline, trace = current_deadline(), current_trace()
        submitted = [_Submitted(command, deadline, trace) for command in commands]
        outcomes: list[Outcome] = []
        for outcome in await self._batcher(sweep_id).submit_together(submitted):
            if isinstance(outcome, BaseException) and not isinstance(outcome, ServiceError):
                raise outcome
            outcomes.append(outcome)
        return outcomes

    async def close(self) -> None:
        """Wait until every submitted command is executed."""
        while self._batchers:
            await asyncio.gather(*(batcher.join() for batcher in self._batchers.values()))

    def _batcher(self, sweep_id: str) -> Batcher[_Submitted]:
        batcher = self._batchers.get(sweep_id)
        if batcher is None:
            batcher = self._batchers[sweep_id] = Batcher(
                lambda batch: self._commit(sweep_id, batch),
                select=_next_batch,
                on_idle=lambda: self._batchers.__delitem__(sweep_id),
                name=f"commit {sweep_id}",
            )
        return batcher

    async def _commit(self, sweep_id: str, batch: Sequence[_Submitted]) -> None:
        began = time.perf_counter()
        try:
            with within_trace(batch[0].trace):
                async with asyncio.timeout_at(_last_deadline(batch)):
                    outcomes = await self._store.apply(sweep_id, [one.command for one in batch])
        except TimeoutError:
            raise _too_late() from None
        except ServiceError:
            raise
        except Exception:
            if len(batch) == 1:
                raise
            # A command that the database rejects must not fail the other ones.
            log.exception("a batch of commands failed; trying them one by one", sweep_id=sweep_id)
            for submitted in batch:
                try:
                    await self._commit(sweep_id, [submitted])
                except Exception as error:
                    submitted.reject(error)
            return
        COMMIT_SECONDS.observe(time.perf_counter() - began)
        COMMIT_CHANGES.observe(len(batch))
        if not all(isinstance(outcome, ServiceError) for outcome in outcomes):
            self._on_commit(sweep_id)
        for submitted, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, ServiceError):
                submitted.reject(outcome)
            else:
                submitted.resolve(outcome)


def _next_batch(waiting: Iterable[_Submitted]) -> list[_Submitted]:
    """Return the first commands that one transaction executes."""
    batch: list[_Submitted] = []
    weight = 0
    for submitted in waiting:
        weight += submitted.command.weight
        if batch and (weight > MAX_WEIGHT or len(batch) == MAX_COMMANDS):
            break
        batch.append(submitted)
    return batch


def _last_deadline(batch: Sequence[_Submitted]) -> float | None:
    deadlines = [submitted.deadline for submitted in batch if submitted.deadline is not None]
    return max(deadlines) if len(deadlines) == len(batch) else None


def _too_late() -> UnavailableError:
    return UnavailableError(
        "DATABASE_UNAVAILABLE",
        "the registry's database did not answer in time; send the request again",
    )
