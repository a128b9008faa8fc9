"""A page of what changed in a sweep, as a message that is not too large."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto
from wanllmdb_registry.domain.bounds import (
    ENTRY_BYTES,
    MESSAGE_BYTES,
    PAGE_BYTES,
    POINT_BYTES,
)
from wanllmdb_registry.domain.model import IndexedPriorRun, MetricPoint, Run
from wanllmdb_registry.domain.reads import SyncedRuns
from wanllmdb_registry.servicer.convert import (
    finish_reason,
    prior_run_to_proto,
    run_state,
    sweep_state,
    sweep_to_proto,
)

# Of the answer's own fields.
_REST = 4096


def synced_to_proto(synced: SyncedRuns) -> pb.SyncRunsResponse:
    """The message; ends at an earlier revision where all of it would be too large."""
    entries = [(run.revision, _synced_run(run)) for run in synced.runs]
    entries += [(prior.revision, _synced_prior_run(prior)) for prior in synced.prior_runs]
    sweep = None if synced.sweep is None else sweep_to_proto(synced.sweep)
    room = MESSAGE_BYTES - _REST - (0 if sweep is None else sweep.ByteSize())
    sizes = [(revision, message.ByteSize() + ENTRY_BYTES) for revision, message in entries]
    revision = _last_that_fits(synced, sizes, min(room, PAGE_BYTES))
    kept = [message for at, message in entries if at <= revision]
    has_more = synced.has_more or revision < synced.revision
    return pb.SyncRunsResponse(
        runs=[message for message in kept if isinstance(message, pb.SyncedRun)],
        prior_runs=[message for message in kept if isinstance(message, pb.SyncedPriorRun)],
        objective_points=[
            pb.ObjectivePoint(
                number=point.number, attempt=point.attempt, step=point.step, value=point.value
            )
            for point in synced.points
            if _revision(point) <= revision
        ],
        revision=revision,
        has_more=has_more,
        state=sweep_state(synced.state),
        finish_reason=finish_reason(synced.finish_reason),
        next_number=synced.next_number,
        space_exhausted=synced.space_exhausted,
        sweep=sweep,
        database_id=synced.database_id,
    )


def _last_that_fits(synced: SyncedRuns, sizes: Sequence[tuple[int, int]], room: int) -> int:
    """The last revision of which, and of those before it, all fits; the first one always does."""
    points = synced.points
    if sum(size for _, size in sizes) + len(points) * POINT_BYTES <= room:
        return synced.revision
    last, used = 0, 0
    at_point = [(_revision(point), POINT_BYTES) for point in points]
    for revision, group in groupby(sorted([*sizes, *at_point]), key=itemgetter(0)):
        used += sum(size for _, size in group)
        if used > room and last:
            break
        last = revision
    return last


def _revision(point: MetricPoint) -> int:
    if point.objective_revision is None:
        raise AssertionError("a value of the sweep's metric has a revision")
    return point.objective_revision


def _synced_run(run: Run) -> pb.SyncedRun | pb.SyncedPriorRun:
    return pb.SyncedRun(
        number=run.number,
        state=run_state(run.state),
        attempt=run.attempt,
        parameters=parameters_to_proto(run.parameters),
        objective=run.objective,
        sampler_state=run.sampler_state,
        last_step=run.last_step,
        objectives=run.objectives,
    )


def _synced_prior_run(prior: IndexedPriorRun) -> pb.SyncedPriorRun:
    return pb.SyncedPriorRun(index=prior.index, run=prior_run_to_proto(prior.run))
