"""Lists of sweeps as tests read them: whole, or followed by WatchSweeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from tests.sweeps import Registry
from wanllmdb.api.registry.v1 import sweep_list_pb2, sweep_pb2, watch_pb2

# A config with every part that the view BASIC leaves out.
RICH_CONFIG: dict[str, Any] = {
    "method": "bayes",
    "metric": {"name": "loss", "goal": "minimize", "target": 0.1},
    "parameters": {"x": {"min": 0.0, "max": 1.0}, "n": {"min": 1, "max": 8}},
    "constraints": ["x + n > 1"],
    "sampler": {"name": "tpe", "options": {"n_startup_trials": 4}},
    "pruner": {"name": "median", "options": {"n_startup_trials": 2}},
    "terminate": {"name": "no_improvement", "options": {"runs": 30}},
    "run_cap": 9,
    "retries": {"lost": 1, "failed": 2},
    "program": "train.py",
    "command": ["python", "${program}", "${args}"],
}


async def listed(
    registry: Registry,
    filters: sweep_list_pb2.SweepFilter,
    order: sweep_list_pb2.SweepOrder.ValueType = sweep_list_pb2.SWEEP_ORDER_UNSPECIFIED,
    page_size: int = 0,
    view: sweep_list_pb2.SweepView.ValueType = sweep_list_pb2.SWEEP_VIEW_UNSPECIFIED,
) -> list[sweep_pb2.Sweep]:
    """Return all pages of ListSweeps."""
    request = sweep_list_pb2.ListSweepsRequest(
        filter=filters, order=order, page_size=page_size, view=view
    )
    found: list[sweep_pb2.Sweep] = []
    while True:
        page = await registry.ListSweeps(request)
        assert page_size == 0 or len(page.sweeps) <= page_size
        found += page.sweeps
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def without_rate(sweep: sweep_pb2.Sweep) -> bytes:
    """Return the sweep as bytes, without the rate, which changes as time passes."""
    kept = sweep_pb2.Sweep()
    kept.CopyFrom(sweep)
    kept.stats.ended_runs_per_hour = 0.0
    return kept.SerializeToString(deterministic=True)


class FollowedList:
    """A list, kept by applying the messages of WatchSweeps.

    Attributes:
        sweeps: The sweeps by id.
        order: Their ids, in order.
        total: The number of all matching sweeps.
        is_current: Whether the last message completed the list.
        messages: The number of messages.
    """

    def __init__(self) -> None:
        self.sweeps: dict[str, sweep_pb2.Sweep] = {}
        self.order: list[str] = []
        self.total = -1
        self.is_current = False
        self.messages = 0

    def apply(self, message: watch_pb2.WatchSweepsResponse) -> None:
        """Apply a message as the protos say."""
        self.messages += 1
        for sweep in message.sweeps:
            self.sweeps[sweep.sweep_id] = sweep
        for sweep_id in message.removed_sweep_ids:
            del self.sweeps[sweep_id]
        kept = [sweep_id for sweep_id in self.order if sweep_id in self.sweeps]
        self.order = list(message.ordered_sweep_ids) or kept
        self.total = message.total_count
        self.is_current = message.is_current
        if self.is_current:
            assert sorted(self.order) == sorted(self.sweeps)

    async def follow(
        self,
        messages: AsyncIterator[watch_pb2.WatchSweepsResponse],
        until: FollowedList | None = None,
    ) -> None:
        """Apply messages until the list is current, or is the given one."""
        async with asyncio.timeout(60):
            async for message in messages:
                self.apply(message)
                if self.is_current and (until is None or self.content == until.content):
                    return
        raise AssertionError("the watch ended")

    @property
    def content(self) -> tuple[list[bytes], int]:
        """The sweeps in their order, and the number of all."""
        return [without_rate(self.sweeps[sweep_id]) for sweep_id in self.order], self.total


async def list_of(registry: Registry, request: watch_pb2.WatchSweepsRequest) -> FollowedList:
    """Return what ListSweeps says of the list that the request watches."""
    page = await registry.ListSweeps(
        sweep_list_pb2.ListSweepsRequest(
            filter=request.filter,
            order=request.order,
            page_size=request.max_sweeps,
            view=sweep_list_pb2.SWEEP_VIEW_BASIC,
            include_total_count=True,
        )
    )
    found = FollowedList()
    found.sweeps = {sweep.sweep_id: sweep for sweep in page.sweeps}
    found.order = list(found.sweeps)
    found.total = page.total_count
    return found
