"""Agents that do nothing but trials: `python -m tests.e2e.busy_agents SWEEP NAME COUNT`.

COUNT threads, each an agent with a client of its own, until the sweep hands out no more.
Then a line of JSON: every result that was acknowledged, and every error that a call of the
client raised, with when.
"""

from __future__ import annotations

import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

from wanllmdb import Client, MetricRow, Run, Succeeded, WanllmdbError

# Seconds that a trial takes beside its calls.
WORK = (0.02, 0.15)


@dataclass
class Diary:
    """What one agent lived through; `finished` is number, attempt and objective."""

    finished: list[tuple[int, int, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    longest_call: float = 0.0


class Agent:
    """Trials, one after the other."""

    def __init__(self, sweep_id: str, name: str) -> None:
        self.diary = Diary()
        self._sweep_id = sweep_id
        self._name = name

    def work(self) -> Diary:
        """Until the sweep hands out no more."""
        with Client() as client:
            while True:
                began = time.monotonic()
                try:
                    suggestion = client.suggest(self._sweep_id, agent_id=self._name)
                    self._note_duration(began)
                    for run in suggestion.runs:
                        self._trial(client, run)
                except WanllmdbError as error:
                    seconds = time.monotonic() - began
                    self.diary.errors.append(f"after {seconds:.1f} s: {error!r}")
                    continue
                if not suggestion.runs:
                    return self.diary

    def _trial(self, client: Client, run: Run) -> None:
        time.sleep(random.uniform(*WORK))
        value = objective(run.parameters)
        began = time.monotonic()
        client.report_metrics(
            self._sweep_id, run.number, run.attempt, [MetricRow(0, {"loss": value + 1.0})]
        )
        self._note_duration(began)
        began = time.monotonic()
        client.finish_run(self._sweep_id, run.number, run.attempt, Succeeded(value))
        self._note_duration(began)
        self.diary.finished.append((run.number, run.attempt, value))

    def _note_duration(self, began: float) -> None:
        self.diary.longest_call = max(self.diary.longest_call, time.monotonic() - began)


def objective(parameters: Any) -> float:
    """What a trial finds out."""
    return float((parameters["x"] - 1.0) ** 2 + parameters["layers"])


def main() -> None:
    sweep_id, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    agents = [Agent(sweep_id, f"{name}-{number}") for number in range(count)]
    with ThreadPoolExecutor(count) as threads:
        diaries = list(threads.map(Agent.work, agents))
    print(json.dumps([asdict(diary) for diary in diaries]))


if __name__ == "__main__":
    main()
