"""RPCs that show who works on a sweep, what happened to it, and what the server is."""

from __future__ import annotations

import importlib.metadata

from wanllmdb.api.registry.v1 import activity_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.error_mapping import Context
from wanllmdb_registry.domain.agents import AgentActivity
from wanllmdb_registry.domain.sweep_events import SweepEvent
from wanllmdb_registry.rpc.base import BaseServicer
from wanllmdb_registry.rpc.conversion import enum_number, timestamp
from wanllmdb_registry.rpc.page_tokens import as_integer, as_text, fitting, read_token, write_token
from wanllmdb_registry.rpc.request_reader import RequestReader

_VERSION = importlib.metadata.version("wanllmdb")


class ActivityServicer(BaseServicer):
    """RPCs about activity; the protos state the contract of each RPC."""

    async def ListAgents(
        self, request: activity_pb2.ListAgentsRequest, context: Context
    ) -> activity_pb2.ListAgentsResponse:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        limit = reader.limit("page_size", request.page_size, default=100, maximum=1000)
        reader.done()
        position = read_token(request, request.page_token, (as_text,))
        found = await self.registry.agents.list(
            sweep_id,
            "" if position is None else position[0],
            limit,
            with_idle=request.include_idle,
        )
        page = fitting([_agent_to_proto(agent) for agent in found.items])
        response = activity_pb2.ListAgentsResponse(agents=page)
        if found.has_more or len(found.items) > len(page):
            response.next_page_token = write_token(request, [page[-1].agent_id])
        return response

    async def ListSweepEvents(
        self, request: activity_pb2.ListSweepEventsRequest, context: Context
    ) -> activity_pb2.ListSweepEventsResponse:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        limit = reader.limit("page_size", request.page_size, default=100, maximum=1000)
        reader.done()
        position = read_token(request, request.page_token, (as_integer,))
        before = None if position is None else position[0]
        found = await self.registry.events.list(sweep_id, before, limit)
        page = fitting([_event_to_proto(event) for event in found.items])
        response = activity_pb2.ListSweepEventsResponse(events=page)
        if found.has_more or len(found.items) > len(page):
            response.next_page_token = write_token(request, [found.items[len(page) - 1].index])
        return response

    async def GetServerInfo(
        self, request: pb.GetServerInfoRequest, context: Context
    ) -> pb.GetServerInfoResponse:
        facts = self.registry.facts
        clock = await self.registry.sweeps.clock()
        response = pb.GetServerInfoResponse(
            version=_VERSION,
            keys_required=facts.keys_required,
            max_message_bytes=facts.max_message_bytes,
            database_id=clock.database_id,
            time=timestamp(clock.now),
        )
        response.lease_duration.FromTimedelta(self.registry.lease)
        return response


def _agent_to_proto(agent: AgentActivity) -> activity_pb2.Agent:
    return activity_pb2.Agent(
        agent_id=agent.agent_id,
        running_numbers=agent.running,
        running_run_count=agent.held,
        ended_run_count=agent.ended,
        failed_run_count=agent.failed,
        last_seen_time=timestamp(agent.last_seen),
    )


def _event_to_proto(event: SweepEvent) -> activity_pb2.SweepEvent:
    return activity_pb2.SweepEvent(
        revision=event.revision,
        time=timestamp(event.time),
        kind=enum_number("SWEEP_EVENT_KIND", event.kind.name),  # type: ignore[arg-type]  # by name
        detail=event.detail,
        key_id=event.requester.key_id,
        address=event.requester.address,
    )
