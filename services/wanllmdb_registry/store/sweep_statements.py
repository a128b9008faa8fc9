"""Statements of the write path; the trial loop's are compiled when the module is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Double,
    Integer,
    Interval,
    Select,
    Table,
    TableValuedAlias,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    delete,
    false,
    func,
    literal_column,
    null,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import Insert, insert

from wanllmdb_registry.domain.model import RunState
from wanllmdb_registry.store.point_statements import NEW_POINTS, WRITE_POINTS, points_insert
from wanllmdb_registry.store.query_parts import (
    WHOLE_SWEEP,
    all_last_values,
    is_state,
    of_sweep,
    run_bytes,
    within_bytes,
)
from wanllmdb_registry.store.rows import (
    LARGE_RUN_COLUMNS,
    PROGRESS_COLUMNS,
    RUN_COLUMNS,
    SWEEP_COLUMNS,
    SWEEP_OWN_COLUMNS,
)
from wanllmdb_registry.store.schema import (
    deleted_sweeps,
    last_values,
    metric_points,
    prior_runs,
    projects,
    replies,
    runs,
    sweep_events,
    sweeps,
)
from wanllmdb_registry.store.statement import Statement

_of_sweep = runs.c.sweep_id == bindparam("sweep_id")
_numbers = func.any(bindparam("numbers", type_=ARRAY(BigInteger)))

# The same round trip finds out whether a request was answered before.
_read_sweep = select(
    *WHOLE_SWEEP,
    func.clock_timestamp().label("now"),
    select(func.count())
    .select_from(replies)
    .where(
        replies.c.sweep_id == bindparam("sweep_id"),
        replies.c.request_id == func.any(bindparam("request_ids", type_=ARRAY(Uuid))),
    )
    .scalar_subquery()
    .label("answered"),
).where(sweeps.c.sweep_id == bindparam("sweep_id"))
READ_SWEEP = Statement(_read_sweep)
LOCK_SWEEP = Statement(_read_sweep.with_for_update(key_share=True, of=sweeps))
REPLIES = Statement(
    select(replies.c.request_id, replies.c.fingerprint, replies.c.reply).where(
        replies.c.sweep_id == bindparam("sweep_id"),
        replies.c.request_id == func.any(bindparam("request_ids", type_=ARRAY(Uuid))),
    )
)
# All writers lock runs in the order of their numbers, which prevents deadlocks. Heartbeats do
# so, too, and do not take the sweep's lock.
#
# Runs that are read for a report alone are read without the large columns and last values;
# `whole` names the other runs. The last values that reports need come with the row of the run
# `first`, which saves a round trip.
_whole = func.any(bindparam("whole", type_=ARRAY(BigInteger)))
_needed_columns = [
    case((runs.c.number == _whole, column), else_=null()).label(column.name)
    if column.name in LARGE_RUN_COLUMNS
    else column
    for column in runs.c
]
_reported = (
    func.unnest(
        bindparam("reported_numbers", type_=ARRAY(BigInteger)),
        bindparam("reported_attempts", type_=ARRAY(Integer)),
        bindparam("reported_names", type_=ARRAY(Text)),
    )
    .table_valued("number", "attempt", "name", name="reported")
    .render_derived()
)
# Looked up one by one by key, because a generic plan might compare all last values of a sweep
# with all names in the arrays, and 10,000 of each take a minute.
_last_one = (
    select(last_values.c.step, last_values.c.value)
    .where(
        last_values.c.sweep_id == bindparam("sweep_id"),
        last_values.c.number == _reported.c.number,
        last_values.c.attempt == _reported.c.attempt,
        last_values.c.name == _reported.c.name,
    )
    .limit(literal_column("1"))
    .lateral("last_one")
)
_last_reported = (
    select(
        func.array_agg(_reported.c.number, type_=ARRAY(BigInteger)).label("reported_numbers"),
        func.array_agg(_reported.c.attempt, type_=ARRAY(Integer)).label("reported_attempts"),
        func.array_agg(_reported.c.name, type_=ARRAY(Text)).label("reported_names"),
        func.array_agg(_last_one.c.step, type_=ARRAY(BigInteger)).label("reported_steps"),
        func.array_agg(_last_one.c.value, type_=ARRAY(Double)).label("reported_values"),
    )
    .select_from(_reported.join(_last_one, true()))
    .where(runs.c.number == bindparam("first", type_=BigInteger))
    .lateral("last_reported")
)
_last = all_last_values(runs.c)
_whole_runs = select(runs, *_last.c).select_from(runs.outerjoin(_last, true())).where(_of_sweep)
_whole_by_number = _whole_runs.where(runs.c.number == _numbers).order_by(runs.c.number)
READ_RUNS_BY_NUMBER = Statement(_whole_by_number)
LOCK_RUNS_BY_NUMBER = Statement(_whole_by_number.with_for_update(key_share=True, of=runs))
_last_of_whole = all_last_values(runs.c, runs.c.number == _whole)
_runs_for_reports = (
    select(*_needed_columns, *_last_of_whole.c, *_last_reported.c)
    .select_from(runs.outerjoin(_last_of_whole, true()).outerjoin(_last_reported, true()))
    .where(_of_sweep, runs.c.number == _numbers)
    .order_by(runs.c.number)
)
READ_RUNS_FOR_REPORTS = Statement(_runs_for_reports)
LOCK_RUNS_FOR_REPORTS = Statement(_runs_for_reports.with_for_update(key_share=True, of=runs))
# Each reason for loading a run uses its own index; one condition with all reasons would read
# every run of the sweep. A command checks again whether it needs a run once the run is locked.
_wanted = runs.alias("wanted")


def _wanted_numbers(*conditions: ColumnElement[bool]) -> Select[tuple[Any]]:
    return select(_wanted.c.number).where(_wanted.c.sweep_id == bindparam("sweep_id"), *conditions)


_expired_at = bindparam("expired_at", type_=DateTime(timezone=True))
_agent_ids = bindparam("agent_ids", type_=ARRAY(Text))
_wanted_by_need = union_all(
    select(func.unnest(bindparam("numbers", type_=ARRAY(BigInteger)))),
    _wanted_numbers(
        _wanted.c.external_run_id.is_not(None),
        _wanted.c.external_run_id == func.any(bindparam("external_run_ids", type_=ARRAY(Text))),
    ),
    _wanted_numbers(bindparam("queued", type_=Boolean), is_state(_wanted.c.state, RunState.QUEUED)),
    _wanted_numbers(
        # A condition of its own, so that no run is read without a time.
        _expired_at.is_not(None),
        is_state(_wanted.c.state, RunState.RUNNING),
        _wanted.c.lease_expire_time <= _expired_at,
    ),
    _wanted_numbers(
        func.cardinality(_agent_ids) > 0,
        is_state(_wanted.c.state, RunState.QUEUED, RunState.RUNNING),
        _wanted.c.agent_id == func.any(_agent_ids),
    ),
)
_runs_by_need = _whole_runs.where(
    runs.c.number == func.any(func.array(_wanted_by_need.scalar_subquery()))
).order_by(runs.c.number)
READ_RUNS_BY_PLAN = Statement(_runs_by_need)
LOCK_RUNS_BY_PLAN = Statement(_runs_by_need.with_for_update(key_share=True, of=runs))

# Selects numbers before the runs are read, which the trial loop's statements do not need.
_in_states = (
    select(runs.c.number, run_bytes(runs.c).label("bytes"))
    .where(_of_sweep, runs.c.state == func.any(bindparam("states", type_=ARRAY(Text))))
    .limit(bindparam("limit"))
)
RUNS_IN_STATES = Statement(within_bytes(_in_states, lambda c: [c.number]))
RUNS_TOGETHER = Statement(
    within_bytes(
        select(runs.c.number, run_bytes(runs.c).label("bytes")).where(
            _of_sweep, runs.c.number == func.any(bindparam("numbers", type_=ARRAY(BigInteger)))
        ),
        lambda c: [c.number],
    )
)

FINISHED_OBJECTIVES = Statement(
    select(runs.c.number, runs.c.objectives).where(
        _of_sweep, runs.c.state == RunState.FINISHED.value
    )
)
# Values of the given metrics and attempts: of each metric the values with the highest steps, up
# to its limit, or all values if the limit is NULL.
_attempts = (
    func.unnest(
        bindparam("numbers", type_=ARRAY(BigInteger)), bindparam("attempts", type_=ARRAY(Integer))
    )
    .table_valued("number", "attempt", name="held")
    .render_derived()
)
_metrics = (
    func.unnest(bindparam("names", type_=ARRAY(Text)), bindparam("limits", type_=ARRAY(BigInteger)))
    .table_valued("name", "most", name="wanted")
    .render_derived()
)
_values = (
    select(metric_points.c.step, metric_points.c.value)
    .where(
        metric_points.c.sweep_id == bindparam("sweep_id"),
        metric_points.c.number == _attempts.c.number,
        metric_points.c.attempt == _attempts.c.attempt,
        metric_points.c.name == _metrics.c.name,
    )
    .order_by(metric_points.c.step.desc())
    .limit(_metrics.c.most)
    .lateral("reported")
)
READ_VALUES = Statement(
    select(
        _attempts.c.number,
        _attempts.c.attempt,
        _metrics.c.name,
        _values.c.step,
        _values.c.value,
    ).select_from(_attempts.join(_metrics, true()).join(_values, true()))
)


@cache
def own_columns(table: Table) -> tuple[str, ...]:
    """Return the names of all columns but the sweep's id."""
    return tuple(column.name for column in table.c if column.name != "sweep_id")


