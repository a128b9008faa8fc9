"""The cost of observing each call."""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from tests.benchmarks.figures import Figure
from tests.benchmarks.load import table
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.calls.audit import Audit
from wanllmdb_common.calls.call import Call, CallStep
from wanllmdb_common.calls.draining import Drain
from wanllmdb_common.telemetry.call_metrics import CallMetrics
from wanllmdb_common.telemetry.tracing import traced_by
from wanllmdb_registry.rpc.rpc_table import AUDIT_TABLE
from wanllmdb_registry.rpc.services import SERVICES

CALLS = 5_000
ROUNDS = 5
HEADERS = (("user-agent", "grpc-python-asyncio/1.85.1 grpc-c/54.0.0 (linux; chttp2)"),)
METHOD = "/wanllmdb.api.registry.v1.SweepRegistryService/FinishRun"


class _Context:
    """The part of gRPC's context that the steps use."""

    def peer(self) -> str:
        return "ipv4:127.0.0.1:54321"


class _Nowhere(SpanExporter):
    def export(self, spans: Sequence[Any]) -> SpanExportResult:
        return SpanExportResult.SUCCESS


async def _microseconds(steps: Sequence[CallStep], drain: Drain | None) -> list[float]:
    """Return the microseconds of CPU time a call, by round."""
    request = pb.FinishRunRequest(
        sweep_id="abcdefghijkl",
        number=7,
        attempt=1,
        request_id="6ba7b810-9dad-41d1-80b4-00c04fd430c8",
    )
    context = cast("Any", _Context())
    rounds = []
    for _ in range(ROUNDS):
        began = time.thread_time()
        for _ in range(CALLS):
            call = Call(METHOD, request, context, is_stream=False, headers=HEADERS)
            for step in steps:
                await step.before(call)
            if drain is not None:
                async with drain.call():
                    pass
            for step in steps:
                step.after(call)
        rounds.append((time.thread_time() - began) / CALLS * 1e6)
    return rounds


def run() -> list[Figure]:
    """Measure each step that observes a call, in CPU time."""
    os.environ.setdefault("OTEL_BSP_MAX_QUEUE_SIZE", "4096")
    return asyncio.run(_run())


async def _run() -> list[Figure]:
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(_Nowhere()))
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        audit = Audit(AUDIT_TABLE, SERVICES, str(Path(folder) / "audit"))
        none = statistics.median(await _microseconds([], None))
        rows = {
            "the drain's scope": await _microseconds([], Drain()),
            "metrics": await _microseconds([CallMetrics()], None),
            "the audit log, to a file": await _microseconds([audit], None),
        }
        step = stack.enter_context(traced_by(provider, []))
        rows["a span"] = await _microseconds([step], None)
    figures = [
        Figure(f"{name}: CPU a call", "us CPU", tuple(each - none for each in rounds))
        for name, rounds in rows.items()
    ]
    table(
        f"CPU of each step a call, medians of {ROUNDS} rounds of {CALLS:,}",
        ["step", "us"],
        [[each.name, f"{each.value:.1f}"] for each in figures],
    )
    return figures
