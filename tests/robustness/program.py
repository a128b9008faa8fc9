"""A training program with a diary, for real agents.

`python -m tests.robustness.program SWEEP` is a function agent; without a sweep it is the program
of a command agent.
"""

from __future__ import annotations

import os
import sys
import time

import wanllmdb as wandb
from tests.robustness.diary import SET_METRIC, Diary, Work, values_of

# The agent id, if the agent has one by which it resumes its runs.
NAME = "ROBUSTNESS_AGENT"


class TrainingFailedError(Exception):
    """The training failed, as planned."""


def train(diary: Diary, *, may_tell: bool) -> None:
    """Work on a run."""
    run = wandb.init()
    sweep_id, number, attempt = run.sweep_id, run.number, run.run.attempt
    work = Work.of(sweep_id, number, attempt)
    parameters = dict(run.run.parameters)
    diary.write("begin", number, attempt, resumed=run.resumed, parameters=parameters)
    for step in range(run.step, work.steps):
        values = values_of(sweep_id, number, attempt, step)
        diary.write("log", number, attempt, step=step, values=values)
        wandb.log(values)
        time.sleep(work.pause)
    last = values_of(sweep_id, number, attempt, work.steps)
    run.summary[SET_METRIC] = last["loss"]
    tells = may_tell and work.tells
    if not tells:
        # The program notes that all values are logged, and leaves the run's end to the agent,
        # which ends the run after the program. A program that dies before this note has not
        # finished.
        wandb.finish()
        time.sleep(work.pause)
    diary.write("end", number, attempt, outcome="failed" if work.fails else "succeeded")
    if work.fails:
        raise TrainingFailedError
    if tells:
        run.complete(wandb.Succeeded())
        state = "" if run.ended is None else str(run.ended.state)
        diary.write("confirmed", number, attempt, state=state)


def main() -> None:
    """Run an agent of a sweep, or work on one run."""
    diary = Diary()
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        train(diary, may_tell=False)
        return
    wandb.agent(
        sys.argv[1],
        lambda: train(diary, may_tell=True),
        agent_id=os.environ[NAME],
        never_give_up=True,
        stay=True,
    )


if __name__ == "__main__":
    main()
