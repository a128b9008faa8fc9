"""A call as the server sees it, and the steps around it."""

from __future__ import annotations

import contextlib
import contextvars
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeAlias, cast

import grpc

from wanllmdb_common.calls.caller import ANYONE, Caller
from wanllmdb_common.error_mapping import Context

REQUEST_ID_KEY = "x-request-id"
MAX_REQUEST_ID = 128

Headers: TypeAlias = Sequence[tuple[str, str | bytes]]


@dataclass(eq=False)
class Call:
    """One call.

    Attributes:
        method: The full name of the RPC: `/package.Service/Rpc`.
        request: The request message.
        context: gRPC's context of the call.
        is_stream: Whether the response is a stream.
        headers: The caller's metadata, read once, since gRPC logs undecodable metadata at each
            access.
        caller: The caller, once authenticated.
        response: The response message; None before it, for a stream and for an error.
        code: The status with which the call ended; OK until then.
        reason: The reason of the error that ended the call; empty for none.
        heavy_turn: For streams, the context of each part of their work that keeps a processor
            busy. While there are other callers, it waits for the caller's other heavy work.
        started: The time of time.perf_counter at the start.
    """

    method: str
    request: Any
    context: Context
    is_stream: bool
    headers: Headers = ()
    caller: Caller = ANYONE
    response: Any = None
    code: grpc.StatusCode = grpc.StatusCode.OK
    reason: str = ""
    heavy_turn: Callable[[], contextlib.AbstractAsyncContextManager[None]] = contextlib.nullcontext
    started: float = field(default_factory=time.perf_counter)

    @cached_property
    def rpc(self) -> str:
        """The name of the RPC alone."""
        return self.method.rpartition("/")[2]

    @property
    def is_watch(self) -> bool:
        """Whether the call waits for changes, and so never ends by itself."""
        return self.is_stream and self.rpc.startswith("Watch")

    @property
    def peer(self) -> str:
        """The caller's address as gRPC gives it."""
        return self.context.peer()

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return time.perf_counter() - self.started

    @cached_property
    def request_id(self) -> str:
        """The id of the call in the logs.

        It is the id in the caller's metadata, else the request's `request_id`, which the audit
        log uses too, else a random id.
        """
        own = str(getattr(self.request, "request_id", ""))
        return logged_id(self.metadata(REQUEST_ID_KEY) or own) or uuid.uuid4().hex

    def metadata(self, key: str) -> str:
        """Return the caller's metadata of that name; empty if there is none."""
        for name, value in self.headers:
            if name == key:
                return cast("str", value)
        return ""


class CallStep(Protocol):
    """One concern of all calls, such as authorization or rate limits."""

    async def before(self, call: Call) -> None:
        """Run before the servicer's method.

        Raises:
            ServiceError: the call is rejected.
        """

    def after(self, call: Call) -> None:
        """Run after the call has ended in any way, if `before` of this step was called.

        Must not raise.
        """


def logged_id(text: str) -> str:
    """Return a caller's id for a call, cut to what may be logged and sent on: printable ASCII."""
    if len(text) <= MAX_REQUEST_ID and text.isascii() and text.isprintable() and " " not in text:
        return text
    return "".join(letter for letter in text[:MAX_REQUEST_ID] if "!" <= letter <= "~")


_current: contextvars.ContextVar[Call] = contextvars.ContextVar("call")


def current_call() -> Call:
    """Return the call that the running code serves.

    Raises:
        LookupError: the code serves no call.
    """
    return _current.get()


def set_current_call(call: Call) -> None:
    """Set the call that this context serves; for the interceptor."""
    _current.set(call)
