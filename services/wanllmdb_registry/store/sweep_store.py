"""Writes: one sweep, one transaction, any number of changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg

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
    RUN_COLUMNS,
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
from wanllmdb_registry.store.schema import metric_points, replies, runs
from wanllmdb_registry.store.statement import Connection
from wanllmdb_registry.store.sweep_statements import (
    DELETE_OLD_REPLIES,
    DELETE_POINTS,
    DELETE_SWEEP,
    INSERT_PROJECT,
    INSERT_REPLIES,
    INSERT_SWEEP,
    LOCK_LEASES,
    LOCK_SWEEP,
    RENEW_LEASES,
    REPLIES,
    RUNS_BY_NEED,
    RUNS_BY_NUMBER,
    SWEEP_STATE,
    SWEEPS_WITH_EXPIRED_LEASES,
    WRITE,
    WRITE_WITH_OWN_FIELDS,
    own_columns,
)


class _AnsweredMeanwhileError(Exception):
    """A request was answered through another replica; the transaction is tried again."""


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
            await INSERT_PROJECT.execute(
                connection, name=sweep.project, create_time=sweep.create_time
            )
            created = await INSERT_SWEEP.execute(connection, **new_sweep_row(sweep))
            if created and key is not None:
                stored_reply = StoredReply(key.fingerprint, reply)
                row = reply_row(sweep.sweep_id, key.request_id, stored_reply, sweep.create_time)
                await INSERT_REPLIES.execute(connection, **row)
        if not created:
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
        keys = [key for change in changes for key in change.keys]
        try:
            return await self._apply(sweep_id, changes, keys)
        except _AnsweredMeanwhileError:
            return await self._apply(sweep_id, changes, keys)
        except asyncpg.UniqueViolationError as error:
            if error.table_name != replies.name:
                raise
            return await self._apply(sweep_id, changes, keys)

    async def _apply(
        self, sweep_id: str, changes: Sequence[Change], keys: Sequence[RequestKey]
    ) -> list[Outcome]:
        async with self._database.transaction() as connection:
            request_ids = [key.request_id for key in keys]
            row = await LOCK_SWEEP.fetch_one(connection, sweep_id=sweep_id, request_ids=request_ids)
            if row is None:
                stored = await _load_replies(connection, sweep_id, keys)
                return [_without_sweep(sweep_id, change, stored) for change in changes]
            edit = SweepEdit(sweep_from_row(row), row["now"], self._lease)
            if row["answered"]:
                edit.replies = await _load_replies(connection, sweep_id, keys)
            before = edit.sweep.version
            await _load_runs(connection, edit, [change.needs(edit.sweep) for change in changes])
            outcomes = [_run(change, edit) for change in changes]
            if not row["answered"] and any(isinstance(o, ServiceError) for o in outcomes):
                await _check_answers(connection, sweep_id, keys)
            await _write(connection, edit, own=edit.sweep.version != before)
        return outcomes

    async def sweeps_with_expired_leases(self) -> list[str]:
        """Ids of sweeps that have a running run whose lease ran out."""
        async with self._database.read() as connection:
            rows = await SWEEPS_WITH_EXPIRED_LEASES.fetch(connection)
        return [row["sweep_id"] for row in rows]

    async def renew_leases(
        self, sweep_id: str, held: Sequence[tuple[int, int]]
    ) -> tuple[dict[int, datetime], dict[int, tuple[str, int]], str | None]:
        """Prolongs leases of (number, attempt) pairs of one sweep.

        Returns:
            The new expiry by number of those that were renewed, (state, attempt)
            by number of those that were not but exist, and the sweep's state,
            None when there is no such sweep.
        """
        attempts = dict(held)
        async with self._database.transaction() as connection:
            sweep = await SWEEP_STATE.fetch_one(connection, sweep_id=sweep_id)
            found = await LOCK_LEASES.fetch(connection, sweep_id=sweep_id, numbers=sorted(attempts))
            stands = {row["number"]: (row["state"], row["attempt"]) for row in found}
            renewable = [
                number
                for number, standing in stands.items()
                if standing == (RunState.RUNNING.value, attempts[number])
            ]
            renewed = await RENEW_LEASES.fetch(
                connection, sweep_id=sweep_id, numbers=renewable, lease=self._lease
            )
        expiries = {row["number"]: row["lease_expire_time"] for row in renewed}
        others = {number: stands[number] for number in stands.keys() - expiries.keys()}
        return expiries, others, None if sweep is None else sweep["state"]

    async def delete_old_replies(self, age: timedelta, limit: int = 10_000) -> int:
        """Forgets replies older than `age`, at most `limit`; gives how many."""
        async with self._database.transaction() as connection:
            return await DELETE_OLD_REPLIES.execute(connection, age=age, limit=limit)


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


async def _check_answers(connection: Connection, sweep_id: str, keys: Sequence[RequestKey]) -> None:
    """A change that is refused may be a repetition, answered while this waited for the lock.

    One that is carried out a second time shows when its answer is written again.
    """
    if await _load_replies(connection, sweep_id, keys):
        raise _AnsweredMeanwhileError


async def _load_replies(
    connection: Connection, sweep_id: str, keys: Sequence[RequestKey]
) -> dict[str, StoredReply]:
    if not keys:
        return {}
    request_ids = [key.request_id for key in keys]
    rows = await REPLIES.fetch(connection, sweep_id=sweep_id, request_ids=request_ids)
    return {str(row["request_id"]): StoredReply(row["fingerprint"], row["reply"]) for row in rows}


async def _load_runs(connection: Connection, edit: SweepEdit, needs: Sequence[Needs]) -> None:
    sweep_id = edit.sweep.sweep_id
    # Numbers from the next one on are new runs.
    numbers = sorted(
        {number for need in needs for number in need.numbers if number < edit.sweep.next_number}
    )
    external_run_ids = sorted({name for need in needs for name in need.external_run_ids})
    queued = any(need.queued for need in needs)
    expired = any(need.expired for need in needs)
    if external_run_ids or queued or expired:
        rows = await RUNS_BY_NEED.fetch(
            connection,
            sweep_id=sweep_id,
            numbers=numbers,
            external_run_ids=external_run_ids,
            queued=queued,
            expired_at=edit.now if expired else None,
        )
    elif numbers:
        rows = await RUNS_BY_NUMBER.fetch(connection, sweep_id=sweep_id, numbers=numbers)
    else:
        return
    for row in rows:
        edit.runs[row["number"]] = run_from_row(row)


async def _write(connection: Connection, edit: SweepEdit, *, own: bool) -> None:
    sweep_id = edit.sweep.sweep_id
    if edit.deleted:
        await DELETE_POINTS.execute(connection, sweep_id=sweep_id)
        await DELETE_SWEEP.execute(connection, sweep_id=sweep_id)
        answers = [
            reply_row(sweep_id, request_id, reply, edit.now)
            for request_id, reply in edit.new_replies.items()
        ]
        await INSERT_REPLIES.execute_many(connection, answers)
    elif edit.mutations:
        values = {"key_sweep_id": sweep_id, **sweep_row(edit.sweep), **_arrays(edit)}
        if own:
            await WRITE_WITH_OWN_FIELDS.execute(connection, **values, **sweep_own_row(edit.sweep))
        else:
            await WRITE.execute(connection, **values)


def _arrays(edit: SweepEdit) -> dict[str, list[Any]]:
    """What changed beside the sweep, as one array a column."""
    sweep_id = edit.sweep.sweep_id
    created = [new_run_row(edit.runs[number]) for number in sorted(edit.created)]
    changed = [
        {"number": number, **run_row(edit.runs[number])}
        for number in sorted(edit.changed - edit.created)
    ]
    # One statement must not touch a row twice: the last value of a step counts.
    latest = {(p.number, p.attempt, p.name, p.step): p for p in edit.points}
    points = [point_row(sweep_id, point) for point in latest.values()]
    answers = [
        reply_row(sweep_id, request_id, reply, edit.now)
        for request_id, reply in edit.new_replies.items()
    ]
    written: list[tuple[str, Sequence[str], list[dict[str, Any]]]] = [
        ("new_runs", own_columns(runs), created),
        ("changed_runs", ["number", *RUN_COLUMNS], changed),
        ("new_metric_points", own_columns(metric_points), points),
        ("new_replies", own_columns(replies), answers),
    ]
    return {
        f"{prefix}_{name}": [row[name] for row in rows]
        for prefix, columns, rows in written
        for name in columns
    }
