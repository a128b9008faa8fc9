"""Traces from a call to its SQL, for a collector of OpenTelemetry's.

The spans of calls are made by a step of our own: the interceptors of OpenTelemetry for
grpc.aio would be one more layer, and that for clients hangs.
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

# Patches what a service reaches others by, until the function that it gives is called.
Instrument = Callable[[TracerProvider], Callable[[], None]]

_propagator = TraceContextTextMapPropagator()

# Codes that are the server's fault, by the conventions for spans of gRPC servers.
_FAULTS = {
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DATA_LOSS,
}


class TraceStep:
    """The step that makes a span of each call, within its caller's trace if it names one."""

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
        # Each call has a task of its own, and the context ends with it.
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
    """Leaves out what the server does by itself, such as a look for leases each second.

    Everything else is sampled as the variables OTEL_TRACES_SAMPLER and ..._ARG say.
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
    """Sends spans to a collector within the block.

    Args:
        service: The name of the service in traces.
        endpoint: Where the collector takes OTLP over gRPC, `http://host:4317` say.
        instruments: What else makes spans.
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
    """Makes spans within the block, wherever the provider sends them."""
    undo = [instrument(provider) for instrument in instruments]
    trace_context.turn_on()
    try:
        yield TraceStep(provider)
    finally:
        trace_context.turn_on(False)
        for uninstrument in undo:
            uninstrument()


def _sampler() -> Sampler:
    # What the variables say is read by a provider that is given no sampler.
    return ServedCallsSampler(TracerProvider(shutdown_on_exit=False).sampler)
