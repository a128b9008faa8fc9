"""Whole trials of random search with six parameters: ours beside Vizier's and Optuna's.

`make bench-peers` makes the environment of the peers. All store their trials on disk: we and Optuna
in the same PostgreSQL, Vizier in SQLite, which is what it can use. Ours and each peer alternate. A
trial of ours is what our agents do: each Suggest brings the end of the run before.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.figures import TIMES_AS_FAST, Figure
from tests.benchmarks.load import table
from tests.benchmarks.trial_loop import chained_trials
from wanllmdb_local.platform import Endpoints
from wanllmdb_local.postgres import create_database

ROOT = Path(__file__).parent.parent.parent
PYTHON = ROOT / ".venv-peers/bin/python"
SCRIPT = Path(__file__).with_name("peer.py")
PEERS = {
    "vizier": "Vizier",
    "optuna-rdb": "Optuna, PostgreSQL",
    "optuna-grpc": "Optuna, gRPC proxy over PostgreSQL",
}
CLIENTS = (1, 32)
ROUNDS = 3
SECONDS = 10.0


async def run(platform: Endpoints) -> list[Figure]:
    """Measure ours and the peers in turns."""
    if not PYTHON.exists():
        raise SystemExit("the peers are not installed: `make bench-peers` installs and measures")
    figures: list[Figure] = []
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        addresses = {kind: stack.enter_context(_peer(kind, platform, folder)) for kind in PEERS}
        for clients in CLIENTS:
            rates: dict[str, list[float]] = {kind: [] for kind in PEERS}
            ratios: dict[str, list[float]] = {kind: [] for kind in PEERS}
            ours = []
            for _ in range(ROUNDS):
                ours.append((await chained_trials(platform, clients)).rate)
                for kind, address in addresses.items():
                    rates[kind].append(_trials(kind, address, clients))
                    # A peer that ends no trial in the time ends less than one.
                    ratios[kind].append(ours[-1] / max(rates[kind][-1], 1 / SECONDS))
            figures.append(_figure("trial, random, ours", "trials/s", ours, clients))
            for kind, name in PEERS.items():
                figures += [
                    _figure(f"trial, random, {name}", "trials/s", rates[kind], clients),
                    _figure(f"ours by {name}", TIMES_AS_FAST, ratios[kind], clients),
                ]
    table(
        f"Whole trials of random search, six parameters, in turns; medians of {ROUNDS} rounds",
        ["", "clients", "", "unit"],
        [[each.name, str(each.clients), f"{each.value:,.1f}", each.unit] for each in figures],
    )
    return figures


def _figure(name: str, unit: str, values: list[float], clients: int) -> Figure:
    return Figure(name, unit, tuple(values), clients=clients)


@contextlib.contextmanager
def _peer(kind: str, platform: Endpoints, folder: Path) -> Iterator[str]:
    """Run a peer's service for the block; yield the address that its clients need."""
    if kind == "vizier":
        database_url = f"sqlite:///{folder / 'vizier.db'}"
    else:
        url = create_database(platform.database_url, kind.replace("-", "_"))
        database_url = url.replace("postgresql://", "postgresql+psycopg://")
    if kind == "optuna-rdb":
        yield database_url
        return
    command = [str(PYTHON), str(SCRIPT), "serve", kind, database_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait(20)


def _trials(kind: str, address: str, clients: int) -> float:
    """Return how many trials a second the clients of a peer make; failed ones do not count."""
    command = [str(PYTHON), str(SCRIPT), "load", kind, address, str(clients), str(SECONDS)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured = json.loads(done.stdout.splitlines()[-1])
    if measured["failed"]:
        print(f"{PEERS[kind]}, {clients} clients: {measured['failed']} trials failed")
    return len(measured["latencies"]) / SECONDS
