"""What an agent's live view knows: the sweep's runs as they change, and the agent's own."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from wanllmdb import BestRun, Goal, Run, RunState, Sweep

_KEPT_VALUES = 200


@dataclass
class OwnRun:
    """A run that this agent works on: `values` are those of the metric, as they were seen."""

    run: Run
    began: float
    values: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT_VALUES))
    last_step: int | None = None


class Picture:
    """Safe to use from many threads.

    Args:
        sweep: the sweep as the agent found it.
        count: how many runs the agent is to do; None for any number.
        parallel: how many it works on at a time.
        clock: seconds.
    """

    def __init__(
        self,
        sweep: Sweep,
        *,
        count: int | None,
        parallel: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sweep = sweep
        self.best: BestRun | None = sweep.stats.best_run
        self.metric = sweep.spec.metric
        self._count = count
        self._parallel = parallel
        self._clock = clock
        self._lock = threading.Lock()
        self._states: dict[int, RunState] = {}
        self._objectives: dict[int, float] = {}
        self._own: dict[int, OwnRun] = {}
        self._ended = 0
        self._seconds = 0.0

    def began(self, run: Run) -> None:
        """The agent begins with a run."""
        with self._lock:
            self._own[run.number] = OwnRun(run, self._clock())

    def left(self, number: int, best: BestRun | None) -> None:
        """The agent is done with a run."""
        with self._lock:
            own = self._own.pop(number)
            self._ended += 1
            self._seconds += self._clock() - own.began
            self.best = best or self.best

    def changed(self, run: Run) -> None:
        """A run of the sweep, of whatever agent, changed."""
        with self._lock:
            self._states[run.number] = run.state
            if run.state is RunState.FINISHED and run.objective is not None:
                self._objectives[run.number] = run.objective
                self._take_best(run, run.objective)
            own = self._own.get(run.number)
            if own is not None and self.metric is not None and run.last_step != own.last_step:
                own.last_step = run.last_step
                if self.metric.name in run.summary:
                    own.values.append(run.summary[self.metric.name])

    @property
    def own(self) -> list[OwnRun]:
        """The runs in progress, by number."""
        with self._lock:
            return [self._own[number] for number in sorted(self._own)]

    @property
    def states(self) -> dict[RunState, int]:
        """How many runs of the sweep are in each state that one is in."""
        with self._lock:
            counted = Counter(self._states.values())
        return {state: counted[state] for state in RunState if counted[state]}

    @property
    def objectives(self) -> list[float]:
        """Objectives of the sweep's finished runs, by number."""
        with self._lock:
            return [self._objectives[number] for number in sorted(self._objectives)]

    @property
    def eta(self) -> timedelta | None:
        """How long it still takes, by the mean of this agent's runs; None where nobody knows.

        To the agent's own count, or to the sweep's cap at the pace of all runs in progress.
        """
        with self._lock:
            if not self._ended:
                return None
            left = self._runs_left()
            if left is None:
                return None
            at_a_time = self._parallel
            if self._count is None:
                running = sum(state is RunState.RUNNING for state in self._states.values())
                at_a_time = max(running, self._parallel)
            return timedelta(seconds=left * self._seconds / self._ended / at_a_time)

    def _runs_left(self) -> int | None:
        left = []
        if self._count is not None:
            left.append(self._count - self._ended)
        if self.sweep.spec.run_cap is not None:
            ended = sum(state.is_final for state in self._states.values())
            left.append(self.sweep.spec.run_cap - ended)
        return max(min(left), 0) if left else None

    def _take_best(self, run: Run, objective: float) -> None:
        if not math.isfinite(objective) or self.metric is None:
            return
        sign = -1.0 if self.metric.goal is Goal.MAXIMIZE else 1.0
        if self.best is None or sign * objective < sign * self.best.objective:
            self.best = BestRun(run.number, objective, run.parameters)
