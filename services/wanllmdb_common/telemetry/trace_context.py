"""Carries the trace of a call to code that the call's own context does not reach.

Does nothing, at hardly any cost, until tracing is turned on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.context import Context

# W3C Trace Context, in the form of gRPC metadata.
HEADERS = ("traceparent", "tracestate")

Metadata = tuple[tuple[str, str], ...]

_is_on = False


def turn_on(is_on: bool = True) -> None:
    """Turn trace propagation on or off; the tracing packages must be installed."""
    global _is_on
    _is_on = is_on


def current_trace() -> Context | None:
    """Return the trace that the running code belongs to; None without tracing."""
    if not _is_on:
        return None
    from opentelemetry import context

    return context.get_current()


@contextlib.contextmanager
def within_trace(trace: Context | None) -> Iterator[None]:
    """Run the block within a trace, or within none for None."""
    if not _is_on:
        yield
        return
    from opentelemetry import context

    token = context.attach(context.Context() if trace is None else trace)
    try:
        yield
    finally:
        context.detach(token)


def trace_headers() -> Metadata:
    """Return the metadata that carries the running code's trace to a called server."""
    if not _is_on:
        return ()
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return tuple(carrier.items())


def trace_ids() -> dict[str, Any]:
    """Return the ids of the running code's trace and span for logs; empty without a trace."""
    if not _is_on:
        return {}
    from opentelemetry import trace

    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return {}
    return {"trace_id": f"{span.trace_id:032x}", "span_id": f"{span.span_id:016x}"}
