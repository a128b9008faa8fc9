"""Continue a program's OpenTelemetry traces in the services.

This module uses OpenTelemetry only if the program has imported it; otherwise there is no trace.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import cast

from wanllmdb._version import __version__

Metadata = tuple[tuple[str, str], ...]


def _is_traced() -> bool:
    return "opentelemetry.trace" in sys.modules


def trace_headers() -> Metadata:
    """The current span as W3C Trace Context headers; empty if there is none."""
    if not _is_traced():
        return ()
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return tuple(carrier.items())


@contextlib.contextmanager
def trial_span(sweep_id: str) -> Iterator[Callable[[int], None]]:
    """A span around one trial, from requesting a run to reporting how it ended.

    Yields a function that records the run's number once it is known.
    """
    if not _is_traced():
        yield lambda _number: None
        return
    from opentelemetry import trace

    tracer = trace.get_tracer("wanllmdb", __version__)
    with tracer.start_as_current_span(
        "wanllmdb.trial", attributes={"wanllmdb.sweep_id": sweep_id}
    ) as span:
        yield lambda number: span.set_attribute("wanllmdb.run_number", number)


@contextlib.contextmanager
def in_trace(trace: object) -> Iterator[None]:
    """Run the block, for example in another thread, within a trace from `current_trace`."""
    if trace is None:
        yield
        return
    from opentelemetry import context

    token = context.attach(cast("context.Context", trace))
    try:
        yield
    finally:
        context.detach(token)


def current_trace() -> object:
    """The trace of the running code; None if the program traces nothing."""
    if not _is_traced():
        return None
    from opentelemetry import context

    return context.get_current()
