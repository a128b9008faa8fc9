"""When the runs of sweeps ended."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from wanllmdb.api.registry.v1 import registry_service_pb2, sweep_pb2
from wanllmdb_suggestion.optimizer.statistics.objective_curves import Ends
from wanllmdb_suggestion.registry_client import CallScope, RegistryClient

# As many sweeps as are kept: more than one comparison may have.
_KEPT = 100


@dataclass(frozen=True, slots=True)
class Timeline:
    """When runs ended, and the seconds from the sweep's start to its end or now."""

    ends: Ends
    duration: float


@dataclass(frozen=True, slots=True)
class _Known:
    revision: int
    ends: Ends
    # The sweep's start by the clock of this process.
    started_at: float


class TimelineReader:
    """Asks the registry for timelines, each again only when something changed in its sweep."""

    def __init__(self, registry: RegistryClient) -> None:
        self._registry = registry
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def timeline(self, sweep: sweep_pb2.Sweep, scope: CallScope) -> Timeline:
        """The timeline of a sweep that was just read."""
        known = self._known.get(sweep.sweep_id)
        if known is None or known.revision != sweep.revision:
            response = await self._registry.get_timeline(sweep.sweep_id, scope)
            # It may be newer than the sweep, and is then asked for once more.
            known = _Known(sweep.revision, _ends(response), time.monotonic() - response.now_seconds)
            self._known[sweep.sweep_id] = known
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(sweep.sweep_id)
        return Timeline(known.ends, _duration(sweep, time.monotonic() - known.started_at))


def _ends(timeline: registry_service_pb2.GetTimelineResponse) -> Ends:
    numbers = np.array(timeline.run_numbers, dtype=np.int64)
    seconds = np.array(timeline.end_seconds, dtype=np.float64)
    ended = ~np.isnan(seconds)
    each_stands_for = max(1.0, timeline.total_runs / max(len(numbers), 1))
    return Ends(numbers[ended], seconds[ended], each_stands_for)


def _duration(sweep: sweep_pb2.Sweep, until_now: float) -> float:
    if not sweep.HasField("start_time"):
        return 0.0
    if not sweep.HasField("end_time"):
        return until_now
    return (sweep.end_time.ToNanoseconds() - sweep.start_time.ToNanoseconds()) / 1e9
