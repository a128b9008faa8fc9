"""Writes of sweeps and runs: one sweep and any number of commands in one transaction."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter, itemgetter
from typing import Any

import asyncpg

from wanllmdb_common.computing.off_loop import converted
from wanllmdb_common.errors import InvalidArgumentError, ServiceError
from wanllmdb_registry.domain.bounds import MAX_TOGETHER, MIB
from wanllmdb_registry.domain.command import Command
from wanllmdb_registry.domain.group_commit import MixedTransactionError, Outcome
from wanllmdb_registry.domain.leases import HeldRuns
from wanllmdb_registry.domain.model import (
    NewPriorRuns,
    ObjectiveValue,
    RunState,
    Sweep,
    SweepState,
    is_held,
)
from wanllmdb_registry.domain.sweep_events import MAX_EVENTS, SweepEvent
from wanllmdb_registry.domain.unit_of_work import (
    Attempt,
    LoadPlan,
    RequestKey,
    StoredReply,
    UnitOfWork,
    matching_reply,
    sweep_not_found,
)
from wanllmdb_registry.store.database import Database, write_conflict
from wanllmdb_registry.store.rows import (
    PROGRESS_COLUMNS,
    event_row,
    new_run_row,
    new_sweep_row,
    reply_row,
    run_from_row,
    sweep_from_row,
    sweep_own_row,
    sweep_row,
)
from wanllmdb_registry.store.schema import (
    last_values,
    metric_points,
    replies,
    runs,
    sweep_events,
)
from wanllmdb_registry.store.statement import Connection, Row
from wanllmdb_registry.store.sweep_statements import (
    DELETE_LAST_VALUES,
    DELETE_OLD_REPLIES,
    DELETE_POINTS,
    DELETE_SWEEP,
    FINISHED_OBJECTIVES,
    FORGET_DELETED_SWEEPS,
    INSERT_EVENTS,
    INSERT_PRIOR_RUNS,
    INSERT_PROJECT,
    INSERT_REPLIES,
    INSERT_SWEEP,
    LOCK_LEASES,
    LOCK_RUNS_BY_NUMBER,
    LOCK_RUNS_BY_PLAN,
    LOCK_RUNS_FOR_REPORTS,
    LOCK_SWEEP,
    READ_RUNS_BY_NUMBER,
    READ_RUNS_BY_PLAN,
    READ_RUNS_FOR_REPORTS,
    READ_SWEEP,
    READ_VALUES,
    RENEW_LEASES,
    REPLIES,
    RUNS_IN_STATES,
    RUNS_TOGETHER,
    SWEEP_STATE,
    SWEEPS_WITH_EXPIRED_LEASES,
    UPSERT_POINTS,
    own_columns,
    write_statement,
)


class _ConcurrentWriteError(Exception):
    """Another replica changed the sweep or answered a request meanwhile."""


Getter = Callable[[str], Callable[[Any], Any]]

# Values that weigh as much as one row in computations, because a value takes a tenth of the time.
VALUES_INLINE = 10

# Metric values of one statement: encoding their arrays keeps the event loop for a millisecond.
POINTS_AT_ONCE = 1_000

# Bytes of runs that are loaded by their state or together; the next request loads the rest.
LOADED_BYTES = 32 * MIB
# Attempts with a lock, after one attempt without; the second one sees all concurrent writes.
MAX_LOCKED_TRIES = 4
# The batch is small enough to keep the event loop free, and to send statements often enough that
# the server does not end the transaction as idle.
PRIOR_RUNS_AT_ONCE = 2_000


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
            stored = await _load_replies(connection, sweep_id, [key])
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
                stored = await _load_replies(connection, sweep.sweep_id, [key])
                if key.request_id in stored:
                    return matching_reply(key, stored[key.request_id])
            await INSERT_PROJECT.execute(
                connection, name=sweep.project, create_time=sweep.create_time
            )
            created = await INSERT_SWEEP.execute(connection, **new_sweep_row(sweep))
            if created and prior_runs is not None:
                await _insert_prior_runs(connection, sweep.sweep_id, prior_runs)
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
            with contextlib.suppress(_ConcurrentWriteError):
                async with self._database.read() as connection:
                    return await self._load_and_write(
                        connection, sweep_id, commands, keys, locked=False
                    )
        for _ in range(MAX_LOCKED_TRIES):
            with contextlib.suppress(_ConcurrentWriteError):
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
            stored = await _load_replies(connection, sweep_id, keys)
            return [_without_sweep(sweep_id, command, stored) for command in commands]
        work = UnitOfWork(sweep_from_row(row), row["now"], self._lease)
        if row["answered"]:
            work.replies = await _load_replies(connection, sweep_id, keys)
        plans = [command.load_plan(work.sweep) for command in commands]
        await _load_runs(connection, work, plans, locked=locked)
        await _load_values(connection, work, plans)
        if any(plan.objectives for plan in plans):
            finished = await FINISHED_OBJECTIVES.fetch(connection, sweep_id=sweep_id)
            work.objectives = {r["number"]: tuple(json.loads(r["objectives"])) for r in finished}
        loaded = _Loaded(work.sweep.revision, work.sweep.version)
        weight = sum(command.weight for command in commands)
        weight += sum(len(run.summary) for run in work.runs.values())
        outcomes = await converted(
            lambda: [_run(command, work) for command in commands], weight // VALUES_INLINE
        )
        any_rejected = any(isinstance(outcome, ServiceError) for outcome in outcomes)
        # A rejected command may repeat a request that was answered after the sweep was read. A
        # command carried out twice fails when its response is written.
        if any_rejected and await _load_replies(connection, sweep_id, keys) != work.replies:
            raise _ConcurrentWriteError
        try:
            await _write(connection, work, loaded)
        except asyncpg.UniqueViolationError as error:
            if error.table_name != replies.name:
                raise
            raise _ConcurrentWriteError from error
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError) as error:
            raise _ConcurrentWriteError from error
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

        Also forgets the projects of sweeps that were deleted before that.
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


async def _load_replies(
    connection: Connection, sweep_id: str, keys: Sequence[RequestKey]
) -> dict[str, StoredReply]:
    if not keys:
        return {}
    request_ids = [key.request_id for key in keys]
    rows = await REPLIES.fetch(connection, sweep_id=sweep_id, request_ids=request_ids)
    return {str(row["request_id"]): StoredReply(row["fingerprint"], row["reply"]) for row in rows}


async def _load_runs(
    connection: Connection, work: UnitOfWork, plans: Sequence[LoadPlan], *, locked: bool
) -> None:
    sweep_id = work.sweep.sweep_id
    # Numbers from the next one on are new runs.
    whole = {n for plan in plans for n in plan.numbers if n < work.sweep.next_number}
    for states in {plan.states for plan in plans if plan.states}:
        found = await RUNS_IN_STATES.fetch(
            connection,
            sweep_id=sweep_id,
            states=sorted(state.value for state in states),
            limit=MAX_TOGETHER,
            most_bytes=LOADED_BYTES,
        )
        whole.update(row["number"] for row in found)
    for together in {plan.together for plan in plans if plan.together}:
        found = await RUNS_TOGETHER.fetch(
            connection, sweep_id=sweep_id, numbers=sorted(together), most_bytes=LOADED_BYTES
        )
        whole.update(row["number"] for row in found)
    reports = _reports(work, plans)
    reported = {number for number, _ in reports}
    numbers = sorted(whole | reported)
    external_run_ids = sorted({name for plan in plans for name in plan.external_run_ids})
    agent_ids = sorted({name for plan in plans for name in plan.agent_ids})
    queued = any(plan.queued for plan in plans)
    expired = any(plan.expired for plan in plans)
    if external_run_ids or agent_ids or queued or expired:
        by_plan = LOCK_RUNS_BY_PLAN if locked else READ_RUNS_BY_PLAN
        rows = await by_plan.fetch(
            connection,
            sweep_id=sweep_id,
            numbers=numbers,
            external_run_ids=external_run_ids,
            agent_ids=agent_ids,
            queued=queued,
            expired_at=work.now if expired else None,
        )
    elif numbers and not reports:
        by_number = LOCK_RUNS_BY_NUMBER if locked else READ_RUNS_BY_NUMBER
        rows = await by_number.fetch(connection, sweep_id=sweep_id, numbers=numbers)
    elif numbers:
        for_reports = LOCK_RUNS_FOR_REPORTS if locked else READ_RUNS_FOR_REPORTS
        wanted = [(*attempt, name) for attempt, names in reports.items() for name in names]
        rows = await for_reports.fetch(
            connection,
            sweep_id=sweep_id,
            numbers=numbers,
            whole=sorted(whole),
            reported_numbers=[number for number, _, _ in wanted],
            reported_attempts=[attempt for _, attempt, _ in wanted],
            reported_names=[name for _, _, name in wanted],
            first=numbers[0],
        )
        work.progress_only = reported - whole
    else:
        return
    metrics = sum(len(row["last_names"] or ()) for row in rows)
    for run in await converted(lambda: list(map(run_from_row, rows)), metrics // VALUES_INLINE):
        work.runs[run.number] = run
    if work.progress_only and rows:
        _take_reported(work, rows[0])


def _reports(work: UnitOfWork, plans: Sequence[LoadPlan]) -> dict[Attempt, set[str]]:
    """Return the metrics whose last values reports need, by attempt, of existing runs."""
    reports: dict[Attempt, set[str]] = {}
    for plan in plans:
        for attempt, names in plan.reports.items():
            if attempt[0] < work.sweep.next_number:
                reports.setdefault(attempt, set()).update(names)
    return reports


def _take_reported(work: UnitOfWork, row: Row) -> None:
    """Store the last values that reports need, which the first row carries."""
    columns = ("numbers", "attempts", "names", "steps", "values")
    found = zip(*(row[f"reported_{name}"] or () for name in columns), strict=True)
    for number, attempt, name, step, value in found:
        run = work.runs[number]
        if run.attempt == attempt and number in work.progress_only:
            run.summary[name] = value
            run.summary_steps[name] = step


async def _load_values(connection: Connection, work: UnitOfWork, plans: Sequence[LoadPlan]) -> None:
    """Load the reported values of metrics whose objective is not their last value."""
    attempts = sorted({attempt for plan in plans for attempt in plan.histories})
    if not attempts:
        return
    limits = {
        metric.name: metric.mean_over if metric.value is ObjectiveValue.MEAN_LAST else None
        for metric in work.sweep.spec.metrics
        if metric.value is not ObjectiveValue.LAST
    }
    rows = await READ_VALUES.fetch(
        connection,
        sweep_id=work.sweep.sweep_id,
        numbers=[number for number, _ in attempts],
        attempts=[attempt for _, attempt in attempts],
        names=list(limits),
        limits=list(limits.values()),
    )
    for row in rows:
        of_attempt = work.stored_values.setdefault((row["number"], row["attempt"]), {})
        of_attempt.setdefault(row["name"], {})[row["step"]] = row["value"]


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The sweep's revision and version when it was loaded."""

    revision: int
    version: int


