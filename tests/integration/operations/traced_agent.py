"""A training program with its own traces: COLLECTOR REGISTRY SUGGESTION SWEEP KEY."""

from __future__ import annotations

import sys

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import wanllmdb


def train() -> None:
    """Train one run."""
    run = wanllmdb.init()
    with trace.get_tracer("training").start_as_current_span("epoch"):
        run.log({"loss": run.config["x"]})


def main() -> None:
    """Run the sweep's agent."""
    endpoint, registry, suggestion, sweep_id, key = sys.argv[1:]
    provider = TracerProvider(resource=Resource.create({"service.name": "training"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)
    with wanllmdb.Client(registry, suggestion, api_key=key) as client:
        wanllmdb.agent(sweep_id, function=train, count=2, client=client)
    provider.shutdown()


if __name__ == "__main__":
    main()
