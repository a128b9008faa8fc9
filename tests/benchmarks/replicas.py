"""Two suggestion replicas and one sweep: calls go to both replicas, or all to one of them."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.calls import Calls, calls_to
from tests.benchmarks.figures import Figure
from tests.benchmarks.filling import fill
from tests.benchmarks.load import Load, measure, table
from tests.ports import free_port
from wanllmdb_local.platform import Endpoints

CLIENTS = 16
ROUNDS = 3
SECONDS = 4.0
FILLED = 300
STATE_KEY = "5e" * 32


@dataclass(frozen=True)
class Replica:
    """A suggestion service as a process."""

    address: str
    metrics_port: int

    def conflicts(self) -> float:
        """Return the number of rounds that it has repeated since its start."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics") as answer:
            text = answer.read().decode()
        found = re.search(r"^wanllmdb_suggestion_conflicts_total (\S+)", text, re.MULTILINE)
        return float(found[1]) if found else 0.0


@contextlib.contextmanager
def replica(registry: str) -> Iterator[Replica]:
    """Run one more suggestion service on the registry for the block."""
    metrics_port = free_port()
    command = [sys.executable, "-m", "wanllmdb_suggestion", "--registry", registry, "--port", "0"]
    with subprocess.Popen(
        [*command, "--metrics-port", str(metrics_port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"WANLLMDB_SUGGESTION_STATE_KEY": STATE_KEY},
    ) as process:
        try:
            assert process.stdout is not None
            yield Replica(process.stdout.readline().split()[-1], metrics_port)
        finally:
            process.terminate()
            process.wait(20)


async def run(platform: Endpoints) -> list[Figure]:
    """Measure trials. Both ways alternate, so that changes of the machine's load affect both."""
    rows: list[list[str]] = []
    figures = []
    with replica(platform.registry) as first, replica(platform.registry) as second:
        both = (first, second)
        for method in ("random", "bayes"):
            spread: list[Load] = []
            home: list[Load] = []
            met = {"spread": 0.0, "home": 0.0}
            for _ in range(ROUNDS):
                for name, replicas, loads in (
                    ("spread", both, spread),
                    ("home", (first,), home),
                ):
                    before = sum(each.conflicts() for each in both)
                    loads.append(await _trials(platform, method, replicas))
                    met[name] += sum(each.conflicts() for each in both) - before
            ratio = median(h.rate / s.rate for h, s in zip(home, spread, strict=True))
            for name, loads in (("over two replicas", spread), ("all to one of two", home)):
                rates = tuple(load.rate for load in loads)
                figures.append(Figure(f"trial, {method}, {name}", "trials/s", rates, 0, CLIENTS))
            rows += [
                _row(f"{method}, spread over both", spread, met["spread"], ""),
                _row(f"{method}, all to one", home, met["home"], f"{ratio:.2f}"),
            ]
    table(
        f"Two suggestion replicas, one sweep, {CLIENTS} clients; medians of {ROUNDS} rounds of "
        f"{SECONDS:g} s",
        ["what", "trials/s", "p50 ms", "p99 ms", "conflicts/trial", "ratio"],
        rows,
    )
    return figures


async def _trials(platform: Endpoints, method: str, replicas: Sequence[Replica]) -> Load:
    async with _calls(platform, replicas) as calls:
        sweep_id = await calls[0].create_sweep(method)
        if method == "bayes":
            await fill(calls[0], sweep_id, FILLED)
        turns = itertools.cycle(calls)
        for each in calls:
            # The replica's model is warm.
            await each.trial(sweep_id, 0)

        async def trial(client: int) -> None:
            await next(turns).trial(sweep_id, client)

        return await measure(trial, clients=CLIENTS, seconds=SECONDS)


@contextlib.asynccontextmanager
async def _calls(platform: Endpoints, replicas: Sequence[Replica]) -> AsyncIterator[list[Calls]]:
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(calls_to(platform.registry, each.address))
            for each in replicas
        ]


def _row(what: str, loads: Sequence[Load], conflicts: float, ratio: str) -> list[str]:
    return [
        what,
        f"{median(load.rate for load in loads):,.0f}",
        f"{median(load.p50 for load in loads):.1f}",
        f"{median(load.p99 for load in loads):.1f}",
        f"{conflicts / sum(load.calls for load in loads):.3f}",
        ratio,
    ]
