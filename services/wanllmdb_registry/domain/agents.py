"""The agents of a sweep, as its runs show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

# Runs that the entry of one agent names.
MAX_NAMED_RUNS = 100


@dataclass(frozen=True, slots=True)
class AgentActivity:
    """What an agent did and does in a sweep.

    Attributes:
        agent_id: Its name.
        running: The numbers of the runs that it holds, ascending; at most MAX_NAMED_RUNS.
        held: How many runs it holds.
        ended: How many runs it ended.
        failed: How many of these failed or were lost.
        last_seen: When it last got a run, renewed a lease or ended a run.
    """

    agent_id: str
    running: Sequence[int]
    held: int
    ended: int
    failed: int
    last_seen: datetime
