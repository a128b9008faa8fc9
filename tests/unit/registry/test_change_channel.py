"""What a notification holds, and that the channel is opened again whatever happens to it."""

from __future__ import annotations

import asyncio
from typing import cast

from wanllmdb_registry.store.change_channel import MAX_PAYLOAD_BYTES, ChangeChannel, payloads
from wanllmdb_registry.store.database import Database


class OddDatabase:
    """Fails with an unexpected error."""

    def __init__(self) -> None:
        self.tries = 0
        self.came_back = asyncio.Event()

    async def connect_to_listen(self, application_name: str) -> object:
        self.tries += 1
        if self.tries > 1:
            self.came_back.set()
        raise ValueError(application_name)


async def test_the_channel_is_opened_again_whatever_happened() -> None:
    database = OddDatabase()
    channel = ChangeChannel(cast("Database", database), lambda _: None, lambda: None)
    running = asyncio.create_task(channel.run())
    async with asyncio.timeout(60):
        await database.came_back.wait()
    assert not running.done()
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()


def test_ids_share_notifications_within_the_limit() -> None:
    ids = [f"{number:012}" for number in range(10_000)]
    sent = list(payloads(ids))
    assert [sweep_id for payload in sent for sweep_id in payload.split()] == ids
    assert max(map(len, sent)) <= MAX_PAYLOAD_BYTES
    assert len(sent) == 10_000 // (MAX_PAYLOAD_BYTES // 13) + 1
    assert list(payloads([])) == []
