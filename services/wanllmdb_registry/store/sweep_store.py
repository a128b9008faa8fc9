"""Writes of sweeps and runs: one sweep and any number of commands in one transaction."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

import asyncpg

from wanllmdb_common.errors import InvalidArgumentError, ServiceError
from wanllmdb_registry.domain.command import Command
from wanllmdb_registry.domain.group_commit import MixedTransactionError, Outcome
from wanllmdb_registry.domain.leases import HeldRuns
from wanllmdb_registry.domain.model import (
    NewPriorRuns,
    RunState,
    Sweep,
    SweepState,
    is_held,
)
from wanllmdb_registry.domain.sweep_events import SweepEvent
from wanllmdb_registry.domain.unit_of_work import (
    Attempt,
    RequestKey,
    StoredReply,
    UnitOfWork,
    matching_reply,
    sweep_not_found,
)
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.database_errors import write_conflict
from wanllmdb_registry.store.point_writes import POINTS_AT_ONCE
from wanllmdb_registry.store.rows import (
    event_row,
    new_sweep_row,
    reply_row,
    sweep_from_row,
)
from wanllmdb_registry.store.schema import (
    replies,
)
from wanllmdb_registry.store.statement import Connection, converted_within
from wanllmdb_registry.store.sweep_statements import (
    DELETE_OLD_REPLIES,
    FINISHED_OBJECTIVES,
    FORGET_DELETED_SWEEPS,
    INSERT_EVENTS,
    INSERT_PROJECT,
    INSERT_REPLIES,
    INSERT_SWEEP,
    IS_PURGED,
    LOCK_LEASES,
    LOCK_SWEEP,
    READ_SWEEP,
    RENEW_LEASES,
    SWEEP_STATE,
    SWEEPS_WITH_EXPIRED_LEASES,
)
from wanllmdb_registry.store.unit_reads import VALUES_INLINE, load_replies, load_runs, load_values
from wanllmdb_registry.store.unit_writes import (
    ConcurrentWriteError,
    Loaded,
    insert_prior_runs,
    write_unit,
)

# Attempts with a lock, after one attempt without; the second one sees all concurrent writes.
MAX_LOCKED_TRIES = 4


class SweepStore:
    """Creates sweeps and applies commands to them."""

    def __init__(self, database: Database, lease: timedelta) -> None:
        self._database = database
        self._lease = lease

    async def earlier_reply(self, sweep_id: str, key: RequestKey | None) -> bytes | None:
        """Return the stored response of a request; None if there is none.

        For requests whose preparation takes long or could fail on a retry.

        Raises:
            InvalidArgumentError: REQUEST_ID_REUSED.
        """
        if key is None:
            return None
        async with self._database.read() as connection:
            stored = await load_replies(connection, sweep_id, [key])
        return matching_reply(key, stored[key.request_id]) if stored else None

    async def create_sweep(
        self,
        sweep: Sweep,
        key: RequestKey | None,
        reply: bytes,
        prior_runs: NewPriorRuns | None = None,
        events: Sequence[SweepEvent] = (),
    ) -> bytes:
        """Store a new sweep, its first events and the response to its creator; return the response.

        A repeated request, which has the same sweep id, gets the first response.

        Raises:
            InvalidArgumentError: REQUEST_ID_REUSED, also if the first response was deleted.
        """
        async with self._database.transaction() as connection:
            if key is not None:
                stored = await load_replies(connection, sweep.sweep_id, [key])
                if key.request_id in stored:
                    return matching_reply(key, stored[key.request_id])
                # Its rows would become rows of the new sweep.
                gone = await IS_PURGED.fetch_one(connection, sweep_id=sweep.sweep_id)
                if gone is not None and not gone["is_purged"]:
                    raise _created_long_ago(sweep.sweep_id)
            await INSERT_PROJECT.execute(
                connection, name=sweep.project, create_time=sweep.create_time
            )
            created = await INSERT_SWEEP.execute(connection, **new_sweep_row(sweep))
            if created and prior_runs is not None:
                await insert_prior_runs(connection, sweep.sweep_id, prior_runs)
            if created:
                rows = [{"sweep_id": sweep.sweep_id, **event_row(event)} for event in events]
                await INSERT_EVENTS.execute_many(connection, rows)
            if created and key is not None:
                stored_reply = StoredReply(key.fingerprint, reply)
                row = reply_row(sweep.sweep_id, key.request_id, stored_reply, sweep.create_time)
                await INSERT_REPLIES.execute(connection, **row)
        if not created:
            # The same request ran concurrently on another connection, and has committed by now,
            # because the insert waited for it.
            earlier = await self.earlier_reply(sweep.sweep_id, key)
            if earlier is None:
                raise _created_long_ago(sweep.sweep_id)
            return earlier
        return reply

    async def apply(self, sweep_id: str, commands: Sequence[Command]) -> list[Outcome]:
        """Carry out the commands in order, in one transaction; return one outcome each.

        A rejected command does not affect the others.

        Raises:
            MixedTransactionError: a command failed half-way; nothing was written.
            ServiceError: the database failed; nothing was written, as far as known.
        """
        keys = [key for command in commands for key in command.keys]
        is_large = sum(command.weight for command in commands) > POINTS_AT_ONCE
        # A replica serializes the writes of a sweep, so the sweep rarely changes between the load
        # and the write, which checks for that: two round trips fewer than with a lock.
        if not is_large and not any(command.needs_lock for command in commands):
            with contextlib.suppress(ConcurrentWriteError):
                async with self._database.read() as connection:
                    return await self._load_and_write(
                        connection, sweep_id, commands, keys, locked=False
                    )
        for _ in range(MAX_LOCKED_TRIES):
            with contextlib.suppress(ConcurrentWriteError):
                async with self._database.transaction() as connection:
                    return await self._load_and_write(
                        connection, sweep_id, commands, keys, locked=True
                    )
        raise write_conflict()

    async def _load_and_write(
        self,
        connection: Connection,
        sweep_id: str,
        commands: Sequence[Command],
        keys: Sequence[RequestKey],
        *,
        locked: bool,
    ) -> list[Outcome]:
        request_ids = [key.request_id for key in keys]
        read = LOCK_SWEEP if locked else READ_SWEEP
        row = await read.fetch_one(connection, sweep_id=sweep_id, request_ids=request_ids)
        if row is None:
            stored = await load_replies(connection, sweep_id, keys)
            return [_without_sweep(sweep_id, command, stored) for command in commands]
        work = UnitOfWork(sweep_from_row(row), row["now"], self._lease)
        if row["answered"]:
            work.replies = await load_replies(connection, sweep_id, keys)
        plans = [command.load_plan(work.sweep) for command in commands]
        await load_runs(connection, work, plans, locked=locked)
        await load_values(connection, work, plans)
        if any(plan.objectives for plan in plans):
            finished = await FINISHED_OBJECTIVES.fetch(connection, sweep_id=sweep_id)
            work.objectives = {r["number"]: tuple(json.loads(r["objectives"])) for r in finished}
        loaded = Loaded(work.sweep.revision, work.sweep.version)
        weight = sum(command.weight for command in commands)
        weight += sum(len(run.summary) for run in work.runs.values())
        outcomes = await converted_within(
            connection,
            lambda: [_run(command, work) for command in commands],
            weight // VALUES_INLINE,
        )
        any_rejected = any(isinstance(outcome, ServiceError) for outcome in outcomes)
        # A rejected command may repeat a request that was answered after the sweep was read. A
        # command carried out twice fails when its response is written.
        if any_rejected and await load_replies(connection, sweep_id, keys) != work.replies:
            raise ConcurrentWriteError
        try:
            await write_unit(connection, work, loaded)
        except asyncpg.UniqueViolationError as error:
            if error.table_name != replies.name:
                raise
            raise ConcurrentWriteError from error
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError) as error:
            raise ConcurrentWriteError from error
        return outcomes

    async def sweeps_with_expired_leases(self) -> list[str]:
        """Return the ids of sweeps that have a running run past its lease."""
        async with self._database.read() as connection:
            rows = await SWEEPS_WITH_EXPIRED_LEASES.fetch(connection)
        return [row["sweep_id"] for row in rows]

    async def renew_leases(self, sweep_id: str, held: Sequence[Attempt]) -> HeldRuns:
        """Renew the leases of the running attempts among `held`, by the database's clock."""
        attempts = set(held)
        numbers = sorted({number for number, _ in attempts})
        async with self._database.transaction() as connection:
            sweep = await SWEEP_STATE.fetch_one(connection, sweep_id=sweep_id)
            found = await LOCK_LEASES.fetch(connection, sweep_id=sweep_id, numbers=numbers)
            mine = {
                row["number"]: (row["number"], row["attempt"])
                for row in found
                if (row["number"], row["attempt"]) in attempts
            }
            states = {
                mine[row["number"]]: RunState(row["state"])
                for row in found
                if row["number"] in mine and is_held(RunState(row["state"]), row["agent_id"])
            }
            running = [held[0] for held, state in states.items() if state is RunState.RUNNING]
            renewed = await RENEW_LEASES.fetch(
                connection, sweep_id=sweep_id, numbers=running, lease=self._lease
            )
            stopping = {
                mine[row["number"]]
                for row in found
                if row["stop_requested"] and mine.get(row["number"]) in states
            }
        return HeldRuns(
            states,
            stopping,
            {mine[row["number"]]: row["lease_expire_time"] for row in renewed},
            None if sweep is None else SweepState(sweep["state"]),
        )

    async def delete_old_replies(self, age: timedelta, limit: int = 10_000) -> int:
        """Delete at most `limit` replies older than `age`; return their number.

        Also forgets the projects of sweeps that were deleted before that, and are purged.
        """
        async with self._database.transaction() as connection:
            await FORGET_DELETED_SWEEPS.execute(connection, age=age)
            return await DELETE_OLD_REPLIES.execute(connection, age=age, limit=limit)


def _created_long_ago(sweep_id: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        "REQUEST_ID_REUSED",
        f"this request_id created sweep '{sweep_id}', and its response is no longer stored: "
        "use that sweep, or send a new request_id to create another",
        sweep_id=sweep_id,
    )


def _without_sweep(sweep_id: str, command: Command, stored: Mapping[str, StoredReply]) -> Outcome:
    """Return the outcome for a deleted sweep: a stored response, else SWEEP_NOT_FOUND."""
    try:
        reply = command.earlier_reply(stored)
    except ServiceError as error:
        return error
    return sweep_not_found(sweep_id) if reply is None else reply


def _run(command: Command, work: UnitOfWork) -> Outcome:
    if work.deleted:
        return _without_sweep(work.sweep.sweep_id, command, work.replies | work.new_replies)
    before = work.mutations
    work.requester = command.requester
    try:
        return command.execute(work)
    except Exception as error:
        if work.mutations != before:
            raise MixedTransactionError from error
        if isinstance(error, ServiceError):
            return error
        raise
