"""A Suggest with method random taken apart, in microseconds of CPU time.

As agents do, each Suggest brings the end of the run before: one call is a whole trial.

The first pass measures the CPU time of each process. The second pass repeats the calls with both
services under cProfile, and splits the CPU time of each service by the shares of its packages in
the profile: a profile makes everything slower, but all packages alike. Built-in functions count for
the package that calls them, and serializing and parsing for protobuf. `event loop` includes what
gRPC's compiled code does when the loop calls it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pstats
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psutil

from tests.benchmarks.calls import Calls, ChainedTrials, calls_to
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import table
from tests.benchmarks.replicas import STATE_KEY
from wanllmdb_local.platform import Endpoints
from wanllmdb_local.postgres import create_database

# Measured trials, by the number of clients.
TRIALS = {1: 200, 32: 1_000}
# Trials of each client before anything is measured, which warm up connections and plans.
WARM_UP = 10
# The parts of a service, by what the path of a function's file contains; the first that fits.
PARTS = (
    ("protobuf", ("/google/protobuf/", "/wanllmdb/api/", "/wanllmdb_common/internal/")),
    ("gRPC", ("/grpc/", "/grpc_")),
    ("event loop", ("/asyncio/", "/selectors.py", "/contextlib.py")),
    ("threads and batches", ("/wanllmdb_common/computing/", "/concurrent/", "/threading.py")),
    ("steps of a call", ("/wanllmdb_common/calls/", "/wanllmdb_common/server/")),
    (
        "telemetry and logs",
        ("/wanllmdb_common/telemetry/", "/prometheus_client/", "/structlog/", "/logging/"),
    ),
    ("RPCs: requests and answers", ("_suggestion/rpc/", "_registry/rpc/")),
    ("conversion of parameters", ("/wanllmdb_common/search_space/", "/json/")),
    ("rounds", ("_suggestion/suggest/",)),
    ("calls to the registry", ("_suggestion/registry/",)),
    ("sampler", ("_suggestion/optimizer/", "/optuna/", "/numpy/")),
    ("commands", ("_registry/domain/",)),
    # asyncpg asks of each element of an array whether it is a collection, by the frozen module abc.
    ("statements", ("_registry/store/", "/sqlalchemy/", "/asyncpg/", "<frozen abc>")),
)
OTHER = "other"
NAMES = {"suggestion": "suggestion service", "registry": "registry"}
_PROTOBUF = ("SerializeToString", "FromString", "ParseFromString", "CopyFrom", "MergeFrom")
_Function = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Processes:
    """What makes a trial."""

    registry: psutil.Process
    suggestion: psutil.Process
    postgres: psutil.Process
    driver: psutil.Process

    def cpu(self) -> dict[str, float]:
        """Return the seconds of CPU time of each process."""
        return {
            "suggestion service": _cpu(self.suggestion),
            "registry": _cpu(self.registry),
            "PostgreSQL": sum(map(_cpu, [self.postgres, *self.postgres.children()])),
            "client": _cpu(self.driver),
        }


async def run(platform: Endpoints) -> list[Figure]:
    """Measure both passes, with one client and with many."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        profiles = Path(folder)
        async with _services(platform, profiles, is_profiled=False) as (calls, processes):
            cpu = {clients: await _microseconds(calls, processes, clients) for clients in TRIALS}
        async with _services(platform, profiles, is_profiled=True) as (calls, processes):
            for clients in TRIALS:
                shares = await _profile(calls, processes, profiles, clients)
                figures += _figures(clients, cpu[clients], shares)
    table(
        "A Suggest with method random and the end of a run, means of "
        + " and ".join(f"{count:,} with {clients} clients" for clients, count in TRIALS.items()),
        ["part", "clients", "us of CPU"],
        [[each.name, str(each.clients), f"{each.value:,.0f}"] for each in figures],
    )
    return figures


def _figures(
    clients: int, cpu: Mapping[str, float], shares: Mapping[str, Mapping[str, float]]
) -> Iterator[Figure]:
    for process, microseconds in cpu.items():
        yield Figure(process, "us CPU", (microseconds,), clients=clients)
        parts = shares.get(process, {})
        for part, share in sorted(parts.items(), key=lambda each: -each[1]):
            yield Figure(f"{process}: {part}", "us CPU", (microseconds * share,), clients=clients)


