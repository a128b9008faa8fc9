"""Pages: opaque tokens, bound to their request (AIP-158), and what fits into one answer."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence, Set
from typing import Any, TypeVar

from google.protobuf.message import Message

from wanllmdb_common.errors import FieldViolation, InvalidArgumentError

M = TypeVar("M", bound=Message)

# Well below the 4 MiB that a client takes by default.
PAGE_BYTES = 3 * 1024 * 1024


def write_token(request: Message, position: list[Any], projects: Set[str] | None = None) -> str:
    """A token for the page after `position`.

    Args:
        request: What was asked.
        position: JSON values.
        projects: Those that the caller may see, where the answer depends on it; None for all.
    """
    body = json.dumps([_digest(request, projects), position], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(body).decode().rstrip("=")


def read_token(request: Message, token: str, projects: Set[str] | None = None) -> list[Any] | None:
    """The position that a token holds; None for the first page.

    Raises:
        InvalidArgumentError: INVALID_PAGE_TOKEN: not a token, or one of another request.
    """
    if not token:
        return None
    try:
        padded = token + "=" * (-len(token) % 4)
        digest, position = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, TypeError, RecursionError):
        raise _invalid("was not given by this server") from None
    if digest != _digest(request, projects) or not isinstance(position, list):
        raise _invalid("was given for another request; keep all other fields the same")
    return position


def fitting(messages: Sequence[M]) -> list[M]:
    """As many of the messages, from the first on, as fit into one answer; at least one."""
    size = 0
    for count, message in enumerate(messages):
        size += message.ByteSize() + 8
        if size > PAGE_BYTES and count:
            return list(messages[:count])
    return list(messages)


def _digest(request: Message, projects: Set[str] | None) -> str:
    """Of everything but where the page begins and how long it is."""
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
