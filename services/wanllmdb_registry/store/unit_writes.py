"""Writes of what a unit of work changed, in one statement where that is possible."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any

from wanllmdb_registry.domain.model import NewPriorRuns
from wanllmdb_registry.domain.sweep_events import MAX_EVENTS
from wanllmdb_registry.domain.unit_of_work import UnitOfWork
from wanllmdb_registry.store.point_statements import WRITE_POINTS
from wanllmdb_registry.store.point_writes import POINTS_AT_ONCE, point_arrays, write_points
from wanllmdb_registry.store.rows import (
    PROGRESS_COLUMNS,
    event_row,
    new_run_row,
    reply_row,
    sweep_own_row,
    sweep_row,
)
from wanllmdb_registry.store.schema import (
    last_values,
    replies,
    runs,
    sweep_events,
)
from wanllmdb_registry.store.statement import Connection, converted_within
from wanllmdb_registry.store.sweep_statements import (
    DELETE_SWEEP,
    INSERT_PRIOR_RUNS,
    INSERT_REPLIES,
    own_columns,
    write_statement,
)
from wanllmdb_registry.store.unit_reads import VALUES_INLINE

# The batch is small enough to keep the event loop free, and to send statements often enough that
# the server does not end the transaction as idle.
PRIOR_RUNS_AT_ONCE = 2_000


class ConcurrentWriteError(Exception):
    """Another replica changed the sweep or answered a request meanwhile."""


Getter = Callable[[str], Callable[[Any], Any]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The sweep's revision and version when it was loaded."""

    revision: int
    version: int


async def write_unit(connection: Connection, work: UnitOfWork, loaded: Loaded) -> None:
    """Write everything that changed since the sweep was loaded.

    Raises:
        ConcurrentWriteError: the sweep has changed meanwhile; nothing was written.
    """
    sweep_id = work.sweep.sweep_id
    if work.deleted:
        await DELETE_SWEEP.execute(connection, sweep_id=sweep_id)
        answers = [
            reply_row(sweep_id, request_id, reply, work.now)
            for request_id, reply in work.new_replies.items()
        ]
        await INSERT_REPLIES.execute_many(connection, answers)
    elif work.mutations:
        weight = sum(len(each.values) for each in work.reported.values())
        arrays = await converted_within(connection, lambda: _arrays(work), weight // VALUES_INLINE)
        if weight > POINTS_AT_ONCE:
            for prefix in sorted(arrays.keys() & WRITE_POINTS.keys()):
                await write_points(connection, sweep_id, prefix, arrays.pop(prefix))
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
            raise ConcurrentWriteError
        for new in work.new_prior_runs:
            await insert_prior_runs(connection, sweep_id, new)


async def insert_prior_runs(connection: Connection, sweep_id: str, new: NewPriorRuns) -> None:
    """Insert prior runs in parts; the sweep must be new or locked."""
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
    last = [
        dict(zip(own_columns(last_values), (*attempt, name, *stepped), strict=True))
        for attempt, each in work.last_values.items()
        for name, stepped in each.items()
    ]
    progressed = [work.runs[number] for number in sorted(changed & work.progress_only)]
    # Rows are dicts, or objects with the columns as attributes.
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
        ("new_last_values", own_columns(last_values), by_column, last),
        ("new_replies", own_columns(replies), by_column, answers),
        ("new_events", own_columns(sweep_events), by_column, list(map(event_row, work.new_events))),
    ]
    arrays: dict[str, dict[str, Any]] = {
        prefix: {f"{prefix}_{name}": list(map(get(name), rows)) for name in columns}
        for prefix, columns, get, rows in written
        if rows
    } | point_arrays(work)
    if work.new_events and work.sweep.events > MAX_EVENTS:
        arrays["old_events"] = {"old_events_before": work.sweep.events - MAX_EVENTS}
    return arrays


def _run_rows(work: UnitOfWork, numbers: Collection[int]) -> list[dict[str, Any]]:
    return [new_run_row(work.runs[number]) for number in sorted(numbers)]
