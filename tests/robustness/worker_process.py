"""Real agents as processes, each with a log and a diary, and with a shared spool."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import tests
from tests.robustness.diary import FOLDER, LIFE
from tests.robustness.program import NAME
from tests.robustness.work_seen import LifeSeen
from tests.robustness.worker_plan import WorkerKind
from wanllmdb_local.files import open_log, tail
from wanllmdb_local.parent_death_watch import start_tied_to_parent

_TICK_SECONDS = 0.05
_PROGRAM = (sys.executable, "-m", "tests.robustness.program")
CLI = (sys.executable, "-m", "wanllmdb.cli.main")


class WorkerProcess:
    """One life. Start it in the main thread: it ends with the thread that started it.

    Args:
        seen: The record of this life.
        sweep_id: The sweep on which it works.
        folder: Holds its log and the diaries.
        environment: The variables by which it finds the services and its spool.
        patience: Seconds for which it waits for the services.
        resumes: Whether it first resumes the runs that it held.
    """

    def __init__(
        self,
        seen: LifeSeen,
        sweep_id: str,
        folder: Path,
        environment: Mapping[str, str],
        *,
        patience: float,
        resumes: bool,
    ) -> None:
        self.seen = seen
        self._log_file = folder / f"{seen.name}.log"
        own = {LIFE: seen.name, NAME: seen.agent, "WANLLMDB_PATIENCE": f"{patience:g}"}
        if resumes:
            own["WANLLMDB_RESUME"] = "1"
        with open_log(self._log_file) as log:
            self._process = start_tied_to_parent(
                _command(seen, sweep_id),
                stop_signal=signal.SIGTERM,
                output=log,
                env={**environment, **own},
            )

    @property
    def is_running(self) -> bool:
        """Whether the process is alive, frozen or not."""
        return self._process.poll() is None

    def send(self, how: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self.is_running:
            self.seen.sent.append(how)
            self._process.send_signal(how)

    async def wait(self, seconds: float) -> bool:
        """Return whether the process ends within this number of seconds."""
        deadline = time.monotonic() + seconds
        while self.is_running:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(_TICK_SECONDS)
        self._note_end()
        return True

    def end(self) -> None:
        """Kill the process if it does not end by itself."""
        if self.is_running:
            self._process.kill()
            self._process.wait()
            self.seen.said = tail(self._log_file, lines=12)

    def _note_end(self) -> None:
        self.seen.status = self._process.returncode
        text = self._log_file.read_text(errors="replace")
        self.seen.said = tail(self._log_file, lines=12)
        self.seen.delivered = text.count(" was delivered, ")
        self.seen.refused = text.count("; its file was moved to")


def _command(seen: LifeSeen, sweep_id: str) -> Sequence[str]:
    if seen.kind is WorkerKind.FUNCTION:
        return [*_PROGRAM, sweep_id]
    options = ["--agent-id", seen.agent, "--never-give-up", "--stay", "--kill-delay", "1"]
    return [*CLI, "agent", sweep_id, *options, "--", *_PROGRAM]


def base_environment(folder: Path) -> dict[str, str]:
    """Return the environment variables of every life."""
    root = Path(next(iter(tests.__path__))).parent
    mine = {name: text for name, text in os.environ.items() if not name.startswith("WANLLMDB_")}
    spool = {"WANLLMDB_SPOOL_DIR": str(folder / "spool")}
    return {**mine, **spool, "PYTHONPATH": str(root), FOLDER: str(folder / "diaries")}


async def send_spool(environment: Mapping[str, str]) -> tuple[int, str]:
    """Run `wanllmdb spool send`; return its exit status and its output."""
    process = await asyncio.create_subprocess_exec(
        *(*CLI, "spool", "send"),
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, said.decode(errors="replace")