def _arrays(table: Table, prefix: str, columns: Sequence[str]) -> TableValuedAlias:
    """Return rows from one array parameter per column, named PREFIX_COLUMN."""
    arrays = [bindparam(f"{prefix}_{n}", type_=ARRAY(table.c[n].type)) for n in columns]
    return func.unnest(*arrays).table_valued(*columns, name=prefix).render_derived()


# One row if the sweep's revision is still the one that was loaded; otherwise none, and nothing
# is written. The row stays locked until the end of the transaction, so that writes of a sweep
# are serialized and revisions become visible in order.
_unchanged = (
    select(sweeps.c.sweep_id)
    .where(
        sweeps.c.sweep_id == bindparam("key_sweep_id", type_=Text),
        sweeps.c.revision == bindparam("key_revision", type_=BigInteger),
    )
    .with_for_update(key_share=True)
    .cte("unchanged")
)


def _insert_rows(table: Table, prefix: str) -> Insert:
    """Return an INSERT of the sweep's rows from arrays named PREFIX_COLUMN."""
    columns = own_columns(table)
    rows = _arrays(table, prefix, columns)
    values = select(_unchanged.c.sweep_id, *(rows.c[name] for name in columns))
    return insert(table).from_select(["sweep_id", *columns], values)


_insert_last_values = _insert_rows(last_values, "new_last_values")
_upsert_last_values = _insert_last_values.on_conflict_do_update(
    index_elements=["sweep_id", "number", "attempt", "name"],
    set_={name: _insert_last_values.excluded[name] for name in ("step", "value")},
)
# An upsert of existing rows, because it finds each row by its key. An UPDATE that joins the
# arrays compares every run with every array row, since a generic plan assumes short arrays:
# 300 runs took 0.4 s, and 3,000 runs 20 s.
_changed_runs = _insert_rows(runs, "changed_runs")
_new = _changed_runs.excluded
# A heartbeat may have renewed the lease since the run was loaded.
_same_lease = and_(
    runs.c.state == RunState.RUNNING.value,
    _new.state == RunState.RUNNING.value,
    runs.c.attempt == _new.attempt,
)
_lease = func.greatest(runs.c.lease_expire_time, _new.lease_expire_time)
_update_runs = _changed_runs.on_conflict_do_update(
    index_elements=["sweep_id", "number"],
    set_={
        **{name: _new[name] for name in RUN_COLUMNS},
        "lease_expire_time": case((_same_lease, _lease), else_=_new.lease_expire_time),
    },
)
# The columns that a report changes, by the same kind of upsert, with placeholders for the other
# columns that a new row would need.
_progress = ("number", *PROGRESS_COLUMNS)
_progressed_rows = _arrays(runs, "progressed", _progress)