async def _write(connection: Connection, work: UnitOfWork, loaded: _Loaded) -> None:
    sweep_id = work.sweep.sweep_id
    if work.deleted:
        await DELETE_POINTS.execute(connection, sweep_id=sweep_id)
        await DELETE_LAST_VALUES.execute(connection, sweep_id=sweep_id)
        await DELETE_SWEEP.execute(connection, sweep_id=sweep_id)
        answers = [
            reply_row(sweep_id, request_id, reply, work.now)
            for request_id, reply in work.new_replies.items()
        ]
        await INSERT_REPLIES.execute_many(connection, answers)
    elif work.mutations:
        weight = sum(map(len, work.points.values()))
        arrays = await converted(lambda: _arrays(work), weight // VALUES_INLINE)
        if weight > POINTS_AT_ONCE:
            await _write_points(connection, sweep_id, arrays.pop("new_metric_points"), weight)
        has_own_fields = work.sweep.version != loaded.version
        write = write_statement(tuple(arrays), own_fields=has_own_fields)
        values = {
            "key_sweep_id": sweep_id,
            "key_revision": loaded.revision,
            **sweep_row(work.sweep),
            **(sweep_own_row(work.sweep) if has_own_fields else {}),
        }
        for part in arrays.values():
            values |= part
        if not await write.execute(connection, **values):
            raise _ConcurrentWriteError
        for new in work.new_prior_runs:
            await _insert_prior_runs(connection, sweep_id, new)


async def _write_points(
    connection: Connection, sweep_id: str, columns: Mapping[str, Any], count: int
) -> None:
    """Write metric values in parts; the sweep must be locked."""
    for start in range(0, count, POINTS_AT_ONCE):
        part = {name: column[start : start + POINTS_AT_ONCE] for name, column in columns.items()}
        await UPSERT_POINTS.execute(connection, sweep_id=sweep_id, **part)


async def _insert_prior_runs(connection: Connection, sweep_id: str, new: NewPriorRuns) -> None:
    runs = new.runs
    for start in range(0, len(runs), PRIOR_RUNS_AT_ONCE):
        part = slice(start, start + PRIOR_RUNS_AT_ONCE)
        await INSERT_PRIOR_RUNS.execute(
            connection,
            sweep_id=sweep_id,
            first_index=new.first_index + start,
            first_revision=new.first_revision + start,
            new_prior_runs_state=runs.states[part],
            new_prior_runs_parameters=runs.parameters[part],
            new_prior_runs_objectives=runs.objectives[part],
            new_prior_runs_last_step=runs.last_steps[part],
            new_prior_runs_source=runs.sources[part],
        )


def _arrays(work: UnitOfWork) -> dict[str, dict[str, Any]]:
    """Return what changed besides the sweep, one array per column, by the arrays' prefix.

    `old_events` has the index before which events are deleted.
    """
    sweep_id = work.sweep.sweep_id
    changed = work.changed - work.created
    answers = [
        reply_row(sweep_id, request_id, reply, work.now)
        for request_id, reply in work.new_replies.items()
    ]
    points = [point for each in work.points.values() for point in each.values()]
    last = [point for each in work.last_values.values() for point in each.values()]
    progressed = [work.runs[number] for number in sorted(changed & work.progress_only)]
    # Rows are dicts, or objects with the columns as attributes, which saves a copy of many rows.
    by_column, by_attribute = itemgetter, attrgetter
    written: list[tuple[str, Sequence[str], Getter, Sequence[Any]]] = [
        ("new_runs", own_columns(runs), by_column, _run_rows(work, work.created)),
        (
            "changed_runs",
            own_columns(runs),
            by_column,
            _run_rows(work, changed - work.progress_only),
        ),
        ("progressed", ("number", *PROGRESS_COLUMNS), by_attribute, progressed),
        ("new_metric_points", own_columns(metric_points), by_attribute, points),
        ("new_last_values", own_columns(last_values), by_attribute, last),
        ("new_replies", own_columns(replies), by_column, answers),
        ("new_events", own_columns(sweep_events), by_column, list(map(event_row, work.new_events))),
    ]
    arrays: dict[str, dict[str, Any]] = {
        prefix: {f"{prefix}_{name}": list(map(get(name), rows)) for name in columns}
        for prefix, columns, get, rows in written
        if rows
    }
    if work.new_events and work.sweep.events > MAX_EVENTS:
        arrays["old_events"] = {"old_events_before": work.sweep.events - MAX_EVENTS}
    return arrays


def _run_rows(work: UnitOfWork, numbers: Collection[int]) -> list[dict[str, Any]]:
    return [new_run_row(work.runs[number]) for number in sorted(numbers)]
