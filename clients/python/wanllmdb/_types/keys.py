"""API keys: who may do what, in which projects; from protobuf."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from wanllmdb._types.enums import Role, enum_from_proto
from wanllmdb._types.values import optional_time
from wanllmdb.api.registry.v1 import key_service_pb2 as pb

ALL_PROJECTS = "*"
"""Stands alone among a key's projects for all of them."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key without its secret. Times are aware and in UTC.

    Attributes:
        key_id: the part of the key's text between the underscores.
        name: what it is for.
        role: what it may do.
        projects: where; `("*",)` for everywhere.
        create_time: None for the operator's own key, which is stored nowhere.
        expire_time: from when on it is refused; None for never.
        revoke_time: when it was revoked; None where it was not.
        creator_key_id: the key that created it; empty for one made while the server asked
            for none.
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
        """Whether it is neither revoked nor expired, by this machine's clock."""
        is_over = self.expire_time is not None and self.expire_time <= datetime.now(UTC)
        return self.revoke_time is None and not is_over


class CreatedKey(NamedTuple):
    """A new key and its text, which nobody can be told again."""

    key: ApiKey
    text: str
    """`wsk_<id>_<secret>`: what a client sends."""

    def __repr__(self) -> str:
        return f"CreatedKey(key={self.key!r}, text='wsk_{self.key.key_id}_...')"


@dataclass(frozen=True, slots=True)
class CallerInfo:
    """Who the registry takes a client for.

    Where `keys_required` is False everybody may do everything, and `key` is None.
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
