"""A schedule: the sweeps, agents and faults that one seed determines.

The same seed makes the same schedule and the same choices of each agent. The interleaving is not
fixed: processes and the kernel's scheduler are real.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random
from typing import Any

from tests.robustness.platform import (
    AGENT_LINKS,
    DATABASE_LINKS,
    INNER_LINKS,
    LINKS,
    POSTGRES,
    REGISTRIES,
    SERVICES,
    SUGGESTIONS,
)
from tests.robustness.security import PLAIN, Security, draw_security
from tests.robustness.worker_plan import WorkersPlan, draw_workers

# Sweeps that share one period of faults; each is a history of its own.
SWEEPS = 30

# One sweep in this number has real agents, each of which is a process.
SWEEPS_A_WORKED_ONE = 10

# Sweeps start within this number of seconds, so that faults affect all stages of a sweep.
START_SPREAD = 4.5

# Faults begin within this range of seconds.
FAULTS_FROM, FAULTS_TO = 0.5, 7.0


class FaultKind(StrEnum):
    """What is done to a process or a link."""

    KILL = "SIGKILL"
    FREEZE = "SIGSTOP"
    DELAY = "delay"
    STALL = "stall"
    CUT_REQUESTS = "cut before requests"
    CUT_REPLIES = "cut after replies"
    REFUSE = "refuse connections"
    RENEW = "new certificate"
    SPOIL = "half a certificate"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        at: Seconds from the start of the traffic.
        kind: The kind of the fault.
        targets: Processes or links that are affected at once.
        seconds: The duration; for a kill, until the process is started again; for half a
            certificate, until there is a valid new one.
        amount: For a delay, seconds a piece; for cuts, their number.
    """

    at: float
    kind: FaultKind
    targets: tuple[str, ...]
    seconds: float
    amount: float = 0.0

    def __str__(self) -> str:
        amount = f" {self.amount:g}" if self.amount else ""
        where = ", ".join(self.targets)
        return f"{self.at:5.2f} s  {self.kind}{amount}  {where}  for {self.seconds:.2f} s"


class ActionKind(StrEnum):
    """What users do to a sweep."""

    ENQUEUE = "enqueue"
    PAUSE = "pause, then resume"
    CANCEL = "cancel"
    FINISH = "finish"
    DESCRIBE = "update"
    RETRY = "retry"
    CANCEL_RUNS = "cancel runs"


