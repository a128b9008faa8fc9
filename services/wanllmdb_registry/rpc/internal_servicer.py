"""RPCs of the suggestion service: assigning, resuming and ending runs, and following changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from itertools import groupby
from operator import itemgetter

from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.calls.call import current_call
from wanllmdb_common.computing.off_loop import BYTES_A_ROW, converted
from wanllmdb_common.error_mapping import Context
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_registry.domain.assign_runs import CreatedRuns, CreateRuns, Proposal, RunsForAgent
from wanllmdb_registry.domain.bounds import (
    ENTRY_BYTES,
    MAX_END_MESSAGE,
    MAX_SAMPLER_BYTES,
    MAX_TOGETHER,
    MESSAGE_BYTES,
    PAGE_BYTES,
    POINT_BYTES,
)
from wanllmdb_registry.domain.leases import ResumeRuns
from wanllmdb_registry.domain.model import FinishReason, IndexedPriorRun, MetricPoint, Run, Sweep
from wanllmdb_registry.domain.reads import SyncedRun, SyncedRuns
from wanllmdb_registry.domain.sweep_events import Requester
from wanllmdb_registry.domain.sweep_lifecycle import FinishSweep
from wanllmdb_registry.rpc.base import BaseServicer
from wanllmdb_registry.rpc.conversion import (
    finish_reason,
    prior_run_to_proto,
    run_state,
    run_to_proto,
    sweep_state,
    sweep_to_proto,
)
from wanllmdb_registry.rpc.request_reader import RequestReader
from wanllmdb_registry.rpc.run_ends import RunEnds, results_to_proto
from wanllmdb_registry.rpc.sweep_servicer import encoder

MAX_PROPOSALS = MAX_TOGETHER
MAX_RESUMED = 100
# Reserved for the response's own fields.
_REST = 4096


class InternalServicer(BaseServicer):
    """RPCs of the InternalRegistryService; its proto states the contract of each RPC."""

    async def CreateRuns(self, request: internal_pb.CreateRunsRequest, context: Context) -> bytes:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        if not request.requests:
            reader.problem("requests", "must contain at least one request")
        total = sum(len(r.proposals) for r in request.requests)
        if total > MAX_PROPOSALS:
            reader.problem(
                "requests", f"have {total} proposals, at most {MAX_PROPOSALS:,} are allowed"
            )
        if len(request.requests) > MAX_PROPOSALS:
            count = len(request.requests)
            reader.problem(
                "requests", f"has {count:,} entries, at most {MAX_PROPOSALS:,} are allowed"
            )
        reader.done()
        etag = reader.etag(request.etag)
        requests = [
            RunsForAgent(
                # Excludes the proposals, which the suggestion service adds to the agent's request.
                reader.key_of(
                    f"requests[{i}].request_id",
                    r.request_id,
                    "Suggest",
                    f"{r.agent_id}\0{r.count}".encode(),
                ),
                reader.text(f"requests[{i}].agent_id", r.agent_id, required=True),
                [
                    Proposal(
                        reader.number(f"requests[{i}].proposals[{k}].number", p.number),
                        reader.parameters(f"requests[{i}].proposals[{k}].parameters", p.parameters),
                        _sampler_state(
                            reader, f"requests[{i}].proposals[{k}].sampler_state", p.sampler_state
                        ),
                    )
                    for k, p in enumerate(r.proposals)
                ],
            )
            for i, r in enumerate(request.requests)
        ]
        ids = [r.request_id for r in request.requests if r.request_id]
        if len(set(ids)) < len(ids):
            reader.problem(
                "requests", "contains the same request_id twice; send the two in separate calls"
            )
        if request.earlier_answers_only and total:
            reader.problem("requests", "must have no proposals with earlier_answers_only")
        ends = await RunEnds.read(reader, sweep_id, request.ended_runs)
        reader.done()
        command = CreateRuns(
            requests,
            request.space_exhausted,
            etag,
            _encode_created,
            partial(_encode_create_response, self.registry.lease),
            size=reader.size,
            earlier_answers_only=request.earlier_answers_only,
            # The suggestion service calls with the agent's key, but from its own address.
            requester=Requester(current_call().caller.key_id),
        )
        if not request.ended_runs:
            return await self.commit(sweep_id, command)
        outcomes, answer = await ends.commit(self.registry.commits, sweep_id, command)
        results = results_to_proto(outcomes, MESSAGE_BYTES - _REST - len(answer))
        # The fields of a message may follow each other in any order.
        return answer + internal_pb.CreateRunsResponse(ended_runs=results).SerializeToString()

    async def FinishRuns(
        self, request: internal_pb.FinishRunsRequest, context: Context
    ) -> internal_pb.FinishRunsResponse:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        if request.HasField("sync") and request.sync.sweep_id != sweep_id:
            reader.problem("sync.sweep_id", "must be the request's sweep_id")
        ends = await RunEnds.read(reader, sweep_id, request.ended_runs)
        reader.done()
        outcomes, _ = await ends.commit(self.registry.commits, sweep_id)
        response = internal_pb.FinishRunsResponse()
        if request.HasField("sync"):
            response.changes.CopyFrom(await self.SyncRuns(request.sync, context))
        room = MESSAGE_BYTES - _REST - response.ByteSize()
        response.ended_runs.extend(results_to_proto(outcomes, room))
        return response

    async def SyncRuns(
        self, request: internal_pb.SyncRunsRequest, context: Context
    ) -> internal_pb.SyncRunsResponse:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        since = reader.number("since_revision", request.since_revision)
        limit = reader.limit("page_size", request.page_size, default=2000, maximum=5000)
        reader.done()
        synced = await self.registry.syncs.sync(
            sweep_id,
            since,
            limit,
            with_points=request.include_objective_points,
        )
        size = synced.size // BYTES_A_ROW + len(synced.points)
        return await converted(lambda: synced_to_proto(synced), size)

    async def ResumeRuns(
        self, request: internal_pb.ResumeRunsRequest, context: Context
    ) -> internal_pb.ResumeRunsResponse:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        key = reader.key(request)
        agent_id = reader.text("agent_id", request.agent_id, required=True)
        count = reader.limit("count", request.count, default=1, maximum=MAX_RESUMED)
        reader.done()
        command = ResumeRuns(key, _encode_held, agent_id=agent_id, count=count)
        reply = await self.commit(sweep_id, command)
        response = internal_pb.ResumeRunsResponse.FromString(reply)
        if response.runs:
            await self._set_metric_values(sweep_id, response.runs)
            response.lease_duration.FromTimedelta(self.registry.lease)
        return response

    async def _set_metric_values(self, sweep_id: str, runs: Sequence[run_pb2.Run]) -> None:
        """Count the values of the sweep's metric that each run's attempt has reported until now.

        The counts are not part of the stored reply, because reports do not change it.
        """
        sweep = await self.registry.sweeps.get(sweep_id)
        if sweep.spec.metric is None:
            return
        attempts = [(run.number, run.attempt) for run in runs]
        counts = await self.registry.runs.metric_values(sweep_id, sweep.spec.metric.name, attempts)
        for run in runs:
            run.metric_values = counts[run.number, run.attempt]

    async def TerminateSweep(
        self, request: internal_pb.TerminateSweepRequest, context: Context
    ) -> bytes:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        key = reader.key(request)
        message = reader.text("message", request.message, limit=MAX_END_MESSAGE)
        etag = reader.etag(request.etag)
        reader.done()
        command = FinishSweep(
            key,
            encoder(internal_pb.TerminateSweepResponse),
            etag=etag,
            reason=FinishReason.TERMINATED,
            message=message,
        )
        return await self.commit(sweep_id, command)


def _sampler_state(reader: RequestReader, field: str, state: bytes) -> bytes:
    if len(state) > MAX_SAMPLER_BYTES:
        text = f"takes {len(state):,} bytes, at most {MAX_SAMPLER_BYTES:,} are allowed"
        reader.problem(field, text)
    return state


def _encode_created(sweep: Sweep, runs: Sequence[Run]) -> bytes:
    messages = [run_to_proto(run) for run in runs]
    if sweep.spec.metric is not None:
        for message in messages:
            # A new attempt has reported nothing.
            message.metric_values = 0
    return internal_pb.CreatedRuns(runs=messages).SerializeToString()


def _encode_create_response(
    lease: timedelta, created: Sequence[CreatedRuns], etag: str | None
) -> bytes:
    response = internal_pb.CreateRunsResponse(conflict=etag is None, etag=etag or "")
    response.lease_duration.FromTimedelta(lease)
    for entry in created:
        result = response.results.add()
        if entry.reply is not None:
            result.MergeFromString(entry.reply)
        result.answered_before = entry.answered_before
        result.request_id_reused = entry.request_id_reused
    return response.SerializeToString()


def _encode_held(runs: Sequence[Run]) -> bytes:
    return internal_pb.ResumeRunsResponse(runs=map(run_to_proto, runs)).SerializeToString()


def synced_to_proto(synced: SyncedRuns[SyncedRun]) -> internal_pb.SyncRunsResponse:
    """Return the message, cut at an earlier revision if all changes would be too large."""
    entries = [(run.revision, _synced_run(run)) for run in synced.runs]
    entries += [(prior.revision, _synced_prior_run(prior)) for prior in synced.prior_runs]
    sweep = None if synced.sweep is None else sweep_to_proto(synced.sweep)
    room = MESSAGE_BYTES - _REST - (0 if sweep is None else sweep.ByteSize())
    sizes = [(revision, message.ByteSize() + ENTRY_BYTES) for revision, message in entries]
    revision = _last_that_fits(synced, sizes, min(room, PAGE_BYTES))
    kept = [message for at, message in entries if at <= revision]
    has_more = synced.has_more or revision < synced.revision
    return internal_pb.SyncRunsResponse(
        runs=[message for message in kept if isinstance(message, internal_pb.SyncedRun)],
        prior_runs=[message for message in kept if isinstance(message, internal_pb.SyncedPriorRun)],
        objective_points=[
            internal_pb.ObjectivePoint(
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


def _last_that_fits(
    synced: SyncedRuns[SyncedRun], sizes: Sequence[tuple[int, int]], room: int
) -> int:
    """Return the last revision up to which all changes fit; the first revision always does."""
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
        raise AssertionError("a value of the sweep's metric has no revision")
    return point.objective_revision


def _synced_run(run: SyncedRun) -> internal_pb.SyncedRun | internal_pb.SyncedPriorRun:
    return internal_pb.SyncedRun(
        number=run.number,
        state=run_state(run.state),
        attempt=run.attempt,
        parameters_json=run.parameters_json,
        objective=run.objective,
        sampler_state=run.sampler_state,
        last_step=run.last_step,
        objectives=run.objectives,
    )


def _synced_prior_run(prior: IndexedPriorRun) -> internal_pb.SyncedPriorRun:
    return internal_pb.SyncedPriorRun(index=prior.index, run=prior_run_to_proto(prior.run))
