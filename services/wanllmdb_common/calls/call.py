"""A call as the server sees it, and what may be done around it."""

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
        request: What was sent.
        context: gRPC's.
        is_stream: Whether it answers with a stream.
        headers: The caller's metadata, read once: gRPC logs what it can't decode each time.
        caller: Who sent it, once that is known.
        response: What was answered, a message or its bytes; None until then, for a stream and
            for an error.
        code: How it ended; OK until something else is known.
        reason: The reason of the error that it ended with; empty for none.
        heavy_turn: For streams, around each part of their work that keeps a processor busy:
            waits until the caller's other heavy work is done, where there are other callers.
        started: When it began, as of time.perf_counter.
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
        """Whether it waits for changes, and so for ever."""
        return self.is_stream and self.rpc.startswith("Watch")

    @property
    def peer(self) -> str:
        """The caller's address as gRPC gives it."""
        return self.context.peer()

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self.started

    @cached_property
    def request_id(self) -> str:
        """What the caller named the call for the logs, else its `request_id`, by which the
        audit log has it, else a name of our own.
        """
        own = str(getattr(self.request, "request_id", ""))
        return logged_id(self.metadata(REQUEST_ID_KEY) or own) or uuid.uuid4().hex

    def metadata(self, key: str) -> str:
        """The caller's metadata of that name; empty where there is none."""
        for name, value in self.headers:
            if name == key:
                return cast("str", value)
        return ""


class CallStep(Protocol):
    """One concern of all calls, such as who may send them or how many at once."""

    async def before(self, call: Call) -> None:
        """Before the servicer's part.

        Raises:
            ServiceError: the call is refused.
        """

    def after(self, call: Call) -> None:
        """When the call has ended, however it did, if `before` let it pass or refused it.

        Of a step whose turn never came it is not called. Must not raise.
        """


def logged_id(text: str) -> str:
    """A caller's name for a call as it may be logged and sent on: printable ASCII, not long."""
    return "".join(letter for letter in text[:MAX_REQUEST_ID] if "!" <= letter <= "~")


_current: contextvars.ContextVar[Call] = contextvars.ContextVar("call")


def current_call() -> Call:
    """The call that the running code serves.

    Raises:
        LookupError: it serves none.
    """
    return _current.get()


def set_current_call(call: Call) -> None:
    """For the interceptor: what runs in this context serves the call."""
    _current.set(call)
