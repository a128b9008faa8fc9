"""Statements that an operator runs in the platform's database."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import asyncpg


def statement(url: str, sql: str) -> None:
    """Execute a statement."""

    async def execute() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    asyncio.run(execute())


@contextlib.contextmanager
def table_locked(url: str, table: str, *, held: float, pause: float) -> Iterator[None]:
    """Lock a table within the block, each time for `held` seconds with a pause of `pause`."""
    ended = threading.Event()

    async def lock() -> None:
        connection = await asyncpg.connect(url)
        try:
            while not ended.is_set():
                async with connection.transaction():
                    await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
                    await asyncio.to_thread(ended.wait, held)
                await asyncio.to_thread(ended.wait, pause)
        finally:
            await connection.close()

    thread = threading.Thread(target=lambda: asyncio.run(lock()))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
