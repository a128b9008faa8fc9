"""`make bench` prints one table; `python -m tests.benchmarks trial_loop` measures one part alone.

Benchmarks that are named print details, too. Every run that ends writes its figures to `.bench/`,
and compares them with the last run that has the same benchmarks.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
import traceback
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks import (
    agent,
    analysis,
    bayes,
    columns,
    deleting,
    gateway,
    growth,
    keys,
    kills,
    languages,
    lists,
    observing,
    peers,
    points,
    quality,
    reads,
    replicas,
    results,
    samplers,
    samples,
    suggest_parts,
    tenants,
    trial_loop,
    watching,
)
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import details
from tests.benchmarks.processes import running_platform
from tests.benchmarks.yardstick import measure_yardstick
from wanllmdb_local.platform import Endpoints

# Benchmarks on one platform, in this order.
TOGETHER: dict[str, Callable[[Endpoints], Coroutine[Any, Any, list[Figure]]]] = {
    "trial_loop": trial_loop.run,
    "bayes": bayes.run,
    "reads": reads.run,
    "columns": columns.run,
    "analysis": analysis.run,
    "agent": agent.run,
    "languages": languages.run,
    "points": points.run,
    "keys": keys.run,
    "lists": lists.run,
    "replicas": replicas.run,
    "watching": watching.run,
    "gateway": gateway.run,
    "growth": growth.run,
    "deleting": deleting.run,
    "peers": peers.run,
    "samplers": samplers.run,
    "samples": samples.run,
    "suggest_parts": suggest_parts.run,
}
# Benchmarks with platforms of their own, or without one.
ALONE: dict[str, Callable[[], list[Figure]]] = {
    "tenants_short": partial(tenants.run, is_short=True),
    "tenants": tenants.run,
    "kills": kills.run,
    "observing": observing.run,
    "quality": quality.run,
}
# Results that do not depend on the machine's speed, so that no echo is needed.
TIMELESS = {"quality"}
# What runs unless benchmarks are named, and what runs beside with --long.
SHORT = (
    *("trial_loop", "bayes", "reads", "columns", "analysis", "agent", "points", "keys", "lists"),
    *("observing", "tenants_short"),
)
LONG = ("replicas", "watching", "gateway", "growth", "deleting", "tenants")


def main(arguments: list[str]) -> None:
    """Run the named benchmarks, or the default ones."""
    options = _options(arguments)
    known = [*TOGETHER, *ALONE]
    unknown = sorted(set(options.names) - set(known))
    if unknown:
        sys.exit(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    chosen = options.names or [*SHORT, *(LONG if options.long else ())]
    details.set(bool(options.names))
    begun = results.begin()
    echoes = [] if TIMELESS.issuperset(chosen) else asyncio.run(measure_yardstick())
    alone = ALONE | {"quality": partial(quality.run, options.seeds)}
    figures, seconds = _measure(chosen, alone)
    failed = [name for name in chosen if name not in seconds]
    measured = results.end(replace(begun, seconds=seconds), echoes=echoes, figures=figures)
    if options.against is None:
        before = results.last(chosen)
    else:
        before = results.Results.from_json(options.against.read_text())
    results.print_table(measured, before)
    if options.markdown:
        results.print_markdown(measured)
    print(f"\nwritten to {measured.write()}")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="benchmarks to run, with details")
    parser.add_argument("--long", action="store_true", help="run the long benchmarks, too")
    parser.add_argument(
        "--seeds", type=int, default=quality.SEEDS, help="of `quality`: 2 take about a minute"
    )
    parser.add_argument("--against", type=Path, help="the file of the run to compare with")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown, too")
    return parser.parse_args(arguments)


def _measure(
    chosen: list[str], alone: Mapping[str, Callable[[], list[Figure]]]
) -> tuple[list[Figure], dict[str, float]]:
    """Return the figures of all benchmarks, and the seconds of each that did not fail."""
    figures: list[Figure] = []
    seconds: dict[str, float] = {}

    def take(name: str, run: Callable[[], list[Figure]]) -> None:
        began = time.perf_counter()
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            figures.extend(replace(figure, benchmark=name) for figure in run())
        except Exception:
            # The figures of the other benchmarks are worth ten minutes.
            traceback.print_exc()
            return
        seconds[name] = round(time.perf_counter() - began, 1)

    together = [name for name in chosen if name in TOGETHER]
    if together:
        with running_platform() as endpoints:
            for name in together:
                take(name, partial(_run, TOGETHER[name], endpoints))
    for name in chosen:
        if name in alone:
            take(name, alone[name])
    return figures, seconds


def _run(
    benchmark: Callable[[Endpoints], Coroutine[Any, Any, list[Figure]]], endpoints: Endpoints
) -> list[Figure]:
    return asyncio.run(benchmark(endpoints))


if __name__ == "__main__":
    main(sys.argv[1:])
