"""Servers as their operators start them, with their whole log."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

READY_SECONDS = 60
STOP_SECONDS = 20


@contextlib.asynccontextmanager
async def running_process(
    module: str, *flags: str, environment: Mapping[str, str], log: Path
) -> AsyncIterator[str]:
    """Run `python -m MODULE FLAGS` for the block and yield the address that the process prints.

    The process's stderr is appended to `log`.
    """
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *flags,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env={**os.environ, **environment},
        )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), READY_SECONDS)
        words = line.decode().split()
        if words[:1] != ["ready"]:
            raise AssertionError(f"{module} did not start: its log is {log}")
        yield words[-1]
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
