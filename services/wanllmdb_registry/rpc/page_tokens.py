"""Pages: opaque tokens, bound to their request (AIP-158), and the size of a page."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence, Set
from datetime import UTC, datetime
from typing import Any, TypeVar

from google.protobuf.message import Message

from wanllmdb_common.errors import FieldViolation, InvalidArgumentError
from wanllmdb_registry.domain.bounds import PAGE_BYTES

M = TypeVar("M", bound=Message)
Part = Callable[[Any], Any]
"""Reads one value of a position; raises ValueError or TypeError for a value of another type."""

MAX_TOKEN = 4_096


def write_token(request: Message, position: list[Any], projects: Set[str] | None = None) -> str:
    """Return a token for the page after `position`.

    Args:
        request: The request, whose other fields the token is bound to.
        position: JSON values.
        projects: The caller's projects, if the response depends on them; None for all.
    """
    body = json.dumps([_digest(request, projects), position], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(body).decode().rstrip("=")


def read_token(
    request: Message, token: str, parts: Sequence[Part], projects: Set[str] | None = None
) -> list[Any] | None:
    """Return the position that a token encodes; None for the first page.

    Args:
        request: The request that carries the token.
        token: The caller's token, which may be forged.
        parts: A reader for each value of the position.
        projects: As in `write_token`.

    Raises:
        InvalidArgumentError: INVALID_PAGE_TOKEN: the token is malformed or of another request.
    """
    if not token:
        return None
    if len(token) > MAX_TOKEN:
        raise _invalid(f"has {len(token):,} characters, at most {MAX_TOKEN:,} are allowed")
    try:
        padded = token + "=" * (-len(token) % 4)
        digest, position = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, TypeError, RecursionError):
        raise _invalid("was not issued by this server") from None
    if digest != _digest(request, projects):
        raise _invalid("was issued for another request; keep all other fields the same")
    try:
        return [read(value) for read, value in zip(parts, position, strict=True)]
    except (ValueError, TypeError, OverflowError):
        raise _invalid("was not issued by this server") from None


def as_integer(value: Any) -> int:
    """Read a 64-bit integer."""
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise ValueError(value)
    return value


def as_number(value: Any) -> float | None:
    """Read a number or null."""
    if value is not None and type(value) not in (int, float):
        raise ValueError(value)
    return None if value is None else float(value)


def as_text(value: Any) -> str:
    """Read a text that PostgreSQL can store."""
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError(value)
    value.encode()
    return value


def as_time(value: Any) -> datetime:
    """Read an ISO time with its zone."""
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError(value)
    # Raises OverflowError for a year out of range.
    return found.astimezone(UTC)


def fitting(messages: Sequence[M]) -> list[M]:
    """Return the first messages that fit into one response; at least one."""
    size = 0
    for count, message in enumerate(messages):
        size += message.ByteSize() + 8
        if size > PAGE_BYTES and count:
            return list(messages[:count])
    return list(messages)


# Messages of a response that are encoded at once.
_ENCODED_AT_ONCE = 64


def encoded(response: Callable[[Sequence[M]], Message], messages: Sequence[M]) -> bytes:
    """Return a response with many messages, encoded.

    Encoding a message keeps the interpreter's lock, and with it the event loop, even on a thread.
    So parts of the response are encoded one after the other: the bytes of several messages are
    those of one message with the fields of all of them.
    """
    parts = range(0, len(messages), _ENCODED_AT_ONCE)
    return b"".join(
        response(messages[first : first + _ENCODED_AT_ONCE]).SerializeToString() for first in parts
    )


def _digest(request: Message, projects: Set[str] | None) -> str:
    """Return a digest of all fields but the page token and the page size."""
    bare = type(request)()
    bare.CopyFrom(request)
    bare.ClearField("page_token")
    bare.ClearField("page_size")
    content = type(request).__name__.encode() + bare.SerializeToString(deterministic=True)
    if projects is not None:
        content += json.dumps(sorted(projects)).encode()
    return hashlib.sha256(content).hexdigest()[:16]


def _invalid(text: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        "INVALID_PAGE_TOKEN",
        f"page_token {text}",
        [FieldViolation("page_token", text)],
    )
