"""The diary in which an agent's program writes a line before and after each action."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

# Environment variables: the folder of the diaries, and the life of the agent that writes one.
FOLDER = "ROBUSTNESS_DIARY"
LIFE = "ROBUSTNESS_LIFE"

METRICS = ("loss", "cost")

# The value that a program sets in its run's summary once all values are logged.
SET_METRIC = "set"


@dataclass(frozen=True, slots=True)
class Note:
    """One line of a diary.

    Attributes:
        what: `begin` of work on an attempt, `log` before values are logged, `end` before the
            program tells how the run ended, `confirmed` after the agent confirmed that.
        life: Of the agent.
        more: For `begin` parameters and resumed; for `log` step and values; for `end` outcome;
            for `confirmed` the state.
    """

    what: str
    life: str
    number: int
    attempt: int
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def of(self) -> tuple[int, int]:
        """The run's number and the attempt."""
        return self.number, self.attempt


class Diary:
    """The diary of one process. Each line is on the disk when `write` returns."""

    def __init__(self) -> None:
        self.life = os.environ[LIFE]
        path = Path(os.environ[FOLDER]) / f"{self.life}-{os.getpid()}.jsonl"
        self._file = path.open("ab", buffering=0)

    def write(self, what: str, number: int, attempt: int, **more: Any) -> None:
        """Add a line."""
        line = {"what": what, "life": self.life, "number": number, "attempt": attempt}
        self._file.write(json.dumps({**line, "more": more}).encode() + b"\n")
        os.fsync(self._file.fileno())


def read_diaries(folder: Path) -> Iterator[Note]:
    """Yield all lines of all processes, except a line that a SIGKILL truncated."""
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                yield Note(**json.loads(line))


@dataclass(frozen=True, slots=True)
class Work:
    """What a program does in an attempt: the same in every life that works on the attempt."""

    steps: int
    pause: float
    fails: bool
    tells: bool

    @classmethod
    def of(cls, sweep_id: str, number: int, attempt: int) -> Work:
        """Return the work of an attempt."""
        random = Random(f"{sweep_id}/{number}/{attempt}")
        return cls(
            steps=random.randint(1, 4),
            pause=random.uniform(0.02, 0.2),
            fails=random.random() < 0.1,
            tells=random.random() < 0.5,
        )


def values_of(sweep_id: str, number: int, attempt: int, step: int) -> dict[str, float]:
    """Return the values logged at a step; no other attempt or step has the same values."""
    random = Random(f"{sweep_id}/{number}/{attempt}/{step}")
    return {name: random.random() for name in METRICS}
