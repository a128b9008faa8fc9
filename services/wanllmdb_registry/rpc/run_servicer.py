"""RPCs with which agents and users create, report, end, resume and change runs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC
from functools import partial

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.computing.off_loop import converted
from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.error_mapping import Context
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_registry.domain.bounds import MAX_TOGETHER, MAX_TOGETHER_BYTES
from wanllmdb_registry.domain.cancel_runs import CanceledRuns, CancelRuns
from wanllmdb_registry.domain.enqueue_runs import EnqueuedRun, EnqueueRuns, check_enqueued
from wanllmdb_registry.domain.leases import ReleaseRun, TakeBackRuns
from wanllmdb_registry.domain.model import Run, RunCommand, RunState, Sweep, SweepState
from wanllmdb_registry.domain.report_metrics import ReportMetrics, command_for
from wanllmdb_registry.domain.retry_runs import RETRYABLE_STATES, RetriedRuns, RetryRuns
from wanllmdb_registry.domain.unit_of_work import Attempt
from wanllmdb_registry.domain.update_run import UPDATABLE_RUN_FIELDS, RunUpdate, UpdateRun
from wanllmdb_registry.rpc.base import BaseServicer, computed, requester
from wanllmdb_registry.rpc.conversion import (
    run_command,
    run_to_proto,
    sweep_to_proto,
    timestamp,
)
from wanllmdb_registry.rpc.request_reader import RequestReader
from wanllmdb_registry.rpc.run_ends import (
    BYTES_OF_METRICS,
    count_end,
    read_end,
    reason_of_end,
)

MAX_ENQUEUED = MAX_TOGETHER
MAX_LEASES = 1000
# With the words before it, the reason of a canceled run fits into the run's error message.
MAX_CANCEL_REASON = 4_000


class RunServicer(BaseServicer):
    """RPCs that change runs; the protos state the contract of each RPC."""

    async def EnqueueRuns(self, request: pb.EnqueueRunsRequest, context: Context) -> bytes:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        key = reader.key(request)
        if not 1 <= len(request.runs) <= MAX_ENQUEUED:
            reader.problem(
                "runs", f"must have 1 to {MAX_ENQUEUED:,} entries, has {len(request.runs)}"
            )
            reader.done()
        runs = await computed(partial(_enqueued, reader, request))
        if reader.size > MAX_TOGETHER_BYTES:
            reader.problem(
                "runs",
                f"takes {reader.size:,} bytes, at most {MAX_TOGETHER_BYTES:,} are allowed in one "
                "request: split the runs over several requests",
            )
        reader.done()
        asked_by = requester()

        def encode(queued: Sequence[Run]) -> bytes:
            return pb.EnqueueRunsResponse(runs=map(run_to_proto, queued)).SerializeToString()

        def check(sweep: Sweep) -> EnqueueRuns:
            check_enqueued(sweep.spec.space, runs)
            return EnqueueRuns(key, encode, runs=runs, requester=asked_by)

        return await self.commit_checked(sweep_id, key, check)

    async def RetryRuns(self, request: pb.RetryRunsRequest, context: Context) -> bytes:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        key = reader.key(request)
        etag = reader.etag(request.etag)
        if bool(request.numbers) == bool(request.states):
            reader.problem("numbers", "set either numbers or states")
        if len(request.numbers) > MAX_TOGETHER:
            count = len(request.numbers)
            reader.problem(
                "numbers", f"has {count:,} entries, at most {MAX_TOGETHER:,} are allowed"
            )
            reader.done()
        numbers = [reader.number(f"numbers[{i}]", n) for i, n in enumerate(request.numbers)]
        states = reader.members("states", request.states, run_pb2.RunState, RunState)
        for state in sorted(set(states) - set(RETRYABLE_STATES)):
            known = ", ".join(RETRYABLE_STATES)
            reader.problem(
                "states", f"{state} runs cannot be selected by their state; {known} runs can"
            )
        reader.done()
        command = RetryRuns(
            key,
            _encode_retried,
            etag=etag,
            numbers=numbers,
            states=frozenset(states),
            requester=requester(),
        )
        return await self.commit(sweep_id, command)

    async def CancelRuns(self, request: pb.CancelRunsRequest, context: Context) -> bytes:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        key = reader.key(request)
        count = len(request.numbers)
        if not 1 <= count <= MAX_TOGETHER:
            reader.problem("numbers", f"must have 1 to {MAX_TOGETHER:,} entries, has {count:,}")
            reader.done()
        numbers = [reader.number(f"numbers[{i}]", n) for i, n in enumerate(request.numbers)]
        repeated = [number for number, times in Counter(numbers).items() if times > 1]
        if repeated:
            reader.problem("numbers", f"has {repeated[0]} more than once; name each run once")
        reason = reader.text("reason", request.reason, limit=MAX_CANCEL_REASON)
        reader.done()
        command = CancelRuns(
            key, _encode_canceled, numbers=numbers, reason=reason, requester=requester()
        )
        return await self.commit(sweep_id, command)

    async def UpdateRun(self, request: pb.UpdateRunRequest, context: Context) -> bytes:
        reader = RequestReader()
        run = request.run
        sweep_id = reader.text("run.sweep_id", run.sweep_id, required=True)
        key = reader.key(request)
        number = reader.run_number(run, "run.")
        update = RunUpdate(
            reader.mask("update_mask", request.update_mask.paths, UPDATABLE_RUN_FIELDS),
            reader.text("run.name", run.name),
            reader.labels("run.labels", run.labels),
            reader.config("run.config", run.config),
            reader.text("run.external_run_id", run.external_run_id),
        )
        reader.done()

        def encode(run: Run) -> bytes:
            return pb.UpdateRunResponse(run=run_to_proto(run)).SerializeToString()

        command = UpdateRun(
            key,
            encode,
            number=number,
            update=update,
            if_revision=request.if_revision if request.HasField("if_revision") else None,
        )
        return await self.commit(sweep_id, command)

    async def ReportMetrics(self, request: pb.ReportMetricsRequest, context: Context) -> bytes:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        key = reader.key(request)
        number, attempt = reader.run_attempt(request)

        def encode(command: RunCommand) -> bytes:
            return pb.ReportMetricsResponse(command=run_command(command)).SerializeToString()

        def read() -> ReportMetrics:
            rows = reader.rows(request.rows)
            report = ReportMetrics(key, encode, number=number, attempt=attempt, rows=rows)
            # Each is kept: counted later, they would keep the event loop.
            _ = report.weight, report.names
            return report

        command = await converted(read, request.ByteSize() // BYTES_OF_METRICS)
        reader.done()
        return await self.commit(sweep_id, command)

    async def FinishRun(self, request: pb.FinishRunRequest, context: Context) -> bytes:
        end = await read_end(request)
        reply = await self.commit(request.sweep_id, end)
        count_end(end, reply)
        return reply

    async def ReleaseRun(self, request: pb.ReleaseRunRequest, context: Context) -> bytes:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        key = reader.key(request)
        number, attempt = reader.run_attempt(request)
        reader.done()

        def encode(run: Run) -> bytes:
            return pb.ReleaseRunResponse(run=run_to_proto(run)).SerializeToString()

        reason = reason_of_end(request.reason)
        command = ReleaseRun(key, encode, number=number, attempt=attempt, reason=reason)
        return await self.commit(sweep_id, command)

    async def Heartbeat(
        self, request: pb.HeartbeatRequest, context: Context
    ) -> pb.HeartbeatResponse:
        reader = RequestReader()
        if len(request.leases) > MAX_LEASES:
            reader.problem(
                "leases", f"has {len(request.leases)} entries, at most {MAX_LEASES:,} are allowed"
            )
            reader.done()
        by_sweep: defaultdict[str, list[Attempt]] = defaultdict(list)
        for index, lease in enumerate(request.leases):
            reader.text(f"leases[{index}].sweep_id", lease.sweep_id, required=True)
            by_sweep[lease.sweep_id].append(reader.run_attempt(lease, f"leases[{index}]."))
        reader.done()
        statuses = {
            (sweep_id, *attempt): status
            for sweep_id, held in by_sweep.items()
            for attempt, status in (await self._renew(sweep_id, held)).items()
        }
        response = pb.HeartbeatResponse()
        response.lease_duration.FromTimedelta(self.registry.lease)
        for lease in request.leases:
            status = response.statuses.add(lease=lease)
            status.MergeFrom(statuses[lease.sweep_id, lease.number, lease.attempt])
        return response

    async def _renew(
        self, sweep_id: str, named: Sequence[Attempt]
    ) -> dict[Attempt, pb.LeaseStatus]:
        """Return the status of leases of one sweep, by attempt, each without the lease itself."""
        held = await self.registry.store.renew_leases(sweep_id, named)
        expire_times = dict(held.expire_times)
        if held.queued and held.sweep_state is SweepState.RUNNING:
            take_back = TakeBackRuns(None, _encode_taken_back, held=held.queued)
            reply = await self.commit(sweep_id, take_back)
            for run in internal_pb.ResumeRunsResponse.FromString(reply).runs:
                expire_time = run.lease_expire_time.ToDatetime(UTC)
                expire_times[run.number, run.attempt] = expire_time
        statuses = {}
        for attempt in named:
            # Even after the lease expired: no other agent has the run, so its result counts.
            command = RunCommand.ABANDON
            if attempt in held.states:
                command = command_for(held.sweep_state, stop_requested=attempt in held.stopping)
            status = statuses[attempt] = pb.LeaseStatus(command=run_command(command))
            if attempt in expire_times:
                status.expire_time.FromDatetime(expire_times[attempt])
        return statuses


def _enqueued(reader: RequestReader, request: pb.EnqueueRunsRequest) -> list[EnqueuedRun]:
    return [
        EnqueuedRun(
            reader.parameters(f"runs[{i}].parameters", run.parameters),
            reader.labels(f"runs[{i}].labels", run.labels),
        )
        for i, run in with_checkpoints(enumerate(request.runs), every=1)
    ]


def _encode_retried(retried: RetriedRuns) -> bytes:
    return pb.RetryRunsResponse(
        sweep=sweep_to_proto(retried.sweep),
        numbers=retried.numbers,
        remaining_runs=retried.remaining,
    ).SerializeToString()


def _encode_canceled(canceled: CanceledRuns) -> bytes:
    return pb.CancelRunsResponse(
        sweep=sweep_to_proto(canceled.sweep),
        canceled_numbers=canceled.canceled,
        stopping_numbers=canceled.stopping,
        ended_numbers=canceled.ended,
    ).SerializeToString()


def _encode_taken_back(runs: Sequence[Run]) -> bytes:
    """Encode what a heartbeat needs of each run; whole runs may exceed the size of a message."""
    return internal_pb.ResumeRunsResponse(
        runs=[
            run_pb2.Run(
                number=run.number,
                attempt=run.attempt,
                lease_expire_time=timestamp(run.lease_expire_time),
            )
            for run in runs
        ]
    ).SerializeToString()