def _unused(column: ColumnElement[Any]) -> ColumnElement[Any]:
    if isinstance(column.type, DateTime):
        return func.now()
    if isinstance(column.type, Boolean):
        return false()
    return literal_column("0" if isinstance(column.type, Integer) else "''", column.type)


_progressed = insert(runs).from_select(
    [column.name for column in runs.c if column.name in _progress or not column.nullable],
    select(
        _unchanged.c.sweep_id,
        *(
            _progressed_rows.c[column.name] if column.name in _progress else _unused(column)
            for column in runs.c
            if column.name != "sweep_id" and (column.name in _progress or not column.nullable)
        ),
    ),
)
_update_progress = _progressed.on_conflict_do_update(
    index_elements=["sweep_id", "number"],
    set_={name: _progressed.excluded[name] for name in PROGRESS_COLUMNS},
)
# What commands may write besides the sweep, by the prefix of the arrays.
_PARTS = {
    "new_runs": _insert_rows(runs, "new_runs"),
    "changed_runs": _update_runs,
    "progressed": _update_progress,
    **{prefix: points_insert(prefix, _unchanged.c.sweep_id) for prefix in WRITE_POINTS},
    "new_last_values": _upsert_last_values,
    "new_replies": _insert_rows(replies, "new_replies"),
    "new_events": _insert_rows(sweep_events, "new_events"),
    "old_events": delete(sweep_events).where(
        sweep_events.c.sweep_id == _unchanged.c.sweep_id,
        sweep_events.c.index < bindparam("old_events_before", type_=BigInteger),
    ),
}


