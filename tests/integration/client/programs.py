"""Programs as processes: started, followed line by line, sent signals."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psutil

from tests.e2e.up_process import wait_until
from tests.integration.client.conftest import config
from wanllmdb import Client, Run

SECONDS = 60.0
WANLLMDB = (sys.executable, "-m", "wanllmdb.cli.main")


@asynccontextmanager
async def started(
    *command: str, environment: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process, killed with all that it started at the end of the block if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            # Each may end by itself meanwhile.
            with contextlib.suppress(psutil.NoSuchProcess):
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def reaches(process: asyncio.subprocess.Process, line: str) -> None:
    """Waits until the process prints a line."""
    assert process.stdout is not None
    while True:
        read = await asyncio.wait_for(process.stdout.readline(), SECONDS)
        if read.decode().strip() == line:
            return
        if not read:
            assert process.stderr is not None
            raise AssertionError(f"the program ended: {(await process.stderr.read()).decode()}")


async def reports(process: asyncio.subprocess.Process, words: str) -> str:
    """The next line of the process's stderr that has these words."""
    assert process.stderr is not None
    while True:
        read = await asyncio.wait_for(process.stderr.readline(), SECONDS)
        if words in read.decode():
            return read.decode()
        assert read, f"the program ended and did not report {words!r}"


async def end_of(process: asyncio.subprocess.Process, seconds: float = SECONDS) -> tuple[str, str]:
    """The remaining output of the process until its end: stdout and stderr."""
    out, err = await asyncio.wait_for(process.communicate(), seconds)
    return out.decode(), err.decode()


async def new_sweep(client: Client, **more: Any) -> str:
    """A sweep's id."""
    created = await asyncio.to_thread(client.create_sweep, config(**more))
    return created.sweep.sweep_id


async def runs_of(client: Client, sweep_id: str) -> list[Run]:
    """All runs of a sweep."""
    return await asyncio.to_thread(lambda: list(client.list_runs(sweep_id)))


async def until(client: Client, sweep_id: str, *states: str, seconds: float = SECONDS) -> None:
    """Waits until the sweep's runs are in these states, by number."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        now = [str(run.state) for run in await runs_of(client, sweep_id)]
        if now == list(states):
            return
        assert asyncio.get_running_loop().time() < deadline, f"the runs are {now}, not {states}"
        await asyncio.sleep(0.05)


async def until_gone(*pids: int, seconds: float = SECONDS) -> None:
    """Waits until processes have ended."""
    try:
        async with asyncio.timeout(seconds):
            await asyncio.gather(*map(_end_of_pid, pids))
    except TimeoutError:
        raise AssertionError(f"{[pid for pid in pids if is_alive(pid)]} still run") from None


async def _end_of_pid(pid: int) -> None:
    if not hasattr(os, "pidfd_open"):
        # Only Linux reports the end of a process that is not a child of this one.
        await asyncio.to_thread(wait_until, lambda: not is_alive(pid))
        return
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    has_ended = asyncio.Event()
    loop.add_reader(descriptor, has_ended.set)
    try:
        await has_ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
