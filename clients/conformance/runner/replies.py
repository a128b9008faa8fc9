"""What a scripted service answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status


@dataclass(frozen=True, slots=True)
class Failure:
    """An error, with the details that the real services send."""

    code: grpc.StatusCode
    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    retry_after: float | None = None

    def trailer(self) -> tuple[tuple[str, bytes], ...]:
        """Return the trailing metadata with the details; empty without any."""
        status = Status(code=self.code.value[0], message=self.text)
        if self.reason:
            info = ErrorInfo(reason=self.reason, domain="wanllmdb.dev", metadata=self.metadata)
            status.details.add().Pack(info)
        if self.retry_after is not None:
            delay = RetryInfo()
            delay.retry_delay.FromNanoseconds(round(self.retry_after * 1e9))
            status.details.add().Pack(delay)
        if not status.details:
            return ()
        return (("grpc-status-details-bin", status.SerializeToString()),)

    @property
    def text(self) -> str:
        """The message for people."""
        return f"as the scenario says: {self.reason or self.code.name}"


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection breaks after the request has arrived and before the answer."""


Reply: TypeAlias = "Message | Failure | Cut"
Answer: TypeAlias = "Reply | Callable[[Any], Reply]"
"""A reply, or what makes one of the request."""
StreamEnd: TypeAlias = "Failure | Cut | None"
"""How a stream ends; None for one that stays open."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The messages of one stream, and how it ends."""

    messages: Sequence[Message]
    end: StreamEnd = None