@dataclass(frozen=True, slots=True)
class Action:
    """A user's action and its time, in seconds from the sweep's start."""

    at: float
    kind: ActionKind
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """The plan of one sweep.

    Attributes:
        index: Its index in the schedule.
        starts: Seconds from the start of the traffic.
        config: The sweep's config, as a user writes it.
        agents: The number of agents; the first never dies.
        actions: The users' actions.
        watchers: The number of watchers.
        grid_size: The number of points of the space, for a grid.
        seed: The seed of all choices that agents and users make.
        workers: Real agents, which work on the sweep in place of simulated ones.
    """

    index: int
    starts: float
    config: Mapping[str, Any]
    agents: int
    actions: tuple[Action, ...]
    watchers: int
    grid_size: int | None
    seed: str
    workers: WorkersPlan | None = None

    def __str__(self) -> str:
        acts = "".join(f"; {action.kind} at {action.at:.2f} s" for action in self.actions)
        agents = f"{self.agents} agents" if self.workers is None else str(self.workers)
        return (
            f"sweep {self.index:2}  from {self.starts:.2f} s  {agents}, "
            f"{self.watchers} watchers{acts}  {json.dumps(self.config)}"
        )


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that a seed determines."""

    seed: int
    sweeps: tuple[SweepPlan, ...]
    faults: tuple[Fault, ...] = field(default=())
    security: Security = PLAIN

    @property
    def kills(self) -> int:
        """The number of processes that are killed."""
        return sum(len(f.targets) for f in self.faults if f.kind is FaultKind.KILL)

    def lines(self) -> Iterator[str]:
        """Return a description for people."""
        yield f"seed {self.seed}, {self.security}"
        yield from (f"  {sweep}" for sweep in self.sweeps)
        yield from (f"  {fault}" for fault in self.faults)


def make_schedule(seed: int, sweeps: int = SWEEPS) -> Schedule:
    """Return the schedule of a seed."""
    plans = [_sweep(Random(f"{seed}/{index}"), seed, index) for index in range(sweeps)]
    random = Random(f"{seed}/workers")
    for index in random.sample(range(sweeps), round(sweeps / SWEEPS_A_WORKED_ONE)):
        plans[index] = _worked(random, plans[index])
    security = draw_security(Random(f"{seed}/security"))
    drawn = [*_faults(Random(f"{seed}/faults"))]
    if security.tls:
        drawn += _certificate_faults(Random(f"{seed}/certificates"))
    faults = sorted(drawn, key=lambda fault: fault.at)
    return Schedule(seed, tuple(plans), tuple(faults), security)


def _sweep(random: Random, seed: int, index: int) -> SweepPlan:
    config, grid_size = _config(random)
    return SweepPlan(
        index=index,
        starts=round(random.uniform(0, START_SPREAD), 2),
        config={"name": f"seed {seed} sweep {index}", **config},
        agents=random.choice([2, 3, 3, 4]),
        actions=_actions(random),
        watchers=random.choice([1, 1, 1, 2]),
        grid_size=grid_size,
        seed=f"{seed}/{index}",
    )


def _worked(random: Random, plan: SweepPlan) -> SweepPlan:
    """Return a sweep for real agents: nothing ends it early, and failures are final."""
    config = {**plan.config, "retries": {"lost": random.choice([0, 3]), "failed": 0}}
    config.pop("max_failed_runs", None)
    if "metric" in config:
        metric = config["metric"]
        config["metric"] = {name: value for name, value in metric.items() if name != "target"}
    kinds = (ActionKind.ENQUEUE, ActionKind.DESCRIBE)
    return replace(
        plan,
        starts=round(random.uniform(0, 1), 2),
        config=config,
        agents=0,
        actions=tuple(action for action in plan.actions if action.kind in kinds),
        workers=draw_workers(random),
    )


_SPACE: Mapping[str, Any] = {
    "rate": {"distribution": "log_uniform_values", "min": 0.0001, "max": 0.1},
    "depth": {"min": 1, "max": 8},
    "kind": {"values": ["a", "b", "c"]},
}


def _config(random: Random) -> tuple[dict[str, Any], int | None]:
    """Return a sweep config that ends by itself, and the size of its grid."""
    goal = random.choice(["minimize", "maximize"])
    metric: dict[str, Any] = {"name": "loss", "goal": goal}
    config: dict[str, Any] = {"metric": metric, "seed": random.randrange(2**31)}
    lost = random.choice([1, 2, 2, 3])
    config["retries"] = {"lost": lost, "failed": random.choice([0, 1, 1, 2])}
    cap = random.randint(6, 14)
    kind = random.choice(["random", "random", "grid", "grid", "tpe", "tpe", "nsga2", "halving"])
    if kind == "grid":
        points = random.choice([(2, 4), (3, 3), (3, 4), (2, 7)])
        config["method"] = "grid"
        config["parameters"] = {
            "depth": {"values": list(range(points[0]))},
            "kind": {"values": [f"k{i}" for i in range(points[1])]},
        }
        if random.random() < 0.3:
            config["sampler"] = {"name": "grid", "options": {"shuffle": True}}
        if random.random() < 0.3:
            config["run_cap"] = cap
        return config, points[0] * points[1]
    config["parameters"] = dict(_SPACE)
    config["run_cap"] = cap
    match kind:
        case "random":
            config["method"] = "random"
        case "tpe":
            options = {"n_startup_trials": 4}
            config |= {"method": "bayes", "sampler": {"name": "tpe", "options": options}}
        case "nsga2":
            options = {"population_size": 4}
            config |= {"method": "bayes", "sampler": {"name": "nsga2", "options": options}}
            del config["metric"]
            second = {"name": "cost", "goal": "minimize"}
            config["metrics"] = [metric, second]
        case _:
            config |= {"method": "random", "early_terminate": {"type": "hyperband", "min_iter": 1}}
    if kind in ("random", "tpe") and random.random() < 0.15:
        # Agents draw objectives from 0 to 1.
        metric["target"] = 0.05 if goal == "minimize" else 0.95
    if random.random() < 0.1:
        config["max_failed_runs"] = 4
    return config, None


def _actions(random: Random) -> tuple[Action, ...]:
    actions = [
        Action(round(random.uniform(0, 4), 2), ActionKind.ENQUEUE)
        for _ in range(random.choice([0, 1, 1, 2]))
    ]
    if random.random() < 0.35:
        at, pause = random.uniform(0.3, 3), random.uniform(0.3, 2)
        actions.append(Action(round(at, 2), ActionKind.PAUSE, round(pause, 2)))
    if random.random() < 0.35:
        actions.append(Action(round(random.uniform(0, 4), 2), ActionKind.DESCRIBE))
    if random.random() < 0.18:
        end = random.choice([ActionKind.CANCEL, ActionKind.FINISH])
        actions.append(Action(round(random.uniform(1.5, 5), 2), end))
    # The later actions happen when most sweeps have ended.
    actions += [
        Action(round(random.uniform(1, 14), 2), ActionKind.RETRY)
        for _ in range(random.choice([0, 0, 0, 1, 1, 2]))
    ]
    actions += [
        Action(round(random.uniform(0.5, 6), 2), ActionKind.CANCEL_RUNS)
        for _ in range(random.choice([0, 0, 1, 1, 2]))
    ]
    return tuple(sorted(actions, key=lambda action: action.at))


def _faults(random: Random) -> Iterator[Fault]:
    """Return at least one fault; some schedules kill processes, some only disturb."""
    if random.random() < 0.75:
        for _ in range(random.choice([1, 1, 2, 3])):
            yield _kill(random)
    for _ in range(random.choice([0, 0, 1, 1, 2])):
        target = random.choice(SERVICES + (POSTGRES,) * 2)
        yield Fault(_at(random), FaultKind.FREEZE, (target,), _seconds(random, 0.2, 3.5))
    for _ in range(random.choice([1, 2, 3, 4])):
        yield _bad_link(random)


def _kill(random: Random) -> Fault:
    targets = random.choice(
        [(POSTGRES,)] * 4
        + [(name,) for name in REGISTRIES] * 2
        + [(name,) for name in SUGGESTIONS] * 2
        + [REGISTRIES, SUGGESTIONS, (REGISTRIES[0], SUGGESTIONS[1]), (POSTGRES, REGISTRIES[1])]
    )
    return Fault(_at(random), FaultKind.KILL, targets, _seconds(random, 0.0, 1.5))


def _bad_link(random: Random) -> Fault:
    at = _at(random)
    links = random.choice([AGENT_LINKS, INNER_LINKS, DATABASE_LINKS, DATABASE_LINKS, LINKS])
    targets = tuple(random.sample(links, random.randint(1, min(3, len(links)))))
    kind = random.choice(
        [FaultKind.DELAY, FaultKind.STALL, FaultKind.REFUSE]
        + [FaultKind.CUT_REQUESTS] * 2
        + [FaultKind.CUT_REPLIES] * 4
    )
    match kind:
        case FaultKind.DELAY:
            amount = round(random.uniform(0.01, 0.25), 3)
            return Fault(at, kind, targets, _seconds(random, 0.5, 3), amount)
        case FaultKind.STALL | FaultKind.REFUSE:
            return Fault(at, kind, targets, _seconds(random, 0.2, 3))
        case _:
            return Fault(at, kind, targets, _seconds(random, 0.5, 3), random.randint(1, 12))


def _certificate_faults(random: Random) -> Iterator[Fault]:
    """Faults on different services: each service shows its last valid certificate at the end."""
    targets = random.sample(SERVICES, random.randint(1, len(SERVICES)))
    for target in targets:
        if random.random() < 0.3:
            yield Fault(_at(random), FaultKind.SPOIL, (target,), _seconds(random, 0.3, 2))
        else:
            yield Fault(_at(random), FaultKind.RENEW, (target,), 0.0)


def _at(random: Random) -> float:
    return round(random.uniform(FAULTS_FROM, FAULTS_TO), 2)


def _seconds(random: Random, least: float, most: float) -> float:
    return round(random.uniform(least, most), 2)
