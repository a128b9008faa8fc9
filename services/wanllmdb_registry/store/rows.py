"""Conversions between rows and domain objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from wanllmdb_registry.domain.config.export import config_of, outline_of
from wanllmdb_registry.domain.config.parsing.config import parse_stored
from wanllmdb_registry.domain.model import (
    BestRun,
    FinishReason,
    IndexedPriorRun,
    MetricPoint,
    PriorRun,
    Run,
    RunCounts,
    RunError,
    RunOrigin,
    RunState,
    Sweep,
    SweepSpec,
    SweepState,
)
from wanllmdb_registry.domain.reads import SyncedRun
from wanllmdb_registry.domain.sweep_events import Requester, SweepEvent, SweepEventKind
from wanllmdb_registry.domain.unit_of_work import StoredReply
from wanllmdb_registry.store.statement import Row


@lru_cache(maxsize=1024)
def spec_from_config(config: str) -> SweepSpec:
    """Return the spec in a config column; each text is parsed once."""
    return parse_stored(json.loads(config))


def sweep_from_row(row: Row) -> Sweep:
    """Return the sweep of a row of `sweeps`, read with WHOLE_SWEEP or OUTLINED_SWEEP."""
    best = None
    if row["best_number"] is not None:
        best = BestRun(row["best_number"], row["best_objective"], _read(row["best_parameters"]))
    return Sweep(
        sweep_id=row["sweep_id"],
        project=row["project"],
        name=row["name"],
        description=row["description"],
        spec=spec_from_config(row["config"]),
        create_time=row["create_time"],
        update_time=row["update_time"],
        state=SweepState(row["state"]),
        finish_reason=None if row["finish_reason"] is None else FinishReason(row["finish_reason"]),
        next_number=row["next_number"],
        space_exhausted=row["space_exhausted"],
        counts=RunCounts(
            row["queued"],
            row["running"],
            row["finished"],
            row["pruned"],
            row["failed"],
            row["lost"],
            row["canceled"],
        ),
        best=best,
        ended_seconds=row["ended_seconds"],
        revision=row["revision"],
        own_revision=row["own_revision"],
        version=row["version"],
        start_time=row["start_time"],
        end_time=row["end_time"],
        end_message=row["end_message"],
        prior_runs=row["prior_runs"],
        events=row["events"],
    )


SWEEP_OWN_COLUMNS = ("name", "description", "config", "outline")
SWEEP_COLUMNS = (
    "state",
    "finish_reason",
    "next_number",
    "space_exhausted",
    "queued",
    "running",
    "finished",
    "pruned",
    "failed",
    "lost",
    "canceled",
    "best_number",
    "best_objective",
    "best_parameters",
    "ended_seconds",
    "revision",
    "own_revision",
    "version",
    "update_time",
    "start_time",
    "end_time",
    "end_message",
    "prior_runs",
    "events",
)


def new_sweep_row(sweep: Sweep) -> dict[str, Any]:
    """Return all columns of `sweeps`."""
    return {
        "sweep_id": sweep.sweep_id,
        "project": sweep.project,
        "method": sweep.spec.method.value,
        "create_time": sweep.create_time,
        **sweep_row(sweep),
        **sweep_own_row(sweep),
    }


def sweep_own_row(sweep: Sweep) -> dict[str, Any]:
    """Return the columns that change with the sweep's own fields."""
    config = config_of(sweep.spec)
    return {
        "name": sweep.name,
        "description": sweep.description,
        "config": json.dumps(config),
        "outline": json.dumps(outline_of(config)),
    }


def sweep_row(sweep: Sweep) -> dict[str, Any]:
    """Return the columns that change with the sweep's runs and state."""
    counts, best = sweep.counts, sweep.best
    return {
        "state": sweep.state.value,
        "finish_reason": None if sweep.finish_reason is None else sweep.finish_reason.value,
        "next_number": sweep.next_number,
        "space_exhausted": sweep.space_exhausted,
        "queued": counts.queued,
        "running": counts.running,
        "finished": counts.finished,
        "pruned": counts.pruned,
        "failed": counts.failed,
        "lost": counts.lost,
        "canceled": counts.canceled,
        "best_number": None if best is None else best.number,
        "best_objective": None if best is None else best.objective,
        "best_parameters": None if best is None else json.dumps(best.parameters),
        "ended_seconds": sweep.ended_seconds,
        "revision": sweep.revision,
        "own_revision": sweep.own_revision,
        "version": sweep.version,
        "update_time": sweep.update_time,
        "start_time": sweep.start_time,
        "end_time": sweep.end_time,
        "end_message": sweep.end_message,
        "prior_runs": sweep.prior_runs,
        "events": sweep.events,
    }


def _read(text: str | None) -> Any:
    """Parse JSON; the usual empty values skip the parser, which takes a tenth of the time."""
    if text is None or text == "{}":
        return {}
    return () if text == "[]" else json.loads(text)


def _written(value: Mapping[str, Any]) -> str:
    return json.dumps(value) if value else "{}"


