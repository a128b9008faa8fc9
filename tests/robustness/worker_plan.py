"""The plan for the real agents of a sweep: how they live and die, and lose the services."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class WorkerKind(StrEnum):
    """The kind of an agent."""

    FUNCTION = "wandb.agent"
    COMMAND = "wanllmdb agent"


class WorkerFate(StrEnum):
    """What is done to an agent's process."""

    KILL = "SIGKILL"
    TERM = "SIGTERM"
    FREEZE = "SIGSTOP"
    LIVE = "nothing"


@dataclass(frozen=True, slots=True)
class Life:
    """The life of an agent from its start to its end, or to its fate.

    Attributes:
        after: Seconds from the begin of its first run to its fate.
        seconds: For a freeze, its duration; for a death, the time until the next life.
        resumes: Whether the next life resumes under the same agent id if this one was killed.
        patience: Seconds for which it waits for the services.
    """

    fate: WorkerFate
    after: float
    seconds: float
    resumes: bool
    patience: float


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """The plan of one agent in all its lives; the last life ends by itself."""

    kind: WorkerKind
    lives: tuple[Life, ...]


@dataclass(frozen=True, slots=True)
class Blackout:
    """An outage of the services for all agents of the sweep, which are killed meanwhile.

    Attributes:
        begins: The number of begun attempts at which the outage starts.
        kill_after: Seconds from the first end of an attempt in the outage to the SIGKILL of all
            agents; None to kill none.
        seconds: The duration.
    """

    begins: int
    kill_after: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class WorkersPlan:
    """The plan of one sweep's real agents.

    Attributes:
        renews_key_at: When the agents' key is replaced, if there are keys.
    """

    workers: tuple[WorkerPlan, ...]
    blackouts: tuple[Blackout, ...]
    renews_key_at: float

    def __str__(self) -> str:
        kinds = ", ".join(worker.kind for worker in self.workers)
        dark = "".join(
            f"; away after {one.begins} begins for {one.seconds:.2f} s" for one in self.blackouts
        )
        return f"{kinds}{dark}"


def draw_workers(random: Random) -> WorkersPlan:
    """Draw two or three agents, a function agent first."""
    kinds = [WorkerKind.FUNCTION, random.choice(list(WorkerKind))]
    if random.random() < 0.3:
        kinds.append(WorkerKind.COMMAND)
    return WorkersPlan(
        workers=tuple(WorkerPlan(kind, tuple(_lives(random))) for kind in kinds),
        blackouts=tuple(_blackouts(random)),
        renews_key_at=round(random.uniform(1, 5), 2),
    )


def _lives(random: Random) -> Iterator[Life]:
    fates = [WorkerFate.KILL] * 4 + [WorkerFate.TERM] * 2 + [WorkerFate.FREEZE] * 2
    for _ in range(random.choice([0, 1, 1, 2])):
        fate = random.choice(fates)
        yield Life(
            fate=fate,
            after=round(random.uniform(0.0, 1.5), 2),
            seconds=round(random.uniform(0.5, 3.5 if fate is WorkerFate.FREEZE else 1.0), 2),
            resumes=random.random() < 0.5,
            patience=1.5 if random.random() < 0.2 else 120.0,
        )
    yield Life(WorkerFate.LIVE, 0.0, 0.2, random.random() < 0.7, 120.0)


def _blackouts(random: Random) -> Iterator[Blackout]:
    begins = 0
    for _ in range(random.choice([1, 2, 2])):
        begins += random.randint(1, 4)
        after = round(random.uniform(0.0, 0.5), 2) if random.random() < 0.7 else None
        yield Blackout(begins, after, round(random.uniform(1.5, 3.5), 2))
