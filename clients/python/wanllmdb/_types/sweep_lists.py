"""Projects, and lists of sweeps that are followed as they change, from protobuf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from wanllmdb._html import grid
from wanllmdb._types.enums import SweepState, enum_from_proto
from wanllmdb._types.sweeps import Sweep, sweep_from_proto
from wanllmdb._types.values import optional_time
from wanllmdb.api.registry.v1 import sweep_list_pb2, watch_pb2


@dataclass(frozen=True, slots=True)
class Project:
    """A project that has sweeps, and how many of them are in each state.

    `update_time` is the time of the last change of a sweep or run.
    """

    name: str
    sweep_counts: Mapping[SweepState, int]
    update_time: datetime | None


@dataclass(frozen=True, slots=True)
class SweepList:
    """The first sweeps of a list in their order, and how many sweeps match in all."""

    sweeps: tuple[Sweep, ...]
    total_count: int

    def _repr_html_(self) -> str:
        header = ("sweep", "project", "name", "state", "method", "runs", "best", "created")
        rows = [
            (
                *(sweep.sweep_id, sweep.project, sweep.name, sweep.state, sweep.spec.method),
                sweep.stats.total_runs,
                None if sweep.stats.best_run is None else sweep.stats.best_run.objective,
                sweep.create_time,
            )
            for sweep in self.sweeps
        ]
        return grid(f"{len(self.sweeps):,} of {self.total_count:,} sweeps", header, rows)


class FollowedList:
    """A list that the messages of WatchSweeps keep up to date."""

    def __init__(self) -> None:
        self._sweeps: dict[str, Sweep] = {}

    def apply(self, message: watch_pb2.WatchSweepsResponse) -> SweepList | None:
        """Apply a message; return the list if it is complete and this message changed it."""
        for sweep in message.sweeps:
            self._sweeps[sweep.sweep_id] = sweep_from_proto(sweep)
        for sweep_id in message.removed_sweep_ids:
            self._sweeps.pop(sweep_id, None)
        if message.ordered_sweep_ids:
            self._sweeps = {i: self._sweeps[i] for i in message.ordered_sweep_ids}
        if not message.is_current:
            return None
        return SweepList(tuple(self._sweeps.values()), message.total_count)


def project_from_proto(message: sweep_list_pb2.Project) -> Project:
    """A project."""
    return Project(
        name=message.name,
        sweep_counts={
            enum_from_proto(SweepState, count, "state"): count.count
            for count in message.sweep_counts
        },
        update_time=optional_time(message, "update_time"),
    )
