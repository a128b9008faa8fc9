"""The registry's RPCs about agents, events and the server."""

from __future__ import annotations

from collections.abc import Callable

from wanllmdb._calls.call import Call, Page, page_of, sendable
from wanllmdb._types.activity import (
    ServerInfo,
    SweepAgent,
    SweepEvent,
    agent_from_proto,
    event_from_proto,
    server_info_from_proto,
)
from wanllmdb.api.registry.v1 import activity_pb2 as pb
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb


@sendable
def list_agents(
    sweep_id: str, include_idle: bool, page_size: int
) -> Callable[[str], Call[Page[SweepAgent]]]:
    """ListAgents, by page token."""

    def page(token: str) -> Call[Page[SweepAgent]]:
        return Call(
            pb.ListAgentsRequest(
                sweep_id=sweep_id,
                include_idle=include_idle,
                page_size=page_size,
                page_token=token,
            ),
            page_of("agents", agent_from_proto),
        )

    return page


@sendable
def list_sweep_events(sweep_id: str, page_size: int) -> Callable[[str], Call[Page[SweepEvent]]]:
    """ListSweepEvents, by page token."""

    def page(token: str) -> Call[Page[SweepEvent]]:
        return Call(
            pb.ListSweepEventsRequest(sweep_id=sweep_id, page_size=page_size, page_token=token),
            page_of("events", event_from_proto),
        )

    return page


@sendable
def get_server_info() -> Call[ServerInfo]:
    return Call(registry_pb.GetServerInfoRequest(), server_info_from_proto)
