"""Agents whose runs may be stopped early: `python -m tests.upgrade.stopped_agents SWEEP COUNT`.

As `tests.e2e.busy_agents`, but a stopped run is no error.
"""

from __future__ import annotations

import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field

import wanllmdb
from tests.e2e.busy_agents import WORK, Diary, loss_of
from wanllmdb import Client, RunStopped

# Values that a run logs; the last one is its loss.
VALUES = 4


@dataclass
class StoppedDiary(Diary):
    """The record of one agent, with the numbers of the runs that were stopped."""

    pruned: list[int] = field(default_factory=list)


def work(sweep_id: str) -> StoppedDiary:
    """Run one agent."""
    diary = StoppedDiary()

    def train() -> None:
        number = -1
        try:
            with wanllmdb.init() as run:
                number, loss = run.number, loss_of(run.config)
                for left in reversed(range(VALUES)):
                    time.sleep(random.uniform(*WORK) / VALUES)
                    run.log({"loss": loss + left})
                diary.done.append((number, loss))
        except RunStopped:
            diary.pruned.append(number)
            raise
        except BaseException as error:
            diary.errors.append(repr(error))
            raise

    with Client() as client:
        try:
            result = wanllmdb.agent(sweep_id, train, client=client, stay=True)
            if result.failed:
                diary.errors.append(f"{result.failed} runs failed")
        except Exception as error:
            diary.errors.append(repr(error))
    return diary


def main() -> None:
    sweep_id, count = sys.argv[1], int(sys.argv[2])
    with ThreadPoolExecutor(count) as threads:
        diaries = list(threads.map(work, [sweep_id] * count))
    print(json.dumps([asdict(diary) for diary in diaries]))


if __name__ == "__main__":
    main()
