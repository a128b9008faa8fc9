"""What happens in a sweep: its agents and its events; and the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from wanllmdb._types.enums import SweepEventKind, enum_from_proto
from wanllmdb._types.values import optional_time
from wanllmdb.api.registry.v1 import activity_pb2 as pb
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb


@dataclass(frozen=True, slots=True)
class SweepAgent:
    """An agent of a sweep, as the sweep's runs show it. Times are aware and in UTC.

    Attributes:
        agent_id: its name.
        running_numbers: the numbers of the runs that it holds, ascending; at most 100.
        running_run_count: how many runs it holds.
        ended_run_count: how many runs of the sweep it ended.
        failed_run_count: how many of these failed or were lost.
        last_seen_time: when it last got a run, renewed a lease or ended a run.
    """

    agent_id: str
    running_numbers: Sequence[int]
    running_run_count: int
    ended_run_count: int
    failed_run_count: int
    last_seen_time: datetime | None


@dataclass(frozen=True, slots=True)
class SweepEvent:
    """Something that happened to a sweep. Times are aware and in UTC.

    Attributes:
        revision: the sweep's revision after it.
        time: when it happened.
        kind: what happened.
        detail: details in a sentence; may be empty.
        key_id: the id of the caller's key; empty without keys, or if no caller asked for it.
        address: the caller's address; empty if no caller asked for it.
    """

    revision: int
    time: datetime | None
    kind: SweepEventKind
    detail: str
    key_id: str
    address: str


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What the registry reports about itself.

    Attributes:
        version: the version of its release.
        keys_required: whether every call needs an API key.
        lease_duration: how long a run's lease lasts, unless renewed.
        max_message_bytes: the size of the largest message that it accepts and sends.
        database_id: identifies its database and the database's history.
        time: its current time, aware and in UTC.
    """

    version: str
    keys_required: bool
    lease_duration: timedelta
    max_message_bytes: int
    database_id: str
    time: datetime | None


def agent_from_proto(message: pb.Agent) -> SweepAgent:
    """An agent."""
    return SweepAgent(
        agent_id=message.agent_id,
        running_numbers=tuple(message.running_numbers),
        running_run_count=message.running_run_count,
        ended_run_count=message.ended_run_count,
        failed_run_count=message.failed_run_count,
        last_seen_time=optional_time(message, "last_seen_time"),
    )


def event_from_proto(message: pb.SweepEvent) -> SweepEvent:
    """An event."""
    return SweepEvent(
        revision=message.revision,
        time=optional_time(message, "time"),
        kind=enum_from_proto(SweepEventKind, message, "kind"),
        detail=message.detail,
        key_id=message.key_id,
        address=message.address,
    )


def server_info_from_proto(message: registry_pb.GetServerInfoResponse) -> ServerInfo:
    """What the registry reports about itself."""
    return ServerInfo(
        version=message.version,
        keys_required=message.keys_required,
        lease_duration=message.lease_duration.ToTimedelta(),
        max_message_bytes=message.max_message_bytes,
        database_id=message.database_id,
        time=optional_time(message, "time"),
    )
