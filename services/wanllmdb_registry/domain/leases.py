"""What a heartbeat finds out about the runs that an agent holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from wanllmdb_registry.domain.edit import Attempt
from wanllmdb_registry.domain.model import RunState, SweepState


@dataclass(frozen=True, slots=True)
class HeldRuns:
    """The runs of one sweep that an agent named.

    Attributes:
        states: Of those that are still its own.
        expire_times: The new ones, of leases that were renewed: of running runs alone.
        sweep_state: None when there is no such sweep.
    """

    states: Mapping[Attempt, RunState]
    expire_times: Mapping[Attempt, datetime]
    sweep_state: SweepState | None

    @property
    def queued(self) -> list[Attempt]:
        """Those that wait for another agent since the lease ran out, though this one lives."""
        return [held for held, state in self.states.items() if state is RunState.QUEUED]
