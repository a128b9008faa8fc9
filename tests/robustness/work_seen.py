"""What is known of the real agents of a sweep: their lives, diaries and spool."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field

from tests.robustness.diary import Note
from tests.robustness.worker_plan import WorkerKind


@dataclass(eq=False, slots=True)
class LifeSeen:
    """The record of one life of a real agent.

    Attributes:
        name: The name in reports and in the diaries.
        agent: The agent id under which it took runs.
        sent: The signals that it received.
        status: Its exit status; None if it did not end in time.
        is_impatient: Whether it may end because the services are unavailable.
        said: Its last output.
    """

    name: str
    agent: str
    kind: WorkerKind
    is_impatient: bool = False
    sent: list[signal.Signals] = field(default_factory=list)
    status: int | None = None
    said: str = ""
    delivered: int = 0
    refused: int = 0

    @property
    def was_killed(self) -> bool:
        """Whether the process was killed without a chance to do anything."""
        return signal.SIGKILL in self.sent


@dataclass
class WorkSeen:
    """What is known of the real agents of a sweep.

    Attributes:
        notes: The lines of the programs' diaries.
        spooled: Attempts whose end was in the spool when no process worked on it.
        refused: Attempts whose end was moved to the spool's `refused/` folder.
        left: Files for the registry that were not delivered in the end.
        changed: Odd files that were changed.
        delivered: Files that were delivered late.
        key_renewals: How often the agents' key was replaced.
    """

    lives: list[LifeSeen] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    spooled: set[tuple[int, int]] = field(default_factory=set)
    refused: set[tuple[int, int]] = field(default_factory=set)
    left: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    odd_files: int = 0
    delivered: int = 0
    key_renewals: int = 0
