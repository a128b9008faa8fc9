"""Messages of listed sweeps, each made once for all watchers of lists."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb_common.calls.call import current_call
from wanllmdb_common.computing.off_loop import BYTES_A_ROW, converted
from wanllmdb_registry.domain.bounds import MIB, PAGE_BYTES, STREAM_BYTES
from wanllmdb_registry.domain.model import Sweep
from wanllmdb_registry.domain.reads import Page, SweepHead
from wanllmdb_registry.rpc.conversion import sweep_to_proto

# Bytes of the messages that are kept for other watchers.
KEPT_BYTES = 16 * MIB
# Sweeps that are read together.
_TOGETHER = 100


@dataclass(frozen=True, slots=True)
class _Kept:
    """A message, the sweep that it shows, and the older one for which it was read."""

    shown: SweepHead
    wanted: SweepHead
    message: sweep_pb2.Sweep
    size: int


@dataclass(frozen=True, slots=True)
class SweepMessages:
    """Messages that fit into one response, and the ids of sweeps that were deleted meanwhile."""

    messages: Sequence[sweep_pb2.Sweep]
    missing: Sequence[str]


class ListedSweeps:
    """The latest messages of listed sweeps, in the view BASIC. For one event loop.

    Args:
        by_id: Reads sweeps by id, up to a number of bytes; see `SweepLists.by_id`.
    """

    def __init__(self, by_id: Callable[[Sequence[str], int], Awaitable[Page[Sweep]]]) -> None:
        self._by_id = by_id
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._size = 0
        # Watchers that wake together need the same messages, which the first one makes.
        self._making = asyncio.Lock()

    async def of(self, heads: Sequence[SweepHead]) -> AsyncIterator[SweepMessages]:
        """Yield the messages of the given sweeps, or newer ones."""
        left = deque(heads)
        while left:
            async with current_call().heavy_turn(), self._making:
                found, missing = await self._find_or_make(list(islice(left, _TOGETHER)))
            messages, size = list[sweep_pb2.Sweep](), 0
            gone = []
            while left:
                sweep_id = left[0].sweep_id
                if sweep_id in missing:
                    gone.append(sweep_id)
                elif sweep_id not in found:
                    break
                else:
                    size += found[sweep_id].size + 8
                    if size > PAGE_BYTES and messages:
                        break
                    messages.append(found[sweep_id].message)
                left.popleft()
            if messages or gone:
                yield SweepMessages(messages, gone)

    async def _find_or_make(self, heads: Sequence[SweepHead]) -> tuple[dict[str, _Kept], set[str]]:
        """Return messages by id, and the ids of no sweep; some are in neither after many bytes."""
        found: dict[str, _Kept] = {}
        wanted: dict[str, SweepHead] = {}
        for head in heads:
            kept = self._kept.get(head.sweep_id)
            if kept is not None and head in (kept.shown, kept.wanted):
                found[head.sweep_id] = kept
            else:
                wanted[head.sweep_id] = head
        if not wanted:
            return found, set()
        page = await self._by_id(list(wanted), STREAM_BYTES)
        made = await converted(
            lambda: [sweep_to_proto(sweep) for sweep in page.items], page.size // BYTES_A_ROW
        )
        for sweep, message in zip(page.items, made, strict=True):
            shown = SweepHead(sweep.sweep_id, sweep.revision, sweep.create_time)
            kept = _Kept(shown, wanted[sweep.sweep_id], message, message.ByteSize())
            found[sweep.sweep_id] = kept
            self._keep(kept)
        looked_for = list(wanted)
        if page.has_more:
            looked_for = looked_for[: looked_for.index(page.items[-1].sweep_id)]
        return found, {sweep_id for sweep_id in looked_for if sweep_id not in found}

    def _keep(self, kept: _Kept) -> None:
        old = self._kept.pop(kept.shown.sweep_id, None)
        if old is not None:
            self._size -= old.size
        self._kept[kept.shown.sweep_id] = kept
        self._size += kept.size
        while self._size > KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._size -= oldest.size
