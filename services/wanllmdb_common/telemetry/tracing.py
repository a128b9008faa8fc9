"""Traces from a call to its SQL, for an OpenTelemetry collector.

A step of our own creates the spans of calls: OpenTelemetry's interceptors for grpc.aio would add
a layer, and the one for clients hangs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import grpc
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import (
    Decision,
    Sampler,
    SamplingResult,
)
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, TraceState
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes

from wanllmdb_common.calls.call import Call
from wanllmdb_common.telemetry import trace_context

# Patches the libraries by which a service calls others; the returned function undoes that.
Instrument = Callable[[TracerProvider], Callable[[], None]]

_propagator = TraceContextTextMapPropagator()

# Codes that mean a server error, by the OpenTelemetry conventions for gRPC servers.
_FAULTS = {
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DATA_LOSS,
}


class TraceStep:
    """The step that creates a span for each call, within the caller's trace if it sent one."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("wanllmdb")
        self._spans: dict[Call, trace.Span] = {}

    async def before(self, call: Call) -> None:
        headers = {key: call.metadata(key) for key in trace_context.HEADERS}
        parent = _propagator.extract({key: value for key, value in headers.items() if value})
        span = self._tracer.start_span(
            call.method[1:],
            context=parent,
            kind=SpanKind.SERVER,
            attributes={
                "rpc.system": "grpc",
                "rpc.service": call.method[1:].partition("/")[0],
                "rpc.method": call.rpc,
                "wanllmdb.request_id": call.request_id,
            },
        )
        self._spans[call] = span
        # Each call has its own task, and the context ends with the task.
        otel_context.attach(trace.set_span_in_context(span, parent))

    def after(self, call: Call) -> None:
        span = self._spans.pop(call)
        span.set_attribute("rpc.grpc.status_code", call.code.value[0])
        if call.reason:
            span.set_attribute("error.type", call.reason)
        if call.code in _FAULTS:
            span.set_status(Status(StatusCode.ERROR))
        span.end()


class ServedCallsSampler(Sampler):
    """Drops spans of the server's background tasks, such as the lease check each second.

    Everything else is sampled as OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG define.
    """

    def __init__(self, others: Sampler) -> None:
        self._others = others

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        parent = trace.get_current_span(parent_context).get_span_context()
        if kind is SpanKind.CLIENT and not parent.is_valid:
            return SamplingResult(Decision.DROP)
        return self._others.should_sample(
            parent_context, trace_id, name, kind, attributes, links, trace_state
        )

    def get_description(self) -> str:
        return f"ServedCalls({self._others.get_description()})"


@contextlib.contextmanager
def running_tracing(
    service: str, endpoint: str, instruments: Sequence[Instrument] = ()
) -> Iterator[TraceStep]:
    """Send spans to a collector within the block.

    Args:
        service: The name of the service in traces.
        endpoint: The collector's address for OTLP over gRPC, for example `http://host:4317`.
        instruments: Instruments that create further spans.
    """
    provider = TracerProvider(
        resource=Resource.create({"service.name": service}), sampler=_sampler()
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    with traced_by(provider, instruments) as step:
        try:
            yield step
        finally:
            provider.shutdown()


@contextlib.contextmanager
def traced_by(provider: TracerProvider, instruments: Sequence[Instrument]) -> Iterator[TraceStep]:
    """Create spans within the block, with any provider."""
    undo = [instrument(provider) for instrument in instruments]
    trace_context.turn_on()
    try:
        yield TraceStep(provider)
    finally:
        trace_context.turn_on(False)
        for uninstrument in undo:
            uninstrument()


def _sampler() -> Sampler:
    # A provider without a sampler reads the environment variables.
    return ServedCallsSampler(TracerProvider(shutdown_on_exit=False).sampler)
