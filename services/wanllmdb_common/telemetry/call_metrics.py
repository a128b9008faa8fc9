"""Metrics of calls and of the event loop, for both servers."""

from __future__ import annotations

import asyncio

from prometheus_client import Counter, Gauge, Histogram

from wanllmdb_common.calls.call import Call

RPC_DURATION_SECONDS = Histogram(
    "wanllmdb_rpc_duration_seconds",
    "Duration of calls, from arrival to the end of the response, without watches.",
    ["rpc"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
RPCS = Counter(
    "wanllmdb_rpcs_total",
    "Finished calls, by status code.",
    ["rpc", "code"],
)
RPCS_IN_FLIGHT = Gauge(
    "wanllmdb_rpcs_in_flight",
    "Calls in progress.",
    ["rpc"],
)
EVENT_LOOP_LAG_SECONDS = Histogram(
    "wanllmdb_event_loop_lag_seconds",
    "Lateness of the event loop, measured twice a second.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
READY = Gauge(
    "wanllmdb_ready",
    "1 while the server's dependency (the database or the registry) is available, else 0.",
)

LAG_INTERVAL = 0.5


class CallMetrics:
    """The step that counts and times calls."""

    def __init__(self) -> None:
        # Looking a metric up by its labels costs more than incrementing it.
        self._in_flight: dict[str, Gauge] = {}
        self._ended: dict[tuple[str, str], Counter] = {}
        self._durations: dict[str, Histogram] = {}

    async def before(self, call: Call) -> None:
        rpc = call.rpc
        gauge = self._in_flight.get(rpc)
        if gauge is None:
            gauge = self._in_flight[rpc] = RPCS_IN_FLIGHT.labels(rpc)
            self._durations[rpc] = RPC_DURATION_SECONDS.labels(rpc)
        gauge.inc()

    def after(self, call: Call) -> None:
        rpc, code = call.rpc, call.code.name
        self._in_flight[rpc].dec()
        counter = self._ended.get((rpc, code))
        if counter is None:
            counter = self._ended[rpc, code] = RPCS.labels(rpc, code)
        counter.inc()
        if not call.is_watch:
            self._durations[rpc].observe(call.elapsed)


async def observe_loop_lag() -> None:
    """Measure until this task is canceled."""
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + LAG_INTERVAL
        await asyncio.sleep(LAG_INTERVAL)
        EVENT_LOOP_LAG_SECONDS.observe(max(clock() - due, 0))
