"""Writes: one sweep, one transaction, any number of changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from wanllmdb_common.errors import ServiceError
from wanllmdb_registry.domain.change import Change
from wanllmdb_registry.domain.edit import (
    Needs,
    RequestKey,
    StoredReply,
    SweepEdit,
    matching_reply,
    sweep_not_found,
)
from wanllmdb_registry.domain.group_commit import MixedTransactionError, Outcome
from wanllmdb_registry.domain.model import RunState, Sweep
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.rows import (
    new_run_row,
    new_sweep_row,
    point_row,
    reply_row,
    run_from_row,
    run_row,
    sweep_from_row,
    sweep_own_row,
    sweep_row,
)
from wanllmdb_registry.store.schema import metric_points, projects, replies, runs, sweeps

# Every write of a sweep holds this lock, so revisions become visible in order
# and counters need no arithmetic in SQL.
_LOCK_SWEEP = (
    select(sweeps, func.clock_timestamp().label("now"))
    .where(sweeps.c.sweep_id == bindparam("sweep_id"))
    .with_for_update(key_share=True)
)
_REPLIES = select(replies.c.request_id, replies.c.fingerprint, replies.c.reply).where(
    replies.c.sweep_id == bindparam("sweep_id"),
    replies.c.request_id.in_(bindparam("request_ids", expanding=True)),
)
_INSERT_RUNS = insert(runs)
_UPDATE_RUN = update(runs).where(
    runs.c.sweep_id == bindparam("b_sweep_id"), runs.c.number == bindparam("b_number")
)
_insert_points = insert(metric_points)
_UPSERT_POINTS = _insert_points.on_conflict_do_update(
    index_elements=["sweep_id", "number", "attempt", "name", "step"],
    set_={
        column: _insert_points.excluded[column]
        for column in ("value", "time", "objective_revision")
    },
)
_INSERT_REPLIES = insert(replies)
_UPDATE_SWEEP = update(sweeps).where(sweeps.c.sweep_id == bindparam("b_sweep_id"))


class SweepStore:
    """Creates sweeps and applies changes to them."""

    def __init__(self, database: Database, lease: timedelta) -> None:
        self._database = database
        self._lease = lease

    async def create_sweep(self, sweep: Sweep, key: RequestKey | None, reply: bytes) -> bytes:
        """Stores a new sweep and the answer that its creator gets; gives the answer.

        A repeated request, which has the same sweep id, gets the first answer.

        Raises:
            InvalidArgumentError: REQUEST_ID_REUSED.
        """
        async with self._database.transaction() as connection:
            if key is not None:
                stored = await _load_replies(connection, sweep.sweep_id, [key])
                if key.request_id in stored:
                    return matching_reply(key, stored[key.request_id])
            await connection.execute(
                insert(projects)
                .values(name=sweep.project, create_time=sweep.create_time)
                .on_conflict_do_nothing()
            )
            created = await connection.execute(
                insert(sweeps).values(new_sweep_row(sweep)).on_conflict_do_nothing()
            )
            if created.rowcount and key is not None:
                stored_reply = StoredReply(key.fingerprint, reply)
                row = reply_row(sweep.sweep_id, key.request_id, stored_reply, sweep.create_time)
                await connection.execute(_INSERT_REPLIES, [row])
        if not created.rowcount:
            # The same request, at the same time, through another connection: it
            # has committed now, or the insert would still wait for it.
            return await self.create_sweep(sweep, key, reply)
        return reply

    async def apply(self, sweep_id: str, changes: Sequence[Change]) -> list[Outcome]:
        """Carries out the changes in order, in one transaction; one outcome each.

        A change that is refused leaves the others alone.

        Raises:
            MixedTransactionError: a change failed half-way; nothing was written.
            ServiceError: the database failed; nothing was written, as far as known.
        """
        async with self._database.transaction() as connection:
            row = (await connection.execute(_LOCK_SWEEP, {"sweep_id": sweep_id})).one_or_none()
            keys = [key for change in changes for key in change.keys]
            stored = await _load_replies(connection, sweep_id, keys)
            if row is None:
                return [_without_sweep(sweep_id, change, stored) for change in changes]
            edit = SweepEdit(sweep_from_row(row), row.now, self._lease, replies=stored)
            before = edit.sweep.version
            await _load_runs(connection, edit, [change.needs(edit.sweep) for change in changes])
            outcomes = [_run(change, edit) for change in changes]
            await _write(connection, edit, own=edit.sweep.version != before)
        return outcomes

    async def sweeps_with_expired_leases(self) -> list[str]:
        """Ids of sweeps that have a running run whose lease ran out."""
        async with self._database.read() as connection:
            result = await connection.execute(
                select(runs.c.sweep_id)
                .where(
                    runs.c.state == RunState.RUNNING.value,
                    runs.c.lease_expire_time <= func.clock_timestamp(),
                )
                .distinct()
            )
            return list(result.scalars())

    async def renew_leases(
        self, sweep_id: str, held: Sequence[tuple[int, int]]
    ) -> tuple[dict[int, datetime], dict[int, tuple[str, int]], str | None]:
        """Prolongs leases of (number, attempt) pairs of one sweep.

        Returns:
            The new expiry by number of those that were renewed, (state, attempt)
            by number of those that were not but exist, and the sweep's state,
            None when there is no such sweep.
        """
        numbers = [number for number, _ in held]
        attempts = dict(held)
        async with self._database.transaction() as connection:
            state = (
                await connection.execute(
                    select(sweeps.c.state).where(sweeps.c.sweep_id == sweep_id)
                )
            ).scalar_one_or_none()
            # In the order of numbers, as everybody locks them, so that two
            # heartbeats never wait for each other.
            found = (
                await connection.execute(
                    select(runs.c.number, runs.c.attempt, runs.c.state)
                    .where(runs.c.sweep_id == sweep_id, runs.c.number == func.any(numbers))
                    .order_by(runs.c.number)
                    .with_for_update(key_share=True)
                )
            ).all()
            renewable = [
                row.number
                for row in found
                if row.state == RunState.RUNNING.value and row.attempt == attempts[row.number]
            ]
            others = {
                row.number: (row.state, row.attempt)
                for row in found
                if row.number not in set(renewable)
            }
            renewed = await connection.execute(
                update(runs)
                .where(runs.c.sweep_id == sweep_id, runs.c.number == func.any(renewable))
                .values(lease_expire_time=func.clock_timestamp() + self._lease)
                .returning(runs.c.number, runs.c.lease_expire_time)
            )
            return {row.number: row.lease_expire_time for row in renewed}, others, state

    async def delete_old_replies(self, age: timedelta, limit: int = 10_000) -> int:
        """Forgets replies older than `age`, at most `limit`; gives how many."""
        async with self._database.transaction() as connection:
            old = (
                select(replies.c.sweep_id, replies.c.request_id)
                .where(replies.c.create_time < func.now() - age)
                .limit(limit)
                .with_for_update(skip_locked=True)
                .subquery()
            )
            result = await connection.execute(
                delete(replies).where(
                    replies.c.sweep_id == old.c.sweep_id, replies.c.request_id == old.c.request_id
                )
            )
            return result.rowcount


def _without_sweep(sweep_id: str, change: Change, stored: dict[str, StoredReply]) -> Outcome:
    """A sweep that was deleted still answers the requests that it answered before."""
    for key in change.keys:
        if key.request_id in stored:
            try:
                return matching_reply(key, stored[key.request_id])
            except ServiceError as error:
                return error
    return sweep_not_found(sweep_id)


def _run(change: Change, edit: SweepEdit) -> Outcome:
    if edit.deleted:
        return _without_sweep(edit.sweep.sweep_id, change, edit.replies | edit.new_replies)
    before = edit.mutations
    try:
        return change.run(edit)
    except Exception as error:
        if edit.mutations != before:
            raise MixedTransactionError from error
        if isinstance(error, ServiceError):
            return error
        raise


async def _load_replies(
    connection: AsyncConnection, sweep_id: str, keys: Sequence[RequestKey]
) -> dict[str, StoredReply]:
    if not keys:
        return {}
    request_ids = [key.request_id for key in keys]
    result = await connection.execute(_REPLIES, {"sweep_id": sweep_id, "request_ids": request_ids})
    return {row.request_id: StoredReply(row.fingerprint, row.reply) for row in result}


async def _load_runs(connection: AsyncConnection, edit: SweepEdit, needs: Sequence[Needs]) -> None:
    numbers = {number for need in needs for number in need.numbers}
    # Numbers from the next one on are new runs.
    numbers = {number for number in numbers if number < edit.sweep.next_number}
    external_ids = {external_id for need in needs for external_id in need.external_run_ids}
    which = []
    if numbers:
        which.append(runs.c.number == func.any(sorted(numbers)))
    if external_ids:
        which.append(runs.c.external_run_id == func.any(sorted(external_ids)))
    if any(need.queued for need in needs):
        which.append(runs.c.state == RunState.QUEUED.value)
    if any(need.expired for need in needs):
        which.append(
            (runs.c.state == RunState.RUNNING.value) & (runs.c.lease_expire_time <= edit.now)
        )
    if not which:
        return
    # Locked against heartbeats, which do not take the sweep's lock.
    query = (
        select(runs)
        .where(runs.c.sweep_id == edit.sweep.sweep_id, or_(*which))
        .order_by(runs.c.number)
        .with_for_update(key_share=True)
    )
    for row in await connection.execute(query):
        edit.runs[row.number] = run_from_row(row)


async def _write(connection: AsyncConnection, edit: SweepEdit, *, own: bool) -> None:
    sweep_id = edit.sweep.sweep_id
    if edit.deleted:
        await connection.execute(delete(metric_points).where(metric_points.c.sweep_id == sweep_id))
        await connection.execute(delete(sweeps).where(sweeps.c.sweep_id == sweep_id))
    else:
        created = [new_run_row(edit.runs[number]) for number in sorted(edit.created)]
        if created:
            await connection.execute(_INSERT_RUNS, created)
        changed = [
            {"b_sweep_id": sweep_id, "b_number": number, **run_row(edit.runs[number])}
            for number in sorted(edit.changed - edit.created)
        ]
        if changed:
            await connection.execute(_UPDATE_RUN, changed)
        if edit.points:
            # One statement must not touch a row twice: the last value of a step counts.
            latest = {(p.number, p.attempt, p.name, p.step): p for p in edit.points}
            rows = [point_row(sweep_id, point) for point in latest.values()]
            await connection.execute(_UPSERT_POINTS, rows)
        if edit.mutations:
            values = sweep_row(edit.sweep) | (sweep_own_row(edit.sweep) if own else {})
            await connection.execute(_UPDATE_SWEEP, {"b_sweep_id": sweep_id, **values})
    if edit.new_replies:
        rows = [
            reply_row(sweep_id, request_id, reply, edit.now)
            for request_id, reply in edit.new_replies.items()
        ]
        await connection.execute(_INSERT_REPLIES, rows)
