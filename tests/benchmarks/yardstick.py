"""The machine's own speed in this run: echoes through one and two services."""

from __future__ import annotations

from tests.benchmarks.figures import Figure
from tests.benchmarks.load import Load
from tests.benchmarks.processes import echo_server
from tests.benchmarks.trial_loop import echo

ROUNDS = 3
SECONDS = 1.0
CLIENTS = (1, 32)


async def measure_yardstick() -> list[Figure]:
    """Return the rate and the latency of echoes by hops and clients."""
    loads: dict[tuple[int, int], list[Load]] = {}
    with echo_server() as back, echo_server(back) as front:
        for _ in range(ROUNDS):
            for clients in CLIENTS:
                for hops, address in ((1, back), (2, front)):
                    load = await echo(address, clients, SECONDS)
                    loads.setdefault((hops, clients), []).append(load)
    figures = []
    for (hops, clients), measured in sorted(loads.items()):
        name = f"echo through {hops} service{'s' * (hops > 1)}"
        for unit, values in (
            ("calls/s", tuple(load.rate for load in measured)),
            ("ms", tuple(load.p50 for load in measured)),
        ):
            figures.append(Figure(name, unit, values, clients=clients, hops=hops))
    return figures
