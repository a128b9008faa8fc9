"""What an API key is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from wanllmdb_common.calls.caller import Caller, Role
from wanllmdb_common.errors import FieldViolation, NotFoundError, invalid_request
from wanllmdb_registry.domain.keys.key_text import ROOT_KEY_ID

ALL_PROJECTS = "*"
"""Stands alone in a key's projects for all of them."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a key is to be: `projects` are names, or ALL_PROJECTS alone."""

    name: str
    role: Role
    projects: tuple[str, ...]
    secret_sha256: bytes = field(repr=False)
    creator_key_id: str = ""
    expire_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret; `create_time` is None for the operator's own one alone."""

    key_id: str
    name: str
    role: Role
    projects: tuple[str, ...]
    creator_key_id: str = ""
    create_time: datetime | None = None
    expire_time: datetime | None = None
    revoke_time: datetime | None = None

    @property
    def caller(self) -> Caller:
        """Who calls with it."""
        return Caller(self.key_id, self.role, scope_of(self.projects))


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A stored key, and how long it is still good by the database's clock; None for ever."""

    key: ApiKey
    secret_sha256: bytes = field(repr=False)
    lifetime: timedelta | None


ROOT_KEY = ApiKey(
    ROOT_KEY_ID, "the operator's key, of the server's settings", Role.ADMIN, (ALL_PROJECTS,)
)


def scope_of(projects: tuple[str, ...]) -> frozenset[str] | None:
    """Where a key of these projects is good; None for everywhere."""
    return None if projects == (ALL_PROJECTS,) else frozenset(projects)


def require_in_future(expire_time: datetime | None, now: datetime) -> None:
    """Passes for a key that would be good for a while.

    Raises:
        InvalidArgumentError: INVALID_REQUEST.
    """
    if expire_time is not None and expire_time <= now:
        text = f"is in the past: it is {now:%Y-%m-%dT%H:%M:%SZ} at the server"
        raise invalid_request(FieldViolation("expire_time", text))


def key_not_found(key_id: str) -> NotFoundError:
    """KEY_NOT_FOUND."""
    text = f"there is no API key '{key_id:.100}'"
    if key_id == ROOT_KEY_ID:
        text = (
            f"API key '{ROOT_KEY_ID}' is not stored: it is revoked by starting the registry with "
            "another admin_key, or without one"
        )
    return NotFoundError("KEY_NOT_FOUND", text, key_id=key_id[:100])
