"""A `wanllmdb up` with metrics, its PostgreSQL beside it, and trials that go on all the time."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.up_process import UpProcess, up
from tests.ports import free_port
from wanllmdb import Client, Failed, Succeeded, WanllmdbError
from wanllmdb_local.postgres import EmbeddedPostgres, create_database

ADMIN_KEY = "wsk_root_" + "MonitoredPlatform" * 3
KINDS = ("registry", "suggestion", "gateway")
# Small enough that a few callers reach each limit.
SETTINGS = {
    "WANLLMDB_REGISTRY_ADMIN_KEY": ADMIN_KEY,
    "WANLLMDB_REGISTRY_POOL_SIZE": "4",
    "WANLLMDB_REGISTRY_LEASE_SECONDS": "10",
    "WANLLMDB_SUGGESTION_CACHED_SWEEPS": "7",
    "WANLLMDB_SUGGESTION_SAMPLING_THREADS": "1",
    "WANLLMDB_GATEWAY_CALLS_PER_SECOND": "1",
}
CONFIG = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
}
TRIAL_SECONDS = 2.0
# The longest that a step takes, on a machine that is slow.
PATIENCE = 240.0


@dataclass
class Platform:
    """The platform under test.

    Attributes:
        running: The process of `up`.
        postgres: Its PostgreSQL.
        database_url: The database in it.
        folder: A folder for files of faults.
        sweep_id: A sweep on which trials go on.
        trials_fail: Whether these trials fail.
    """

    running: UpProcess
    postgres: EmbeddedPostgres
    database_url: str
    folder: Path
    sweep_id: str = ""
    trials_fail: bool = False

    def pid(self, kind: str) -> int:
        """Return the process id of a service."""
        (pid,) = self.running.ready["pids"][kind]
        return int(pid)

    @property
    def dashboard(self) -> str:
        """The gateway's address."""
        return str(self.running.ready["dashboard"])

    def client(self) -> Client:
        """Return a client with the first key."""
        ready = self.running.ready
        return Client(ready["registry"], ready["suggestion"], api_key=ADMIN_KEY)


@contextlib.contextmanager
def running_platform(folder: Path) -> Iterator[tuple[Platform, dict[str, int]]]:
    """Run the platform and its trials within the block; yields the metrics ports too."""
    ports = {kind: free_port() for kind in KINDS}
    variables = {f"WANLLMDB_{kind.upper()}_METRICS_PORT": str(ports[kind]) for kind in KINDS}
    (folder / "postgres").mkdir()
    postgres = EmbeddedPostgres(folder / "postgres")
    postgres.start()
    try:
        url = create_database(postgres.url("postgres"), "monitored")
        with up(
            folder / "data",
            *("--database-url", url, "--require-keys", "--dashboard-port", "0"),
            dashboard=True,
            environment=SETTINGS | variables,
        ) as running:
            running.wait_until_ready(seconds=PATIENCE)
            platform = Platform(running, postgres, url, folder)
            with platform.client() as client:
                platform.sweep_id = client.create_sweep(CONFIG).sweep.sweep_id
            with repeated(lambda client: _trial(platform, client), platform, TRIAL_SECONDS):
                yield platform, ports
    finally:
        postgres.stop()


@contextlib.contextmanager
def repeated(
    work: Callable[[Client], object], platform: Platform, pause: float = 0.0, threads: int = 1
) -> Iterator[None]:
    """Repeat calls within the block, in threads with a client each.

    Their errors are what faults cause.
    """
    stopped = threading.Event()

    def run() -> None:
        with platform.client() as client:
            while not stopped.wait(pause):
                with contextlib.suppress(WanllmdbError):
                    work(client)

    workers = [threading.Thread(target=run, daemon=True) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        stopped.set()
        for worker in workers:
            worker.join(60)


def _trial(platform: Platform, client: Client) -> None:
    for run in client.suggest(platform.sweep_id, agent_id="trials").runs:
        outcome = Failed("broken") if platform.trials_fail else Succeeded(0.5)
        client.finish_run(run.sweep_id, run.number, run.attempt, outcome)


def session_body(key: str) -> bytes:
    """Return the body of a sign-in."""
    return json.dumps({"key": key}).encode()
