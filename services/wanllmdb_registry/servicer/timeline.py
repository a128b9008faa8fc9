"""The RPC that tells when runs ran."""

from __future__ import annotations

import math
from datetime import datetime
from functools import partial

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.error_mapping import Context
from wanllmdb_registry.domain.bounds import PAGE_BYTES
from wanllmdb_registry.domain.model import RunState, Sweep
from wanllmdb_registry.domain.reads import Timeline
from wanllmdb_registry.servicer.base import ServicerPart
from wanllmdb_registry.servicer.computing import computed
from wanllmdb_registry.servicer.convert import run_state, timestamp
from wanllmdb_registry.servicer.requests import RequestReader


class TimelinePart(ServicerPart):
    """See the protos for the RPC's contract."""

    async def GetTimeline(
        self, request: pb.GetTimelineRequest, context: Context
    ) -> pb.GetTimelineResponse:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        limit = reader.limit("max_runs", request.max_runs, default=10_000, maximum=100_000)
        reader.done()
        sweep = await self.registry.sweeps.get(sweep_id)
        every = max(1, -(-sweep.next_number // limit))
        while True:
            timeline = await self.registry.plots.timeline(sweep_id, sweep.next_number, every)
            # A second or so for the largest ones.
            response = await computed(partial(_columns, sweep, timeline))
            # With agents of long names that do one run each.
            if response.ByteSize() <= PAGE_BYTES:
                return response
            every *= 2


def _columns(sweep: Sweep, timeline: Timeline) -> pb.GetTimelineResponse:
    start = sweep.start_time or sweep.create_time
    agents: dict[str, int] = {}
    for run in timeline.runs:
        agents.setdefault(run.agent_id, len(agents))

    states = {state: run_state(state) for state in RunState}

    def seconds(time: datetime | None) -> float:
        return math.nan if time is None else (time - start).total_seconds()

    return pb.GetTimelineResponse(
        start_time=timestamp(start),
        run_numbers=[run.number for run in timeline.runs],
        states=[states[run.state] for run in timeline.runs],
        start_seconds=[seconds(run.start_time) for run in timeline.runs],
        end_seconds=[seconds(run.end_time) for run in timeline.runs],
        objectives=[math.nan if run.objective is None else run.objective for run in timeline.runs],
        agent_indices=[agents[run.agent_id] for run in timeline.runs],
        agents=list(agents),
        now_seconds=seconds(timeline.now),
        total_runs=timeline.total,
    )
