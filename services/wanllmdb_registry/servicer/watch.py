"""The watch: changes of a sweep as they come, through whichever replica."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from functools import partial

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.computing.off_loop import BYTES_A_ROW, converted
from wanllmdb_common.error_mapping import Context
from wanllmdb_registry.domain.reads import SyncedRuns
from wanllmdb_registry.domain.watch import wait_for
from wanllmdb_registry.metrics import WATCHERS
from wanllmdb_registry.servicer.access import require_still_good
from wanllmdb_registry.servicer.base import ServicerPart
from wanllmdb_registry.servicer.convert import run_to_proto, sweep_to_proto
from wanllmdb_registry.servicer.requests import RequestReader

# Changes that are read, and then in memory, at a time; a caller that reads slowly holds
# up the next ones.
PAGE = 500
# Seconds from one look to the next, at least: of a busy sweep one look shows many changes.
PAUSE = 0.02
# Seconds after which a watch looks though nobody told it to: with a connection on which
# other replicas tell of changes, and without.
POLL, POLL_ALONE = 5.0, 1.0
# Seconds after which an idle watch says that it lives.
CHECKPOINT = 10.0


class WatchPart(ServicerPart):
    """See the protos for the RPC's contract."""

    async def WatchSweep(
        self, request: pb.WatchSweepRequest, context: Context
    ) -> AsyncIterator[pb.WatchSweepResponse]:
        reader = RequestReader()
        sweep_id = reader.sweep_id(request.sweep_id)
        since = reader.number("since_revision", request.since_revision)
        reader.done()
        clock = asyncio.get_running_loop().time
        changed = self.registry.hub.subscribe(sweep_id)
        WATCHERS.inc()
        try:
            next_checkpoint = clock()
            while True:
                looked_at = clock()
                await require_still_good(self.registry)
                synced = await self.registry.syncs.watch(sweep_id, since, PAGE)
                messages = await converted(partial(_messages, synced), synced.size // BYTES_A_ROW)
                since, has_more, has_changes = synced.revision, synced.has_more, bool(messages)
                # A reader may take hours, and then only what it has not taken yet is kept.
                del synced
                while messages:
                    yield messages.popleft()
                if has_more:
                    continue
                if has_changes or clock() >= next_checkpoint:
                    next_checkpoint = clock() + CHECKPOINT
                    yield pb.WatchSweepResponse(revision=since, checkpoint=pb.WatchCheckpoint())
                await asyncio.sleep(looked_at + PAUSE - clock())
                poll = POLL if self.registry.changes.is_open else POLL_ALONE
                await wait_for(changed, min(poll, next_checkpoint - clock()))
        finally:
            WATCHERS.dec()
            self.registry.hub.unsubscribe(sweep_id, changed)


def _messages(synced: SyncedRuns) -> deque[pb.WatchSweepResponse]:
    """What changed, by revision."""
    messages = [
        pb.WatchSweepResponse(revision=run.revision, run=run_to_proto(run)) for run in synced.runs
    ]
    sweep = synced.sweep
    # Read a moment later than the runs, it may be ahead of them; then it is sent when the
    # runs are there too.
    if sweep is not None and sweep.own_revision <= synced.revision:
        messages.append(
            pb.WatchSweepResponse(revision=sweep.own_revision, sweep=sweep_to_proto(sweep))
        )
    return deque(sorted(messages, key=lambda message: message.revision))