@contextlib.asynccontextmanager
async def _services(
    platform: Endpoints, folder: Path, *, is_profiled: bool
) -> AsyncIterator[tuple[Calls, Processes]]:
    """Run a registry and a suggestion service for the block, with audit logs in the folder."""
    database_url = create_database(platform.database_url, "profiled" if is_profiled else "parts")
    with contextlib.ExitStack() as stack:
        registry, registry_address = stack.enter_context(
            _service("registry", folder, is_profiled, "--database-url", database_url)
        )
        suggestion, suggestion_address = stack.enter_context(
            _service("suggestion", folder, is_profiled, "--registry", registry_address)
        )
        [postmaster] = platform.pids["postgres"]
        async with calls_to(registry_address, suggestion_address) as calls:
            yield (
                calls,
                Processes(registry, suggestion, psutil.Process(postmaster), psutil.Process()),
            )


@contextlib.contextmanager
def _service(
    name: str, folder: Path, is_profiled: bool, *flags: str
) -> Iterator[tuple[psutil.Process, str]]:
    """Run a service for the block; yield its process and its address."""
    module = f"wanllmdb_{name}"
    profiled = ("tests.benchmarks.profiled", str(folder / name)) if is_profiled else ()
    flags += ("--port", "0", "--log-level", "warning", "--audit-log", str(folder / f"{name}.log"))
    with subprocess.Popen(
        [sys.executable, "-m", *profiled, module, *flags],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"WANLLMDB_SUGGESTION_STATE_KEY": STATE_KEY},
    ) as process:
        try:
            assert process.stdout is not None
            # The line is: ready ADDRESS.
            yield psutil.Process(process.pid), process.stdout.readline().split()[-1]
        finally:
            process.terminate()
            process.wait(30)


async def _microseconds(calls: Calls, processes: Processes, clients: int) -> dict[str, float]:
    """Return the microseconds of CPU time that a trial takes in each process."""
    sweep_id = await calls.create_sweep("random")
    await _trials(calls, sweep_id, clients, WARM_UP * clients)
    before = processes.cpu()
    await _trials(calls, sweep_id, clients, TRIALS[clients])
    after = processes.cpu()
    return {name: (after[name] - before[name]) / TRIALS[clients] * 1e6 for name in before}


async def _profile(
    calls: Calls, processes: Processes, folder: Path, clients: int
) -> dict[str, dict[str, float]]:
    """Return the shares of the parts of each service, from trials under a profile."""
    services = {"suggestion": processes.suggestion, "registry": processes.registry}
    sweep_id = await calls.create_sweep("random")
    await _trials(calls, sweep_id, clients, WARM_UP * clients)
    for process in services.values():
        process.send_signal(signal.SIGUSR1)
    await _trials(calls, sweep_id, clients, TRIALS[clients])
    shares = {}
    for name, process in services.items():
        process.send_signal(signal.SIGUSR2)
        await asyncio.to_thread(_wait_for, folder / name)
        shares[NAMES[name]] = _shares(cast("Any", pstats.Stats(str(folder / name))).stats)
        (folder / name).unlink()
    return shares


async def _trials(calls: Calls, sweep_id: str, clients: int, count: int) -> None:
    """Make `count` trials by as many clients at once."""
    trials = ChainedTrials(calls, sweep_id)
    numbers = iter(range(count))

    async def client(index: int) -> None:
        for _ in numbers:
            await trials.trial(index)

    await asyncio.gather(*map(client, range(clients)))


def _wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.05)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _shares(
    stats: Mapping[_Function, tuple[int, int, float, float, Mapping[_Function, Any]]],
) -> dict[str, float]:
    """Return the share of each part in the time of a profile."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for function, (_, _, own, _, callers) in stats.items():
        path, _, name = function
        if any(each in name for each in _PROTOBUF):
            seconds["protobuf"] += own
        elif path == "~" and callers:
            for caller, (_, _, own_of_caller, _) in callers.items():
                seconds[_part(caller[0])] += own_of_caller
        else:
            seconds[_part(path)] += own
    total = sum(seconds.values())
    return {part: spent / total for part, spent in seconds.items()}


def _part(path: str) -> str:
    for part, marks in PARTS:
        if any(mark in path for mark in marks):
            return part
    return OTHER
