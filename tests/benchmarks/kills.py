"""Many agents while one replica of each service is killed in turn."""

from __future__ import annotations

from tests.benchmarks.figures import Figure
from tests.benchmarks.load import table
from tests.e2e.kills import survive
from tests.e2e.up_process import temporary_data_dir, up

AGENTS = 64
SECONDS = 120.0
EVERY = 5.0


def run() -> list[Figure]:
    """Measure the runs a second while processes are killed, on a platform of its own."""
    with temporary_data_dir() as data_dir, up(data_dir, "--replicas", "2") as running:
        running.wait_until_ready()
        seen = survive(running, agents=AGENTS, seconds=SECONDS, every=EVERY)
    table(
        f"{AGENTS} agents, two replicas of each service, one of each killed every {EVERY:g} s for "
        f"{SECONDS:g} s",
        ["what", "seen"],
        [
            ["processes killed", f"{seen.kills}"],
            ["runs, all finished, numbers without gaps, the cap held", f"{seen.runs:,}"],
            ["runs handed out again", f"{seen.again}"],
            ["results missing, altered or counted twice", "0"],
            ["errors that agents saw", "0"],
            ["times that an agent said that it waits", f"{seen.waits}"],
            ["runs/s while processes were killed", f"{seen.rate:.0f}"],
            ["the best run is the true best", f"yes, {seen.best:.4f}"],
        ],
    )
    return [Figure("runs while processes are killed", "runs/s", (seen.rate,), clients=AGENTS)]
