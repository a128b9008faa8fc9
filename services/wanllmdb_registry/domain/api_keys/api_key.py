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

# Of lower-case letters and digits, so that the first underscore after it ends an id;
# longer than `root`, and never the same twice: 62 bits.
_ID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 12

_TEXT = re.compile(
    rf"wsk_(?P<key_id>[a-z0-9]{{1,40}})_(?P<secret>[A-Za-z0-9_-]{{{MIN_SECRET},{MAX_SECRET}}})"
)


@dataclass(frozen=True, slots=True)
class KeyText:
    """The two parts of a key's text. The secret is left out where it is printed."""

    key_id: str
    secret: str = field(repr=False)

    @property
    def secret_sha256(self) -> bytes:
        """What is stored in the secret's stead: 32 bytes."""
        return hashlib.sha256(self.secret.encode()).digest()


def parse_key(text: str) -> KeyText | None:
    """The parts; None for a text that is no key's."""
    match = _TEXT.fullmatch(text)
    return None if match is None else KeyText(match["key_id"], match["secret"])


def parse_root_key(text: str) -> KeyText:
    """The parts of the operator's own key.

    Raises:
        ValueError: says what the text must be, without a word of it.
    """
    parsed = parse_key(text)
    if parsed is None or parsed.key_id != ROOT_KEY_ID:
        raise ValueError(
            f"must be wsk_{ROOT_KEY_ID}_ and a secret of {MIN_SECRET} to {MAX_SECRET} letters, "
            "digits, '-' and '_'"
        )
    return parsed


def new_key_id() -> str:
    """An id that no other key has."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))


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
