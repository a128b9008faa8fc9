"""API keys and callers, from protobuf."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from wanllmdb._types.enums import Role, enum_from_proto
from wanllmdb._types.values import optional_time
from wanllmdb.api.registry.v1 import key_service_pb2 as pb

ALL_PROJECTS = "*"
"""As the only entry of a key's projects: all projects."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key without its secret. Times are aware and in UTC.

    Attributes:
        key_id: the part of the key's text between the underscores.
        name: what the key is for.
        role: what the key may do.
        projects: the key's projects; `("*",)` for all projects.
        create_time: None for the operator's own key, which is not stored.
        expire_time: when the key expires; None for never.
        revoke_time: when the key was revoked; None for a key that was not.
        creator_key_id: the key that created this one; empty if the server required no keys then.
    """

    key_id: str
    name: str
    role: Role
    projects: tuple[str, ...]
    create_time: datetime | None
    expire_time: datetime | None
    revoke_time: datetime | None
    creator_key_id: str

    @property
    def is_good(self) -> bool:
        """Whether the key is neither revoked nor expired, by this machine's clock."""
        is_over = self.expire_time is not None and self.expire_time <= datetime.now(UTC)
        return self.revoke_time is None and not is_over


class CreatedKey(NamedTuple):
    """A new key and its text, which no later call returns."""

    key: ApiKey
    text: str
    """`wsk_<id>_<secret>`: what a client sends."""

    def __repr__(self) -> str:
        return f"CreatedKey(key={self.key!r}, text='wsk_{self.key.key_id}_...')"


@dataclass(frozen=True, slots=True)
class CallerInfo:
    """The key by which the registry identifies a client.

    Where `keys_required` is False, every client may do everything, and `key` is None.
    """

    keys_required: bool
    key: ApiKey | None


def api_key_from_proto(message: pb.ApiKey) -> ApiKey:
    """A key."""
    return ApiKey(
        key_id=message.key_id,
        name=message.name,
        role=enum_from_proto(Role, message, "role"),
        projects=tuple(message.projects),
        create_time=optional_time(message, "create_time"),
        expire_time=optional_time(message, "expire_time"),
        revoke_time=optional_time(message, "revoke_time"),
        creator_key_id=message.creator_key_id,
    )


def caller_from_proto(response: pb.GetCallerResponse) -> CallerInfo:
    key = api_key_from_proto(response.key) if response.HasField("key") else None
    return CallerInfo(response.keys_required, key)
