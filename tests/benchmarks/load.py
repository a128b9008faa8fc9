"""Closed-loop load: a number of clients, each with one call in flight, for a period."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np

# Whether benchmarks print tables of their own, with more than their figures.
details: ContextVar[bool] = ContextVar("details", default=True)


@dataclass(frozen=True)
class Load:
    """The results of a load: rate in calls/s, latencies in ms."""

    rate: float
    p50: float
    p99: float
    calls: int


async def measure(
    call: Callable[[int], Awaitable[None]], *, clients: int, seconds: float, warm_up: float = 0.5
) -> Load:
    """Let `clients` clients call repeatedly; `call` gets the index of its client.

    Calls that began in the first `warm_up` seconds are not counted. Each client makes at least one
    call that is counted.
    """
    latencies: list[float] = []
    begin = time.perf_counter()
    counted_from, end = begin + warm_up, begin + warm_up + seconds

    async def client(index: int) -> None:
        is_counted = False
        while (start := time.perf_counter()) < end or not is_counted:
            await call(index)
            if start >= counted_from:
                is_counted = True
                latencies.append(time.perf_counter() - start)

    await asyncio.gather(*(client(index) for index in range(clients)))
    elapsed = time.perf_counter() - counted_from
    p50, p99 = np.percentile(latencies, [50, 99]) * 1000
    return Load(len(latencies) / elapsed, float(p50), float(p99), len(latencies))


def table(title: str, columns: list[str], rows: list[list[str]], *, always: bool = False) -> None:
    """Print aligned columns, unless details are off and this is not the table of all figures."""
    if not (always or details.get()):
        return
    widths = [max(len(row[i]) for row in [columns, *rows]) for i in range(len(columns))]
    print(f"\n{title}")
    for row in [columns, ["-" * width for width in widths], *rows]:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  " + "  ".join(cells), flush=True)
