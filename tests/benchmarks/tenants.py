"""One tenant's Suggest while another tenant floods the services, and without a flood.

The flood's process, which would run on another machine, has the lowest priority: it uses only
processor time that no other process wants. The flood of a server that only echoes (`null`), at the
same priority, shows what the flood costs nevertheless.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.benchmarks.calls import Calls, calls_to
from tests.benchmarks.figures import Figure
from tests.benchmarks.filling import fill
from tests.benchmarks.flood import CLIENTS, KINDS
from tests.benchmarks.load import table
from tests.benchmarks.processes import echo_server
from tests.security_table.keys import channel_with, create_key
from wanllmdb_common.calls.caller import Role
from wanllmdb_local import data_dir as layout
from wanllmdb_local.platform import Endpoints, Platform
from wanllmdb_local.secret_files import admin_key
from wanllmdb_local.settings import PlatformSettings, Protection

SECONDS = float(os.environ.get("TENANTS_SECONDS", "4"))
RUNS = int(os.environ.get("TENANTS_RUNS", "10000"))
LOWEST_PRIORITY = 19
SHORT_KINDS = ("null", "trials", "ListRuns", "ReportMetrics")


@dataclass(frozen=True)
class Tenants:
    """The keys and sweeps of both tenants.

    Attributes:
        key: The key of the measured tenant.
        sweep_id: The sweep of the measured tenant.
        flood_key: The key of the other tenant.
        flood_sweeps: The sweeps of the other tenant by the kind of flood; all other kinds use a
            large one.
    """

    key: str
    sweep_id: str
    flood_key: str
    flood_sweeps: dict[str, str]


def run(*, is_short: bool = False) -> list[Figure]:
    """Measure with and without keys, on platforms of their own.

    The short form has keys and a few floods only.
    """
    figures = []
    kinds = os.environ.get("TENANTS_KINDS", ",".join(SHORT_KINDS if is_short else KINDS))
    for has_keys in (True,) if is_short else (True, False):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            settings = PlatformSettings(
                Path(folder) / "data", 0, 0, protection=Protection(has_keys=has_keys)
            )
            with Platform(settings, say=lambda _: None) as platform:
                platform.start()
                root = admin_key(settings.data_dir / layout.ADMIN_KEY) if has_keys else ""
                figures += asyncio.run(_run(platform.endpoints, root, kinds.split(",")))
    return figures


async def _run(endpoints: Endpoints, root: str, kinds: list[str]) -> list[Figure]:
    tenants = await _tenants(endpoints, root)
    rows = []
    figures = []
    async with calls_to(endpoints.registry, endpoints.suggestion, tenants.key) as calls:
        await _suggest_p99(calls, tenants.sweep_id, 2.0)
        for kind in kinds:
            quiet = await _suggest_p99(calls, tenants.sweep_id, SECONDS)
            with _flood(kind, endpoints, tenants) as rates:
                # The flood's first calls, on a cold model, are not measured.
                await asyncio.sleep(1.0)
                loud = await _suggest_p99(calls, tenants.sweep_id, SECONDS)
            name = f"Suggest's p99 during a flood of {kind}, {'keys' if root else 'no keys'}"
            figures.append(Figure(name, "times quiet", (loud / quiet,), RUNS, CLIENTS))
            rows.append([kind, *rates, f"{quiet:.1f}", f"{loud:.1f}", f"{loud / quiet:.1f}"])
    table(
        f"(t) One tenant's Suggest while another floods with {CLIENTS} clients, "
        f"{'two keys' if root else 'no keys'}, {RUNS:,} runs in the flooded sweep",
        ["flood", "answered/s", "refused/s", "quiet p99 ms", "p99 ms", "ratio"],
        rows,
    )
    return figures


async def _tenants(endpoints: Endpoints, root: str) -> Tenants:
    key = flood_key = ""
    if root:
        async with channel_with(endpoints.registry, root) as channel:
            key = await create_key(channel, Role.EDITOR, "quiet")
            flood_key = await create_key(channel, Role.EDITOR, "loud")
    async with calls_to(endpoints.registry, endpoints.suggestion, key) as calls:
        sweep_id = await calls.create_sweep("random", project="quiet")
    async with calls_to(endpoints.registry, endpoints.suggestion, flood_key) as calls:
        large = await calls.create_sweep("bayes", project="loud")
        await fill(calls, large, RUNS)
        stopping = await calls.create_sweep(
            "random", project="loud", early_terminate={"type": "hyperband", "min_iter": 1}
        )
        reporting = await calls.create_sweep("random", project="loud")
        for other in (stopping, reporting):
            await calls.suggest(other, 0, count=CLIENTS)
        trials = await calls.create_sweep("random", project="loud")
    sweeps = dict.fromkeys(KINDS, large)
    sweeps |= {"trials": trials, "ReportMetrics": reporting, "ShouldStop": stopping}
    return Tenants(key, sweep_id, flood_key, sweeps)


async def _suggest_p99(calls: Calls, sweep_id: str, seconds: float) -> float:
    """Return the milliseconds of an agent that tries one run after the other."""
    latencies = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        (run,) = await calls.suggest(sweep_id, 0)
        latencies.append(time.perf_counter() - began)
        await calls.finish(run)
    return float(np.percentile(latencies, 99)) * 1000


@contextlib.contextmanager
def _flood(kind: str, endpoints: Endpoints, tenants: Tenants) -> Iterator[list[str]]:
    """Flood within the block; then the list holds the calls a second, answered and rejected."""
    rates: list[str] = []
    with contextlib.ExitStack() as stack:
        suggestion = endpoints.suggestion
        if kind == "null":
            suggestion = stack.enter_context(echo_server(niceness=LOWEST_PRIORITY))
        command = [
            *("nice", "-n", str(LOWEST_PRIORITY), sys.executable, "-m"),
            "tests.benchmarks.flood",
            kind,
            endpoints.registry,
            suggestion,
            tenants.flood_sweeps[kind],
        ]
        process = stack.enter_context(
            subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "FLOOD_KEY": tenants.flood_key},
            )
        )
        assert process.stdout is not None
        try:
            process.stdout.readline()
            yield rates
        finally:
            process.terminate()
            rates += process.stdout.read().split()
            process.wait(30)