def run_from_row(row: Row) -> Run:
    """Return the run of a row of `runs` with its last values, see `with_last_values`.

    Columns that the statement did not read must be None.
    """
    error = None
    names = row["last_names"] or ()
    if row["error_message"] is not None:
        error = RunError(row["error_message"], row["error_traceback"])
    return Run(
        sweep_id=row["sweep_id"],
        number=row["number"],
        parameters=_read(row["parameters"]),
        state=RunState(row["state"]),
        create_time=row["create_time"],
        origin=RunOrigin(row["origin"]),
        attempt=row["attempt"],
        agent_id=row["agent_id"],
        objective=row["objective"],
        objectives=tuple(_read(row["objectives"])),
        error=error,
        external_run_id=row["external_run_id"],
        labels=_read(row["labels"]),
        name=row["name"],
        config=_read(row["config"]),
        summary=dict(zip(names, row["last_values"] or (), strict=True)),
        summary_steps=dict(zip(names, row["last_steps"] or (), strict=True)),
        metrics=row["metrics"],
        metric_bytes=row["metric_bytes"],
        last_step=row["last_step"],
        sampler_state=row["sampler_state"] or b"",
        losses=row["losses"],
        failures=row["failures"],
        stop_requested=row["stop_requested"],
        revision=row["revision"],
        start_time=row["start_time"],
        end_time=row["end_time"],
        lease_expire_time=row["lease_expire_time"],
    )


def synced_run_from_row(row: Row) -> SyncedRun:
    """Return what a sampler learns from of a row of `runs`."""
    return SyncedRun(
        number=row["number"],
        state=RunState(row["state"]),
        attempt=row["attempt"],
        parameters_json=row["parameters"],
        objective=row["objective"],
        objectives=tuple(_read(row["objectives"])),
        last_step=row["last_step"],
        sampler_state=row["sampler_state"] or b"",
        revision=row["revision"],
    )


# The columns that a report changes.
PROGRESS_COLUMNS = ("revision", "last_step", "metrics", "metric_bytes")
# Columns that may be large and that a report neither reads nor changes: see LoadPlan.reports.
LARGE_RUN_COLUMNS = (
    "parameters",
    "labels",
    "config",
    "error_message",
    "error_traceback",
    "sampler_state",
)
RUN_COLUMNS = (
    "state",
    "parameters",
    "attempt",
    "agent_id",
    "objective",
    "objectives",
    "error_message",
    "error_traceback",
    "external_run_id",
    "labels",
    "name",
    "config",
    "metrics",
    "metric_bytes",
    "last_step",
    "sampler_state",
    "losses",
    "failures",
    "stop_requested",
    "revision",
    "start_time",
    "end_time",
    "lease_expire_time",
)


def run_row(run: Run) -> dict[str, Any]:
    """Return the columns of `runs` that can change."""
    return {
        "state": run.state.value,
        "parameters": _written(run.parameters),
        "attempt": run.attempt,
        "agent_id": run.agent_id,
        "objective": run.objective,
        "objectives": json.dumps(run.objectives) if run.objectives else "[]",
        "error_message": None if run.error is None else run.error.message,
        "error_traceback": None if run.error is None else run.error.traceback,
        "external_run_id": run.external_run_id,
        "labels": _written(run.labels),
        "name": run.name,
        "config": _written(run.config),
        "metrics": run.metrics,
        "metric_bytes": run.metric_bytes,
        "last_step": run.last_step,
        "sampler_state": run.sampler_state,
        "losses": run.losses,
        "failures": run.failures,
        "stop_requested": run.stop_requested,
        "revision": run.revision,
        "start_time": run.start_time,
        "end_time": run.end_time,
        "lease_expire_time": run.lease_expire_time,
    }


def new_run_row(run: Run) -> dict[str, Any]:
    """Return all columns of `runs`."""
    return {
        "sweep_id": run.sweep_id,
        "number": run.number,
        "origin": run.origin.value,
        "create_time": run.create_time,
        **run_row(run),
    }


def reply_row(sweep_id: str, request_id: str, reply: StoredReply, now: Any) -> dict[str, Any]:
    """Return all columns of `replies`."""
    return {
        "sweep_id": sweep_id,
        "request_id": request_id,
        "fingerprint": reply.fingerprint,
        "reply": reply.reply,
        "create_time": now,
    }


def event_row(event: SweepEvent) -> dict[str, Any]:
    """Return the columns of `sweep_events` but the sweep's id."""
    return {
        "index": event.index,
        "revision": event.revision,
        "time": event.time,
        "kind": event.kind.value,
        "detail": event.detail,
        "key_id": event.requester.key_id,
        "address": event.requester.address,
    }


def event_from_row(row: Row) -> SweepEvent:
    """Return the event of a row of `sweep_events`."""
    return SweepEvent(
        index=row["index"],
        revision=row["revision"],
        time=row["time"],
        kind=SweepEventKind(row["kind"]),
        detail=row["detail"],
        requester=Requester(row["key_id"], row["address"]),
    )


def point_from_row(row: Row) -> MetricPoint:
    """Return the point of a row of `metric_points`."""
    return MetricPoint(
        number=row["number"],
        attempt=row["attempt"],
        name=row["name"],
        step=row["step"],
        value=row["value"],
        time=row["time"],
        objective_revision=row["objective_revision"],
    )


def prior_run_from_row(row: Row) -> IndexedPriorRun:
    """Return the prior run of a row of `prior_runs`."""
    return IndexedPriorRun(
        row["index"],
        row["revision"],
        PriorRun(
            parameters=_read(row["parameters"]),
            state=RunState(row["state"]),
            objectives=tuple(json.loads(row["objectives"])),
            last_step=row["last_step"],
            source=row["source"],
        ),
    )
