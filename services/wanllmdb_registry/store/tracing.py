"""Spans of SQL statements, without their values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.sdk.trace import TracerProvider


def trace_statements(provider: TracerProvider) -> Callable[[], None]:
    """Makes a span of each statement, SQLAlchemy's too; the function given ends that."""
    instrumentor = AsyncPGInstrumentor()  # type: ignore[no-untyped-call]
    instrumentor.instrument(tracer_provider=provider)

    def undo() -> None:
        instrumentor.uninstrument()

    return undo


INSTRUMENTS: Sequence[Callable[[TracerProvider], Callable[[], None]]] = (trace_statements,)
