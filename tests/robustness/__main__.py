"""`python -m tests.robustness` runs random schedules for minutes, or repeats that of a seed."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys

from tests.robustness.driver import run_schedules
from tests.robustness.schedule import SWEEPS, make_schedule


def main() -> int:
    """Return 0 if no property was violated, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.robustness", description=__doc__)
    parser.add_argument("--seed", type=int, help="carry out this seed's schedule alone")
    parser.add_argument("--first-seed", type=int, default=1, help="where to begin")
    parser.add_argument("--minutes", type=float, default=30.0, help="for how long")
    parser.add_argument("--sweeps", type=int, default=SWEEPS, help="sweeps, and histories, a seed")
    parser.add_argument("--go-on", action="store_true", help="do not end with the first violation")
    options = parser.parse_args()
    if options.seed is not None:
        schedules = iter([make_schedule(options.seed, options.sweeps)])
        print("\n".join(make_schedule(options.seed, options.sweeps).lines()), flush=True)
    else:
        seeds = itertools.count(options.first_seed)
        schedules = (make_schedule(seed, options.sweeps) for seed in seeds)
    totals = asyncio.run(
        run_schedules(
            schedules,
            report=lambda text: print(text, flush=True),
            seconds=options.minutes * 60,
            goes_on=options.go_on,
        )
    )
    print("\n".join(totals.lines()))
    return 1 if totals.violations else 0


if __name__ == "__main__":
    sys.exit(main())
