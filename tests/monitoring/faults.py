"""The faults, each with the alerts that it must cause."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.up_process import wait_until
from tests.monitoring.platform import (
    ADMIN_KEY,
    CONFIG,
    PATIENCE,
    Platform,
    repeated,
    session_body,
)
from tests.monitoring.prometheus import SCRAPE_SECONDS
from tests.monitoring.statements import statement, table_locked
from wanllmdb import Client

# Few points meet the constraints on it, and looking for a hundred keeps a thread busy.
_SQUARE = CONFIG | {"parameters": {name: {"min": 0.0, "max": 1.0} for name in ("x", "y")}}
# Marks that a program has begun, with its process id.
_PROGRAM = "import os, sys, time; open(f'{sys.argv[1]}/{os.getpid()}', 'w'); time.sleep(600)"


@dataclass(frozen=True)
class Fault:
    """A fault that lasts as long as its block.

    Attributes:
        title: What happens.
        alerts: The alerts that must fire.
        block: Causes it, and repairs it at the end.
    """

    title: str
    alerts: tuple[str, ...]
    block: Callable[[Platform], AbstractContextManager[None]]


@contextlib.contextmanager
def trials_fail(platform: Platform) -> Iterator[None]:
    """The training program is broken."""
    platform.trials_fail = True
    try:
        with repeated(lambda client: client.get_sweep(platform.sweep_id), platform, 1):
            yield
    finally:
        platform.trials_fail = False


@contextlib.contextmanager
def agent_killed(platform: Platform) -> Iterator[None]:
    """An agent with eight programs is killed while they train."""
    with platform.client() as client:
        sweep_id = client.create_sweep(CONFIG).sweep.sweep_id
    began = platform.folder / "began"
    began.mkdir()
    command = [sys.executable, "-m", "wanllmdb.cli.main", "agent", sweep_id, "--parallel", "8"]
    agent = subprocess.Popen(
        [*command, "--", sys.executable, "-S", "-c", _PROGRAM, str(began)],
        env=platform.running.environment() | {"WANLLMDB_API_KEY": ADMIN_KEY},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: len(list(began.iterdir())) == 8, seconds=PATIENCE)
        agent.kill()
        yield
    finally:
        agent.kill()
        agent.wait()
        for file in began.iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(file.name), signal.SIGKILL)


@contextlib.contextmanager
def keys_tried(platform: Platform) -> Iterator[None]:
    """A caller tries keys at the gateway."""
    with _requests(f"{platform.dashboard}/session", session_body("wsk_abcd_" + "x" * 43)):
        yield


@contextlib.contextmanager
def calls_beyond_limits(platform: Platform) -> Iterator[None]:
    """A caller sends the gateway more than it may."""
    path = "wanllmdb.api.registry.v1.SweepRegistryService/GetSweep"
    with _requests(f"{platform.dashboard}/{path}", b"{}"):
        yield


@contextlib.contextmanager
def table_missing(platform: Platform) -> Iterator[None]:
    """A table was renamed by hand."""
    statement(platform.database_url, "ALTER TABLE templates RENAME TO moved")
    try:
        with repeated(lambda client: list(client.list_templates()), platform, 1):
            yield
    finally:
        statement(platform.database_url, "ALTER TABLE moved RENAME TO templates")


@contextlib.contextmanager
def database_locked(platform: Platform) -> Iterator[None]:
    """A migration by hand locks a table again and again, while many callers read."""
    with (
        table_locked(platform.database_url, "sweeps", held=4.0, pause=0.05),
        repeated(lambda client: client.get_sweep(platform.sweep_id), platform, threads=12),
    ):
        yield


@contextlib.contextmanager
def processor_withheld(platform: Platform) -> Iterator[None]:
    """The suggestion service gets no processor for half of each second."""
    pid, ended = platform.pid("suggestion"), threading.Event()

    def stop_and_go() -> None:
        while not ended.wait(0.4):
            os.kill(pid, signal.SIGSTOP)
            ended.wait(0.6)
            os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=stop_and_go)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextlib.contextmanager
def few_file_descriptors(platform: Platform) -> Iterator[None]:
    """The gateway may open hardly more files than it has open."""
    pid = platform.pid("gateway")
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    count = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (count + 4, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def hard_constraints(platform: Platform) -> Iterator[None]:
    """Several sweeps look for points that meet a constraint, on one sampling thread."""
    with platform.client() as client, contextlib.ExitStack() as stack:
        for number in range(5):
            config = _SQUARE | {"constraints": [f"x + y < {0.06 + number / 100:.2f}"]}
            ask = _asking(client.create_sweep(config).sweep.sweep_id)
            stack.enter_context(repeated(ask, platform))
        yield


def _asking(sweep_id: str) -> Callable[[Client], object]:
    """Return the call that asks for many runs of a sweep."""
    return lambda client: client.suggest(sweep_id, agent_id="hard", count=100)


@contextlib.contextmanager
def many_sweeps(platform: Platform) -> Iterator[None]:
    """More sweeps take turns than models fit into memory."""
    with platform.client() as client:
        ids = [client.create_sweep(CONFIG).sweep.sweep_id for _ in range(12)]
    turns = iter(ids * 10_000)
    with repeated(lambda client: client.suggest(next(turns), agent_id="turns"), platform, 0.1):
        yield


@contextlib.contextmanager
def gateway_dies(platform: Platform) -> Iterator[None]:
    """The gateway dies again and again; `up` restarts it."""
    ended = threading.Event()

    def kill() -> None:
        pid = 0
        while not ended.wait(0.2):
            pids = platform.running.ready["pids"]["gateway"]
            if pids in ([pid], []):
                continue
            # Each process lives long enough to be scraped.
            ended.wait(3 * SCRAPE_SECONDS)
            (pid,) = pids
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextlib.contextmanager
def stopped(platform: Platform, kind: str) -> Iterator[None]:
    """A service hangs; `up` kills it after 30 s."""
    pid = platform.pid(kind)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def database_stopped(platform: Platform) -> Iterator[None]:
    """PostgreSQL is killed, and nothing restarts it."""
    platform.postgres.kill()
    try:
        with repeated(lambda client: client.get_sweep(platform.sweep_id), platform, threads=2):
            yield
    finally:
        platform.postgres.restart()
        wait_until(platform.postgres.is_ready, seconds=PATIENCE)


@contextlib.contextmanager
def _requests(url: str, body: bytes) -> Iterator[None]:
    """Send requests to the gateway within the block, from four threads, ten a second each."""
    ended = threading.Event()
    headers = {"content-type": "application/json"}

    def send() -> None:
        while not ended.wait(0.1):
            request = urllib.request.Request(url, body, headers)
            # Most of them are rejected.
            with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=10):
                pass

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


FAULTS = (
    Fault("constraints are hard", ("WanllmdbThreadsShort",), hard_constraints),
    Fault("a table is locked", ("WanllmdbPoolWaits", "WanllmdbSuggestSlow"), database_locked),
    Fault("processor is withheld", ("WanllmdbEventLoopLag",), processor_withheld),
    Fault("the gateway dies again and again", ("WanllmdbRestarts",), gateway_dies),
    Fault(
        "the suggestion service hangs",
        ("WanllmdbReplicaDown", "WanllmdbSuggestionDown"),
        lambda platform: stopped(platform, "suggestion"),
    ),
    Fault(
        "the registry hangs",
        ("WanllmdbRegistryDown",),
        lambda platform: stopped(platform, "registry"),
    ),
    Fault(
        "the database is stopped",
        ("WanllmdbNotReady", "WanllmdbCallsUnavailable"),
        database_stopped,
    ),
    Fault("a table is missing", ("WanllmdbInternalErrors",), table_missing),
    Fault("an agent is killed", ("WanllmdbLeasesExpire",), agent_killed),
    Fault("the training program fails", ("WanllmdbRunsFail",), trials_fail),
    Fault("a caller tries keys", ("WanllmdbSignInsRefused",), keys_tried),
    Fault("a caller exceeds limits", ("WanllmdbCallersLimited",), calls_beyond_limits),
    Fault("file descriptors run out", ("WanllmdbFileDescriptors",), few_file_descriptors),
    Fault("models do not fit", ("WanllmdbModelsRebuilt",), many_sweeps),
)