@cache
def write_statement(parts: tuple[str, ...], *, own_fields: bool) -> Statement:
    """Return one statement that writes the sweep and the given parts.

    Few combinations of parts occur, and a missing part costs nothing.
    """
    write = (
        update(sweeps)
        .where(sweeps.c.sweep_id == _unchanged.c.sweep_id)
        .add_cte(*(_PARTS[part].cte(f"wrote_{part}") for part in parts))
    )
    return Statement(write, [*SWEEP_COLUMNS, *(SWEEP_OWN_COLUMNS if own_fields else ())])


# The statements of the trial loop, compiled before the first call needs them.
_TRIAL = (
    ("new_runs", "new_replies"),
    ("progressed", "new_last_values", "new_replies", NEW_POINTS),
    ("changed_runs", "new_last_values", "new_replies", NEW_POINTS),
    ("changed_runs", "new_replies"),
    # Of a report whose values are written before it, in parts.
    ("progressed", "new_last_values", "new_replies"),
)
for _parts in _TRIAL:
    write_statement(_parts, own_fields=False)

# A separate statement, so that the trial loop's statement stays small.
_NEW_PRIOR_RUNS = ("state", "parameters", "objectives", "last_step", "source")
_new_prior_runs = (
    func.unnest(
        *(
            bindparam(f"new_prior_runs_{name}", type_=ARRAY(prior_runs.c[name].type))
            for name in _NEW_PRIOR_RUNS
        )
    )
    .table_valued(*_NEW_PRIOR_RUNS, with_ordinality="ordinal", name="new_prior_runs")
    .render_derived()
)
INSERT_PRIOR_RUNS = Statement(
    insert(prior_runs).from_select(
        ["sweep_id", "index", "revision", *_NEW_PRIOR_RUNS],
        select(
            bindparam("sweep_id", type_=Text),
            bindparam("first_index", type_=BigInteger) + _new_prior_runs.c.ordinal - 1,
            bindparam("first_revision", type_=BigInteger) + _new_prior_runs.c.ordinal - 1,
            *(_new_prior_runs.c[name] for name in _NEW_PRIOR_RUNS),
        ),
    )
)
INSERT_REPLIES = Statement(insert(replies), replies.c.keys())
INSERT_EVENTS = Statement(insert(sweep_events), sweep_events.c.keys())
INSERT_PROJECT = Statement(insert(projects).on_conflict_do_nothing(), projects.c.keys())
INSERT_SWEEP = Statement(insert(sweeps).on_conflict_do_nothing(), sweeps.c.keys())
# The sweep's other rows, which nothing reads without it, are left to the purge.
_gone = (
    delete(sweeps)
    .where(sweeps.c.sweep_id == bindparam("sweep_id"))
    .returning(sweeps.c.sweep_id, sweeps.c.project)
    .cte("gone")
)
_remember_gone = insert(deleted_sweeps).from_select(
    ["sweep_id", "project", "delete_time", "purge_time"],
    select(_gone.c.sweep_id, _gone.c.project, func.clock_timestamp(), func.clock_timestamp()),
)
DELETE_SWEEP = Statement(
    _remember_gone.on_conflict_do_update(
        index_elements=["sweep_id"],
        set_={
            name: _remember_gone.excluded[name] for name in ("project", "delete_time", "purge_time")
        },
    )
)
FORGET_DELETED_SWEEPS = Statement(
    delete(deleted_sweeps).where(
        deleted_sweeps.c.delete_time < func.now() - bindparam("age", type_=Interval),
        deleted_sweeps.c.purge_time.is_(None),
    )
)
IS_PURGED = Statement(
    select(deleted_sweeps.c.purge_time.is_(None).label("is_purged")).where(
        deleted_sweeps.c.sweep_id == bindparam("sweep_id")
    )
)
SWEEPS_WITH_EXPIRED_LEASES = Statement(
    select(runs.c.sweep_id)
    .where(
        is_state(runs.c.state, RunState.RUNNING),
        runs.c.lease_expire_time <= func.clock_timestamp(),
        select(sweeps.c.sweep_id).where(sweeps.c.sweep_id == runs.c.sweep_id).exists(),
    )
    .distinct()
)
SWEEP_STATE = Statement(select(sweeps.c.state).where(sweeps.c.sweep_id == bindparam("sweep_id")))
LOCK_LEASES = Statement(
    select(runs.c.number, runs.c.attempt, runs.c.state, runs.c.agent_id, runs.c.stop_requested)
    .where(of_sweep(runs.c), runs.c.number == _numbers)
    .order_by(runs.c.number)
    .with_for_update(key_share=True)
)
RENEW_LEASES = Statement(
    update(runs)
    .where(_of_sweep, runs.c.number == _numbers)
    .values(lease_expire_time=func.clock_timestamp() + bindparam("lease", type_=Interval))
    .returning(runs.c.number, runs.c.lease_expire_time)
)
# Deleted by their physical position (ctid), 17 times as fast as by their random keys. Rows
# that another replica is deleting are skipped.
_ctid: ColumnElement[Any] = literal_column("ctid")
_old_replies = (
    select(_ctid)
    .select_from(replies)
    .where(replies.c.create_time < func.now() - bindparam("age", type_=Interval))
    .order_by(replies.c.create_time)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
DELETE_OLD_REPLIES = Statement(delete(replies).where(_ctid == func.any(func.array(_old_replies))))
