"""Agents that work on short runs only: `python -m tests.e2e.busy_agents SWEEP COUNT`.

COUNT threads, each an agent with a client of its own, work until the sweep assigns no more runs.
Then the program prints a line of JSON with the diary of each agent. The agents' messages go to
stderr, as always.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

import wanllmdb
from wanllmdb import Client

# Seconds that a run takes.
WORK = (0.05, 0.25)


@dataclass
class Diary:
    """The record of one agent.

    Attributes:
        done: The number and the last loss of each run that the agent finished.
        errors: Errors that the agent raised, or that reached a run.
    """

    done: list[tuple[int, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def loss_of(parameters: Mapping[str, Any]) -> float:
    """Return the loss that a run finds."""
    return float((parameters["x"] - 1.0) ** 2 + parameters["layers"])


def work(sweep_id: str) -> Diary:
    """Run one agent."""
    diary = Diary()

    def train() -> None:
        try:
            with wanllmdb.init() as run:
                loss = loss_of(run.config)
                run.log({"loss": loss + 1.0})
                time.sleep(random.uniform(*WORK))
                run.log({"loss": loss})
                diary.done.append((run.number, loss))
        except BaseException as error:
            diary.errors.append(repr(error))
            raise

    work_on(sweep_id, train, diary)
    return diary


def work_on(sweep_id: str, train: Callable[[], None], diary: Diary) -> None:
    """Run one agent until the sweep assigns no more runs, and record its errors."""
    with Client() as client:
        try:
            result = wanllmdb.agent(sweep_id, train, client=client, stay=True)
            if result.failed:
                diary.errors.append(f"{result.failed} runs failed")
        except Exception as error:
            diary.errors.append(repr(error))


def main(work: Callable[[str], Diary] = work) -> None:
    """Run COUNT agents at the same time, and print their diaries."""
    sweep_id, count = sys.argv[1], int(sys.argv[2])
    with ThreadPoolExecutor(count) as threads:
        diaries = list(threads.map(work, [sweep_id] * count))
    print(json.dumps([asdict(diary) for diary in diaries]))


if __name__ == "__main__":
    main()
