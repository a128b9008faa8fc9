"""RPCs by which agents keep the runs that they hold, or get them back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.error_mapping import Context
from wanllmdb_registry.domain.leases import ResumeRuns, TakeBackRuns
from wanllmdb_registry.domain.model import Run, RunCommand, SweepState
from wanllmdb_registry.domain.unit_of_work import Attempt
from wanllmdb_registry.servicer.base import ServicerPart
from wanllmdb_registry.servicer.convert import run_command, run_to_proto, timestamp
from wanllmdb_registry.servicer.requests import RequestReader

MAX_LEASES = 1000
MAX_RESUMED = 100


class LeasesPart(ServicerPart):
    """See the protos for each RPC's contract."""

    async def ResumeRuns(
        self, request: pb.ResumeRunsRequest, context: Context
    ) -> pb.ResumeRunsResponse:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        key = reader.key(request)
        agent_id = reader.text("agent_id", request.agent_id, required=True)
        count = reader.limit("count", request.count, default=1, maximum=MAX_RESUMED)
        reader.done()
        change = ResumeRuns(key, _encode_held, agent_id=agent_id, count=count)
        return await self.commit(sweep_id, change, pb.ResumeRunsResponse)

    async def Heartbeat(
        self, request: pb.HeartbeatRequest, context: Context
    ) -> pb.HeartbeatResponse:
        reader = RequestReader()
        if len(request.leases) > MAX_LEASES:
            reader.problem("leases", f"hold {len(request.leases)}, at most {MAX_LEASES:,}")
        by_sweep: defaultdict[str, list[Attempt]] = defaultdict(list)
        for index, lease in enumerate(request.leases):
            reader.text(f"leases[{index}].sweep_id", lease.sweep_id, required=True)
            by_sweep[lease.sweep_id].append((lease.number, lease.attempt))
        reader.done()
        statuses = {
            (sweep_id, *attempt): status
            for sweep_id, held in by_sweep.items()
            for attempt, status in (await self._renew(sweep_id, held)).items()
        }
        response = pb.HeartbeatResponse()
        for lease in request.leases:
            status = response.statuses.add(lease=lease)
            status.MergeFrom(statuses[lease.sweep_id, lease.number, lease.attempt])
        return response

    async def _renew(
        self, sweep_id: str, named: Sequence[Attempt]
    ) -> dict[Attempt, pb.LeaseStatus]:
        """What became of leases of one sweep, by attempt; each status without its lease."""
        held = await self.registry.store.renew_leases(sweep_id, named)
        expire_times = dict(held.expire_times)
        if held.queued and held.sweep_state is SweepState.RUNNING:
            change = TakeBackRuns(None, _encode_taken_back, held=held.queued)
            for run in (await self.commit(sweep_id, change, pb.ResumeRunsResponse)).runs:
                expire_time = run.lease_expire_time.ToDatetime(UTC)
                expire_times[run.number, run.attempt] = expire_time
        goes_on = RunCommand.CONTINUE
        if held.sweep_state is SweepState.CANCELED:
            goes_on = RunCommand.STOP
        statuses = {}
        for attempt in named:
            # Also when the lease ran out: nobody else has the run, its result counts.
            command = goes_on if attempt in held.states else RunCommand.ABANDON
            status = statuses[attempt] = pb.LeaseStatus(command=run_command(command))
            if attempt in expire_times:
                status.expire_time.FromDatetime(expire_times[attempt])
        return statuses


def _encode_taken_back(runs: Sequence[Run]) -> bytes:
    """Of each what a heartbeat says of it; whole ones may be too many for a message."""
    return pb.ResumeRunsResponse(
        runs=[
            run_pb2.Run(
                number=run.number,
                attempt=run.attempt,
                lease_expire_time=timestamp(run.lease_expire_time),
            )
            for run in runs
        ]
    ).SerializeToString()


def _encode_held(runs: Sequence[Run]) -> bytes:
    return pb.ResumeRunsResponse(runs=map(run_to_proto, runs)).SerializeToString()
