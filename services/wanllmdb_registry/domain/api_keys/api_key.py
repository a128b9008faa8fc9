"""An API key: its text `wsk_<id>_<secret>`, and what is stored about it."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from wanllmdb_common.calls.caller import Caller, Role
from wanllmdb_common.errors import FieldViolation, NotFoundError, invalid_request

ROOT_KEY_ID = "root"
MIN_SECRET = 32
MAX_SECRET = 128

# An id has lower-case letters and digits only, so that the next underscore ends it. Random ids are
# longer than `root`, and their 62 bits never repeat.
_ID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 12

_TEXT = re.compile(
    rf"wsk_(?P<key_id>[a-z0-9]{{1,40}})_(?P<secret>[A-Za-z0-9_-]{{{MIN_SECRET},{MAX_SECRET}}})"
)


@dataclass(frozen=True, slots=True)
class KeyText:
    """The two parts of a key's text; `repr` omits the secret."""

    key_id: str
    secret: str = field(repr=False)

    @property
    def secret_sha256(self) -> bytes:
        """The hash that is stored in place of the secret: 32 bytes."""
        return hashlib.sha256(self.secret.encode()).digest()


def parse_key(text: str) -> KeyText | None:
    """Return the parts of a key; None for a text that is not a key."""
    match = _TEXT.fullmatch(text)
    return None if match is None else KeyText(match["key_id"], match["secret"])


def parse_root_key(text: str) -> KeyText:
    """Return the parts of the operator's own key.

    Raises:
        ValueError: describes the expected form without quoting the text.
    """
    parsed = parse_key(text)
    if parsed is None or parsed.key_id != ROOT_KEY_ID:
        raise ValueError(
            f"must be wsk_{ROOT_KEY_ID}_ followed by a secret of {MIN_SECRET} to {MAX_SECRET} "
            "letters, digits, '-' and '_'"
        )
    return parsed


def new_key_id() -> str:
    """Return an id that no other key has."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))


ALL_PROJECTS = "*"
"""The only entry of a key's projects where the key is valid in all projects."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to create: `projects` are names, or ALL_PROJECTS alone."""

    name: str
    role: Role
    projects: tuple[str, ...]
    secret_sha256: bytes = field(repr=False)
    creator_key_id: str = ""
    expire_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret; only the operator's own key has no `create_time`."""

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
        """The caller that uses the key."""
        return Caller(self.key_id, self.role, scope_of(self.projects))


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A stored key, and how long it is valid by the database's clock; None for unlimited."""

    key: ApiKey
    secret_sha256: bytes = field(repr=False)
    lifetime: timedelta | None


ROOT_KEY = ApiKey(
    ROOT_KEY_ID, "the operator's key, from the server's settings", Role.ADMIN, (ALL_PROJECTS,)
)


def scope_of(projects: tuple[str, ...]) -> frozenset[str] | None:
    """Return the projects in which a key is valid; None for all."""
    return None if projects == (ALL_PROJECTS,) else frozenset(projects)


def require_in_future(expire_time: datetime | None, now: datetime) -> None:
    """Check that an expiry time is in the future.

    Raises:
        InvalidArgumentError: INVALID_REQUEST.
    """
    if expire_time is not None and expire_time <= now:
        text = f"is in the past: the server's time is {now:%Y-%m-%dT%H:%M:%SZ}"
        raise invalid_request(FieldViolation("expire_time", text))


def key_not_found(key_id: str) -> NotFoundError:
    """Return the error KEY_NOT_FOUND."""
    text = f"there is no API key '{key_id:.100}'"
    if key_id == ROOT_KEY_ID:
        text = (
            f"API key '{ROOT_KEY_ID}' is not stored: to revoke it, start the registry with another "
            "admin_key or without one"
        )
    return NotFoundError("KEY_NOT_FOUND", text, key_id=key_id[:100])
