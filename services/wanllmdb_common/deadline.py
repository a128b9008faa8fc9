"""When the caller of what runs gives up, for code that knows nothing of gRPC."""

from __future__ import annotations

import asyncio
import contextvars

_deadline: contextvars.ContextVar[float | None] = contextvars.ContextVar("deadline", default=None)


def set_deadline(seconds: float | None) -> None:
    """For the interceptor: the caller of this context waits so long, None for ever."""
    now = asyncio.get_running_loop().time()
    _deadline.set(None if seconds is None else now + seconds)


def current_deadline() -> float | None:
    """The time of the event loop's clock at which the caller gives up; None for never."""
    return _deadline.get()
