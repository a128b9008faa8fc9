"""Waiting for what must become so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

WAIT_SECONDS = 60.0
"""Long enough for a busy computer. How long something takes makes no scenario red."""
PAUSE = 0.05


async def becomes_true(holds: Callable[[], Awaitable[bool]], seconds: float = WAIT_SECONDS) -> bool:
    """Return whether a condition became true within some seconds."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                if await holds():
                    return True
                await asyncio.sleep(PAUSE)
    except TimeoutError:
        return False
