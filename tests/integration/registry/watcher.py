"""A client of WatchSweep that checks the guarantees of every stream."""

from __future__ import annotations

import asyncio

from tests.sweeps import Registry
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2, watch_pb2


class Watcher:
    """What it has seen of a sweep so far.

    Attributes:
        revision: Where it takes the stream up again.
        runs: The runs, as they were sent last.
        sweep: The sweep, as it was sent last.
    """

    def __init__(self) -> None:
        self.revision = 0
        self.runs: dict[int, run_pb2.Run] = {}
        self.sweep: sweep_pb2.Sweep | None = None

    async def follow(self, registry: Registry, sweep_id: str, until: int) -> None:
        """Read a new stream until it has reached this revision."""
        call = registry.WatchSweep(
            watch_pb2.WatchSweepRequest(sweep_id=sweep_id, since_revision=self.revision)
        )
        async with asyncio.timeout(60):
            async for message in call:
                if message.WhichOneof("change") == "checkpoint":
                    assert message.revision >= self.revision
                else:
                    assert message.revision > self.revision
                self.revision = message.revision
                if message.HasField("run"):
                    assert message.run.revision == message.revision
                    self.runs[message.run.number] = message.run
                elif message.HasField("sweep"):
                    self.sweep = message.sweep
                if self.revision >= until:
                    break
        call.cancel()
