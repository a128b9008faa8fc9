"""A minimal OpenTelemetry collector that stores the spans that it receives."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as pb_grpc


@dataclass(frozen=True)
class Span:
    """The parts of a span that the tests check."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]


@dataclass
class Collector(pb_grpc.TraceServiceServicer):
    """`endpoint` is its address; `spans` are the received spans."""

    endpoint: str = ""
    spans: list[Span] = field(default_factory=list)

    def Export(
        self, request: pb.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> pb.ExportTraceServiceResponse:
        for resource in request.resource_spans:
            of = {entry.key: entry.value.string_value for entry in resource.resource.attributes}
            self.spans += [
                Span(
                    of.get("service.name", ""),
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    {
                        entry.key: entry.value.string_value or entry.value.int_value
                        for entry in span.attributes
                    },
                )
                for scope in resource.scope_spans
                for span in scope.spans
            ]
        return pb.ExportTraceServiceResponse()


@contextlib.contextmanager
def collector() -> Iterator[Collector]:
    """Run a collector on the loopback address within the block."""
    server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.so_reuseport", 0)])
    running = Collector()
    pb_grpc.add_TraceServiceServicer_to_server(running, server)  # type: ignore[no-untyped-call]
    running.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield running
    finally:
        server.stop(0)
