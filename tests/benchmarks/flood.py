"""One tenant's flood in its own process: many clients, each with one call in flight.

    python -m tests.benchmarks.flood KIND REGISTRY SUGGESTION SWEEP_ID

The API key is in the environment variable FLOOD_KEY. Prints `ready` once calls are answered
(or rejected), and the number of answered calls at SIGTERM. Ends by itself after some minutes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import Awaitable, Callable

import grpc
import grpc.aio

from tests.benchmarks.calls import Calls, calls_to
from wanllmdb.api.registry.v1 import plots_pb2, run_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as analysis_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb

CLIENTS = 32
LONGEST = 300.0

_BIG_CONFIG = "method: random\nparameters:\n" + "".join(
    f"  p{i}: {{distribution: q_normal, mu: {i}, sigma: 1, q: 0.1}}\n" for i in range(500)
)

Send = Callable[[Calls, str, int], Awaitable[object]]


async def _export(calls: Calls, sweep_id: str, _: int) -> None:
    request = pb.ExportRunsRequest(sweep_id=sweep_id, format=pb.RUN_FORMAT_CSV)
    async for _message in calls.registry.ExportRuns(request):
        pass


async def _report(calls: Calls, sweep_id: str, client: int) -> None:
    rows = [run_pb2.MetricRow(step=step, values={"loss": 0.5}) for step in range(10_000)]
    await calls.registry.ReportMetrics(
        pb.ReportMetricsRequest(
            sweep_id=sweep_id,
            number=client,
            attempt=1,
            rows=rows,
            request_id=str(uuid.uuid4()),
        )
    )


KINDS: dict[str, Send] = {
    "null": lambda calls, sweep_id, client: calls.suggest(sweep_id, client),
    "GetSweep": lambda calls, sweep_id, _: calls.registry.GetSweep(
        pb.GetSweepRequest(sweep_id=sweep_id)
    ),
    "trials": lambda calls, sweep_id, client: calls.trial(sweep_id, client),
    "bayes": lambda calls, sweep_id, client: calls.trial(sweep_id, client),
    "ListRuns": lambda calls, sweep_id, _: calls.registry.ListRuns(
        pb.ListRunsRequest(sweep_id=sweep_id, page_size=1_000)
    ),
    "SyncRuns": lambda calls, sweep_id, _: calls.registry.SyncRuns(
        internal_pb.SyncRunsRequest(sweep_id=sweep_id, page_size=5_000)
    ),
    "GetTimeline": lambda calls, sweep_id, _: calls.registry.GetTimeline(
        plots_pb2.GetTimelineRequest(sweep_id=sweep_id, max_runs=100_000)
    ),
    "ParallelCoordinates": lambda calls, sweep_id, _: calls.registry.GetParallelCoordinates(
        plots_pb2.GetParallelCoordinatesRequest(sweep_id=sweep_id, max_rows=10_000)
    ),
    "ExportRuns": _export,
    "ReportMetrics": _report,
    "ParseSweepConfig": lambda calls, _sweep_id, _: calls.registry.ParseSweepConfig(
        pb.ParseSweepConfigRequest(config_text=pb.ConfigText(text=_BIG_CONFIG))
    ),
    "GetContour": lambda calls, sweep_id, client: calls.analysis.GetContour(
        analysis_pb.GetContourRequest(
            sweep_id=sweep_id, x_parameter="lr", y_parameter="dropout", resolution=20 + client
        )
    ),
    "ShouldStop": lambda calls, sweep_id, client: calls.suggestion.ShouldStop(
        suggestion_pb.ShouldStopRequest(sweep_id=sweep_id, number=client)
    ),
}


async def flood(kind: str, registry: str, suggestion: str, sweep_id: str) -> None:
    """Run until SIGTERM."""
    stop, answered = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.call_later(LONGEST, stop.set)
    done = refused = 0

    async with calls_to(registry, suggestion, os.environ.get("FLOOD_KEY", "")) as calls:

        async def client(index: int) -> None:
            nonlocal done, refused
            while not stop.is_set():
                try:
                    await KINDS[kind](calls, sweep_id, index)
                    done += 1
                    answered.set()
                except grpc.aio.AioRpcError as error:
                    if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                        print(f"{error.code().name}: {error.details()}", file=sys.stderr)
                    refused += 1
                    answered.set()
                    await asyncio.sleep(0.05)

        clients = [asyncio.create_task(client(index)) for index in range(CLIENTS)]
        await answered.wait()
        print("ready", flush=True)
        done = refused = 0
        began = loop.time()
        await stop.wait()
        seconds = loop.time() - began
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
    print(f"{done / seconds:.1f} {refused / seconds:.1f}", flush=True)


if __name__ == "__main__":
    asyncio.run(flood(*sys.argv[1:]))
