"""The live display of `wanllmdb agent`: its content and its layout."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console

from wanllmdb import (
    Constant,
    Goal,
    Method,
    Metric,
    Run,
    RunOrigin,
    RunState,
    Sweep,
    SweepSpec,
    SweepState,
    SweepStats,
)
from wanllmdb.cli.agent_display import LiveState, render
from wanllmdb.cli.plots import sparkline

STATS = SweepStats(0, 0, 0, 0, 0, 0, 0, 0, None, 0.0, None, 0.0, 0.0)


def sweep(**spec: Any) -> Sweep:
    return Sweep(
        sweep_id="s",
        project="p",
        name="digits",
        description="",
        spec=SweepSpec(Method.BAYES, {"a": Constant(1)}, (Metric("acc", Goal.MAXIMIZE),), **spec),
        state=SweepState.RUNNING,
        finish_reason=None,
        stats=STATS,
        revision=1,
        etag="",
        create_time=None,
        update_time=None,
        start_time=None,
        end_time=None,
        end_message="",
        prior_runs=0,
    )


def run(number: int, state: RunState = RunState.RUNNING, **more: Any) -> Run:
    made = Run(
        sweep_id="s",
        number=number,
        state=state,
        parameters={"lr": 0.01},
        objective=None,
        attempt=1,
        origin=RunOrigin.SUGGESTED,
        agent_id="a",
        error=None,
        external_run_id="",
        labels={},
        summary={},
        last_step=None,
        revision=1,
        create_time=None,
        start_time=None,
        end_time=None,
        lease_expire_time=None,
        objectives=(),
        name="",
        config={},
    )
    return replace(made, **more)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def text_of(state: LiveState) -> str:
    console = Console(width=120, record=True, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(render(state))
    return capture.get()


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([], ""),
        ([1.0], "▅"),
        ([0.0, 0.5, 1.0], "▁▅█"),
        ([0.0, math.nan, 1.0], "▁·█"),
        ([5.0, 5.0], "▅▅"),
        ([math.inf], "·"),
        ([9.0, 9.0, 0.0, 1.0, 2.0, 3.0, 4.0], "▁▃▅▇█"),
    ],
)
def test_a_sparkline_shows_the_last_values(values: list[float], line: str) -> None:
    assert sparkline(values, 5) == line


def test_it_shows_runs_states_best_values_and_how_long_it_takes() -> None:
    clock = Clock()
    state = LiveState(sweep(run_cap=10), count=None, parallel=2, clock=clock)
    for number in range(2):
        state.began(run(number))
        state.changed(run(number))
    clock.now = 60.0
    done = run(0, RunState.FINISHED, objective=0.75, summary={"acc": 0.75}, last_step=3)
    state.changed(done)
    state.left(0, None)
    for step, value in enumerate([0.1, 0.2, 0.4]):
        state.changed(run(1, summary={"acc": value}, last_step=step))

    shown = text_of(state)
    assert "digits bayes" in shown
    assert "1 running" in shown
    assert "1 finished of 10" in shown
    assert "best acc 0.75 in run 0" in shown
    # 9 runs of 60 s each, two at a time.
    assert state.eta == timedelta(seconds=270)
    assert "about 4m 30s left" in shown
    (row,) = [line for line in shown.splitlines() if "lr=0.01" in line]
    assert row.split()[0] == "1"
    assert "0.4" in row
    assert "▁▃█" in row


def test_the_best_run_is_the_best_by_the_sweeps_goal() -> None:
    state = LiveState(sweep(), count=None, parallel=1)
    for number, objective in enumerate([0.5, 0.9, 0.7, math.inf]):
        state.changed(run(number, RunState.FINISHED, objective=objective))

    assert state.best is not None
    assert (state.best.number, state.best.objective) == (1, 0.9)
    assert state.objectives == [0.5, 0.9, 0.7, math.inf]


def test_how_long_it_takes_goes_by_the_agents_own_count() -> None:
    clock = Clock()
    state = LiveState(sweep(), count=3, parallel=1, clock=clock)
    assert state.eta is None
    state.began(run(0))
    clock.now = 10.0
    state.left(0, None)

    assert state.eta == timedelta(seconds=20)


def test_names_are_no_markup() -> None:
    state = LiveState(replace(sweep(), name="[bold]x"), count=None, parallel=1)

    assert "[bold]x" in text_of(state)
