"""Watch a sweep through any replica, and resume broken streams."""

from __future__ import annotations

import asyncio
import contextlib
from random import Random

import grpc.aio

from tests.robustness.calls import Calls
from tests.robustness.history import Seen
from tests.robustness.schedule import SweepPlan
from tests.security_table.keys import metadata_of
from wanllmdb.api.registry.v1 import watch_pb2

# Seconds after which a silent stream is replaced by another one.
_PATIENCE_SECONDS = 15.0

# Seconds after the sweep has ended and its last revision is known.
CATCH_UP_SECONDS = 45.0


class Watcher:
    """Records the messages of a watch until it has seen the last revision."""

    def __init__(self, calls: Calls, plan: SweepPlan, sweep_id: str, place: int) -> None:
        self._calls = calls
        self._sweep_id = sweep_id
        self._place = place
        self._random = Random(f"{plan.seed}/watcher {place}")
        self._since = 0
        self._last = asyncio.get_running_loop().create_future()

    def finish_at(self, revision: int) -> None:
        """Set the sweep's last revision."""
        self._last.set_result(revision)

    async def watch(self) -> None:
        """Watch until the last revision was seen."""
        stream = 0
        while not self._is_done():
            stream += 1
            with contextlib.suppress(grpc.aio.AioRpcError, TimeoutError):
                await self._follow(stream)
            await asyncio.sleep(self._random.uniform(0, 0.3))

    def _is_done(self) -> bool:
        return self._last.done() and self._since >= self._last.result()

    async def _follow(self, stream: int) -> None:
        """Read one stream for a while."""
        since = self._since
        request = watch_pb2.WatchSweepRequest(sweep_id=self._sweep_id, since_revision=since)
        timeout = self._random.choice([0.5, 3.0, 6.0, 20.0])
        key = self._calls.key_for("WatchSweep")
        metadata = () if key is None else metadata_of(key.text)
        stub = self._calls.stub(self._calls.registry())
        call = stub.WatchSweep(request, timeout=timeout, metadata=metadata)
        try:
            while not self._is_done():
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    message = await call.read()
                if message is grpc.aio.EOF:
                    return
                self._note(stream, since, message)
                if self._random.random() < 0.02:
                    # The watcher closes the stream without a reason.
                    return
        finally:
            call.cancel()

    def _note(self, stream: int, since: int, message: watch_pb2.WatchSweepResponse) -> None:
        change = message.WhichOneof("change")
        seen = Seen(
            self._place,
            stream,
            since,
            self._calls.clock.now(),
            message.revision,
            run=message.run if change == "run" else None,
            sweep=message.sweep if change == "sweep" else None,
        )
        self._calls.history.seen.append(seen)
        self._since = message.revision
