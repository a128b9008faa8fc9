"""A page of what changed in a sweep, as a message that is not too large."""

from __future__ import annotations

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.search_space.convert import parameters_to_proto
from wanllmdb_registry.domain.model import PlacedPriorRun, Run
from wanllmdb_registry.domain.reads import SyncedRuns
from wanllmdb_registry.servicer.convert import (
    finish_reason,
    prior_run_to_proto,
    run_state,
    sweep_state,
    sweep_to_proto,
)
from wanllmdb_registry.servicer.page_tokens import fitting


def synced_to_proto(synced: SyncedRuns) -> pb.SyncRunsResponse:
    """The message; ends at an earlier revision where all of it would be too large."""
    entries = [(run.revision, _synced_run(run)) for run in synced.runs]
    entries += [(prior.revision, _synced_prior_run(prior)) for prior in synced.prior_runs]
    entries.sort(key=lambda entry: entry[0])
    kept = fitting([message for _, message in entries])
    revision, has_more = synced.revision, synced.has_more
    if len(kept) < len(entries):
        revision, has_more = entries[len(kept) - 1][0], True
    return pb.SyncRunsResponse(
        runs=[message for message in kept if isinstance(message, pb.SyncedRun)],
        prior_runs=[message for message in kept if isinstance(message, pb.SyncedPriorRun)],
        objective_points=[
            pb.ObjectivePoint(
                number=point.number, attempt=point.attempt, step=point.step, value=point.value
            )
            for point in synced.points
            if point.objective_revision is None or point.objective_revision <= revision
        ],
        revision=revision,
        has_more=has_more,
        state=sweep_state(synced.state),
        finish_reason=finish_reason(synced.finish_reason),
        next_number=synced.next_number,
        space_exhausted=synced.space_exhausted,
        sweep=None if synced.sweep is None else sweep_to_proto(synced.sweep),
        database_id=synced.database_id,
    )


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


def _synced_prior_run(prior: PlacedPriorRun) -> pb.SyncedPriorRun:
    return pb.SyncedPriorRun(index=prior.index, run=prior_run_to_proto(prior.run))
