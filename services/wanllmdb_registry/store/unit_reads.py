"""Reads of what a unit of work needs: stored replies, runs and reported values."""

from __future__ import annotations

from collections.abc import Sequence

from wanllmdb_registry.domain.bounds import MAX_TOGETHER, MIB
from wanllmdb_registry.domain.model import ObjectiveValue
from wanllmdb_registry.domain.unit_of_work import (
    Attempt,
    LoadPlan,
    RequestKey,
    StoredReply,
    UnitOfWork,
)
from wanllmdb_registry.store.rows import run_from_row
from wanllmdb_registry.store.statement import Connection, Row, converted_within
from wanllmdb_registry.store.sweep_statements import (
    LOCK_RUNS_BY_NUMBER,
    LOCK_RUNS_BY_PLAN,
    LOCK_RUNS_FOR_REPORTS,
    READ_RUNS_BY_NUMBER,
    READ_RUNS_BY_PLAN,
    READ_RUNS_FOR_REPORTS,
    READ_VALUES,
    REPLIES,
    RUNS_IN_STATES,
    RUNS_TOGETHER,
)

# Values that weigh as much as one row in computations, because a value takes a tenth of the time.
VALUES_INLINE = 10

# Bytes of runs that are loaded by their state or together; the next request loads the rest.
LOADED_BYTES = 32 * MIB


async def load_replies(
    connection: Connection, sweep_id: str, keys: Sequence[RequestKey]
) -> dict[str, StoredReply]:
    """Return the stored responses of the requests that were answered, by request id."""
    if not keys:
        return {}
    request_ids = [key.request_id for key in keys]
    rows = await REPLIES.fetch(connection, sweep_id=sweep_id, request_ids=request_ids)
    return {str(row["request_id"]): StoredReply(row["fingerprint"], row["reply"]) for row in rows}


async def load_runs(
    connection: Connection, work: UnitOfWork, plans: Sequence[LoadPlan], *, locked: bool
) -> None:
    """Load the runs that the plans name into the unit of work, and lock them if wanted."""
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
    for run in await converted_within(
        connection, lambda: list(map(run_from_row, rows)), metrics // VALUES_INLINE
    ):
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


async def load_values(connection: Connection, work: UnitOfWork, plans: Sequence[LoadPlan]) -> None:
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
