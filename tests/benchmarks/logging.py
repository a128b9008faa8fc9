"""The time that `log` takes of the program that calls it, without work between the calls."""

from __future__ import annotations

import contextlib
import gc
import io
import sys
import threading
import time
from statistics import quantiles

import wanllmdb as wandb
from tests.benchmarks.load import table
from wanllmdb import Client
from wanllmdb_local.platform import Endpoints

CALLS = 20_000
# Training works between two calls, so the sending thread runs beside it, not instead of it.
WORK_SECONDS = 0.0005


async def run(platform: Endpoints) -> None:
    """Print the table: the distribution of the calls' durations in microseconds."""
    rows = []
    with Client(platform.registry, platform.suggestion) as client:
        for name, work in (("nothing", 0.0), ("0.5 ms of Python", WORK_SECONDS)):
            rows.append(_row(f"{name} between the calls", _durations(client, work)))
    # The same loop without wanllmdb, beside a thread that never waits: what the interpreter takes.
    rows.append(_row("no call, beside a busy thread", _bare_durations()))
    table(
        f"(m) One `log` of 3 metrics, {CALLS:,} calls, in µs; the interpreter's switch interval is "
        f"{sys.getswitchinterval() * 1e6:.0f} µs",
        ["between the calls", "p50", "p90", "p99", "p99.9", "worst", "above 1 ms"],
        rows,
    )


def _row(name: str, durations: list[float]) -> list[str]:
    cuts = quantiles(durations, n=1000)
    levels = (cuts[499], cuts[899], cuts[989], cuts[998], max(durations))
    slow = sum(one > 0.001 for one in durations)
    return [name, *(f"{1e6 * one:.1f}" for one in levels), str(slow)]


def _durations(client: Client, work: float) -> list[float]:
    created = client.create_sweep({"method": "random", "parameters": {"x": {"min": 0, "max": 9}}})
    durations: list[float] = []

    def train() -> None:
        clock = time.perf_counter
        for step in range(CALLS):
            values = {"loss": 1.0 / (step + 1), "accuracy": step / CALLS, "rate": 0.1}
            began = clock()
            wandb.log(values)
            ended = clock()
            durations.append(ended - began)
            while clock() - ended < work:
                pass

    with contextlib.redirect_stderr(io.StringIO()):
        gc.collect()
        wandb.agent(created.sweep.sweep_id, train, count=1, client=client)
    # The first call starts the sending thread.
    return durations[1:]


def _bare_durations() -> list[float]:
    is_over = threading.Event()

    def busy() -> None:
        while not is_over.is_set():
            sum(range(1_000))

    thread = threading.Thread(target=busy)
    thread.start()
    durations = []
    clock = time.perf_counter
    for _ in range(CALLS):
        began = clock()
        str(began)
        durations.append(clock() - began)
    is_over.set()
    thread.join()
    return durations
