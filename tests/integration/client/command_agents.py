"""Command agents as processes, and programs for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.integration.client.programs import (
    WANLLMDB,
    end_of,
    started,
)
from wanllmdb import Client


async def plain_sweep(client: Client, **more: Any) -> str:
    """Without a metric, a run is finished when its program ends."""
    created = await asyncio.to_thread(
        client.create_sweep,
        {"method": "random", "parameters": {"a": {"values": [1, 2]}}, **more},
    )
    return created.sweep.sweep_id


@asynccontextmanager
async def agent(
    sweep_id: str, *arguments: str, environment: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    async with started(*WANLLMDB, "agent", sweep_id, *arguments, environment=environment) as it:
        yield it


async def work(sweep_id: str, *arguments: str, environment: dict[str, str]) -> tuple[int, str, str]:
    """Runs an agent to its end: exit code, stdout, stderr."""
    async with agent(sweep_id, *arguments, environment=environment) as process:
        out, err = await end_of(process)
    assert process.returncode is not None
    return process.returncode, out, err


def is_there(path: str | Path) -> bool:
    file = Path(path)
    return file.exists() and file.read_text() != ""
