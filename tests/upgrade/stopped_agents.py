"""Agents whose runs may be stopped early: `python -m tests.upgrade.stopped_agents SWEEP COUNT`.

As `tests.e2e.busy_agents`, but a stopped run is no error.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field

import wanllmdb
from tests.e2e.busy_agents import WORK, Diary, loss_of, main, work_on
from wanllmdb import RunStopped

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

    work_on(sweep_id, train, diary)
    return diary


if __name__ == "__main__":
    main(work)
