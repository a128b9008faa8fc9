"""What `wanllmdb launches` knows of agents on this host: a folder for each launch.

A lock on a file, which a process holds from its start, says that the process still runs: it ends
with the process, however that ends, and a process id that the system uses again deceives no one.
An agent inherits its locked file from the launcher, and its programs do not inherit it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wanllmdb._files import open_regular, read_regular
from wanllmdb.cli.console import say
from wanllmdb.cli.launching.request import EngineName, Launch, LaunchError

_ABOUT = "launch.json"
_LAUNCHER = "launcher.pid"
_AGENTS = "agent-*.pid"
# A folder under this prefix has no locks yet.
_UNFINISHED = "."
_MOST_BYTES = 4 * 1024


def launches_folder() -> Path:
    """Return the folder of all records: in XDG_STATE_HOME, or else in ~/.local/state."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    # Unlike Path.expanduser, this leaves the path unchanged if the user has no home.
    return Path(os.path.expanduser(state)) / "wanllmdb" / "launches"  # noqa: PTH111


@dataclass(frozen=True)
class LaunchRecord:
    """The record of one launch.

    Attributes:
        folder: its folder, whose name is the launch's.
        sweep_id: the sweep of its agents.
        agents: the number of its agents.
    """

    folder: Path
    sweep_id: str
    agents: int

    @classmethod
    @contextlib.contextmanager
    def created(cls, name: str, sweep_id: str, agents: int) -> Iterator[LaunchRecord]:
        """Record a launch of this process for the block.

        Raises:
            LaunchError: the folder can't be written.
        """
        parent = launches_folder()
        unfinished = parent / f"{_UNFINISHED}{name}"
        record = cls(parent / name, sweep_id, agents)
        try:
            unfinished.mkdir(parents=True, mode=0o700)
            about = {"sweep_id": sweep_id, "agents": agents}
            (unfinished / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
            lock = _locked(unfinished / _LAUNCHER)
            _write_pid(lock, os.getpid())
            unfinished.rename(record.folder)
        except OSError as error:
            raise LaunchError(
                f"{unfinished}: {error.strerror}; choose a folder that can be written with "
                f"XDG_STATE_HOME"
            ) from None
        try:
            yield record
        finally:
            shutil.rmtree(record.folder, ignore_errors=True)
            os.close(lock)

    @classmethod
    def all(cls) -> list[LaunchRecord]:
        """Return the launches of which a process still runs; remove the records of others.

        What is no record is left alone, with a line on standard error.
        """
        try:
            folders = sorted(launches_folder().iterdir())
        except OSError:
            return []
        records = []
        for folder in folders:
            if folder.name.startswith(_UNFINISHED):
                continue
            try:
                record = cls._read(folder)
            except FileNotFoundError:
                # The launch ended meanwhile.
                continue
            except OSError as error:
                say(f"note: {folder} is left alone: {_ABOUT}: {error.strerror}", err=True)
                continue
            except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
                say(f"note: {folder} is left alone: {_ABOUT} describes no launch", err=True)
                continue
            if record.pids() or record.launcher():
                records.append(record)
            else:
                shutil.rmtree(folder, ignore_errors=True)
        return records

    @classmethod
    def _read(cls, folder: Path) -> LaunchRecord:
        about = json.loads(read_regular(folder / _ABOUT, _MOST_BYTES))
        return cls(folder, str(about["sweep_id"]), int(about["agents"]))

    @contextlib.contextmanager
    def agent_lock(self, index: int) -> Iterator[AgentLock]:
        """Yield the lock that an agent inherits; this process's copy is closed after the block."""
        descriptor = _locked(self.folder / _AGENTS.replace("*", str(index)))
        try:
            yield AgentLock(descriptor)
        finally:
            os.close(descriptor)

    def pids(self) -> list[int]:
        """Return the process ids of the agents that run."""
        found = [_pid_of_holder(file) for file in sorted(self.folder.glob(_AGENTS))]
        return [pid for pid in found if pid is not None]

    def launcher(self) -> int | None:
        """Return the launcher's process id while it runs."""
        return _pid_of_holder(self.folder / _LAUNCHER)

    def stop(self) -> None:
        """Send SIGTERM to the launcher, which passes it on, or to its agents if it was killed."""
        launcher = self.launcher()
        for pid in self.pids() if launcher is None else [launcher]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


@dataclass(frozen=True)
class AgentLock:
    """The open file whose lock says that an agent runs."""

    descriptor: int

    def belongs_to(self, pid: int) -> None:
        """Record the process that inherited the file."""
        _write_pid(self.descriptor, pid)


class LocalEngine:
    """The launches of this user on this host; see Engine."""

    def launches(self) -> list[Launch]:
        """Return the launches of which a process runs."""
        return [_launch(record) for record in LaunchRecord.all()]

    def stop(self, launch_id: str) -> None:
        """End a launch's agents; see Engine."""
        for record in LaunchRecord.all():
            if record.folder.name == launch_id:
                record.stop()
                return
        raise LaunchError(
            f"no launch {launch_id} runs on this host: `wanllmdb launches ls` lists those that do"
        )


def _launch(record: LaunchRecord) -> Launch:
    running = len(record.pids())
    return Launch(
        f"{EngineName.LOCAL}/{record.folder.name}",
        EngineName.LOCAL,
        record.sweep_id,
        running,
        ended=max(0, record.agents - running),
    )


def _locked(file: Path) -> int:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def _write_pid(descriptor: int, pid: int) -> None:
    os.pwrite(descriptor, f"{pid:<20}\n".encode(), 0)


def _pid_of_holder(file: Path) -> int | None:
    """Return the process id in a file while a process holds its lock."""
    try:
        opened = open_regular(file)
    except OSError:
        return None
    with opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            text = opened.read(20).decode("ascii", "replace").strip()
            return int(text) if text.isdecimal() else None
    return None
