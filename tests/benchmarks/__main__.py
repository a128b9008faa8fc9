"""`make bench` prints all tables; `python -m tests.benchmarks trial_loop` prints one of them."""

from __future__ import annotations

import asyncio
import os
import platform as machine
import sys

from tests.benchmarks import (
    agent,
    analysis,
    bayes,
    columns,
    gateway,
    keys,
    kills,
    lists,
    reads,
    replicas,
    samplers,
    samples,
    tenants,
    trial_loop,
    watching,
)
from tests.benchmarks.processes import running_platform

TABLES = {
    "trial_loop": trial_loop.run,
    "bayes": bayes.run,
    "reads": reads.run,
    "columns": columns.run,
    "lists": lists.run,
    "analysis": analysis.run,
    "samplers": samplers.run,
    "samples": samples.run,
    "agent": agent.run,
    "keys": keys.run,
    "replicas": replicas.run,
    "watching": watching.run,
    "gateway": gateway.run,
}

# Benchmarks with platforms of their own, which they break.
ALONE = {"kills": kills.run, "tenants": tenants.run}


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all of them."""
    known = [*TABLES, *ALONE]
    unknown = set(names) - set(known)
    if unknown:
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    print(f"Python {machine.python_version()}, {os.cpu_count()} processors, everything on them")
    chosen = names or known
    if not set(chosen).isdisjoint(TABLES):
        with running_platform() as endpoints:
            for name in chosen:
                if name in TABLES:
                    asyncio.run(TABLES[name](endpoints))
    for name in chosen:
        if name in ALONE:
            ALONE[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
