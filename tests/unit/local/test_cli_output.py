"""What the command line prints: JSON for programs, tables and plots for people."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from wanllmdb import (
    Goal,
    IntLogUniform,
    OptimizationHistory,
    Run,
    RunError,
    RunOrigin,
    RunState,
)
from wanllmdb.cli import formats, plots, tables
from wanllmdb.cli.documents import to_plain

RUN = Run(
    sweep_id="abc",
    number=3,
    state=RunState.FINISHED,
    parameters={"learning_rate": 0.001234567, "layers": 2, "name": "[bold]"},
    objective=0.5,
    attempt=1,
    origin=RunOrigin.SUGGESTED,
    agent_id="agent",
    error=None,
    external_run_id="",
    labels={},
    summary={"loss": math.nan, "gain": -math.inf},
    last_step=4,
    revision=9,
    create_time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    start_time=datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC),
    end_time=datetime(2026, 1, 2, 3, 5, 36, tzinfo=UTC),
    lease_expire_time=None,
    objectives=(),
    name="",
    config={},
)


def shown(runs: list[Run], width: int, *, one_line: bool = False) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(tables.runs_table(runs, metrics=("acc",), width=width, one_line=one_line))
    return capture.get()


def test_documents_are_strict_json() -> None:
    plain = to_plain(RUN)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["state"] == "finished"
    assert plain["create_time"] == "2026-01-02T03:04:05Z"
    assert plain["summary"] == {"loss": "NaN", "gain": "-Infinity"}
    assert plain["parameters"]["layers"] == 2


def test_documents_name_distributions_and_count_seconds() -> None:
    assert to_plain(IntLogUniform(1, 8)) == {
        "distribution": "int_log_uniform",
        "min": 1,
        "max": 8,
        "q": None,
    }
    assert to_plain({"took": timedelta(minutes=1, milliseconds=500)}) == {"took": 60.5}


def test_wide_table_has_a_column_a_parameter() -> None:
    text = shown([RUN], 200)
    assert re.search(r"RUN +STATE +acc +TIME +learning_rate +layers +name +NOTE", text)
    assert re.search(r"3 +finished +0\.5 +1m 30s +0\.00123457 +2 +\[bold\]", text)


def test_narrow_table_cuts_no_value() -> None:
    text = " ".join(shown([RUN], 70).split())
    assert "parameters" in text
    assert "learning_rate=0.00123457" in text
    assert "name=[bold]" in text


def test_table_shown_live_has_a_line_a_run() -> None:
    heading = len(shown([], 60, one_line=True).splitlines())
    assert len(shown([RUN] * 5, 60, one_line=True).splitlines()) == heading + 5


def test_table_shows_why_a_run_failed() -> None:
    failed = replace(
        RUN, state=RunState.FAILED, objective=None, error=RunError("no memory\nat all", "")
    )
    assert "no memory" in shown([failed], 200)
    assert "at all" not in shown([failed], 200)


def test_a_run_that_waits_to_be_retried_takes_no_time() -> None:
    lost = replace(RUN, state=RunState.QUEUED, end_time=None)
    assert re.search(r"3 +queued +0\.5 +- +0\.00123457", shown([lost], 200))


def test_run_that_goes_on_shows_its_last_value() -> None:
    running = replace(RUN, state=RunState.RUNNING, objective=None, summary={"acc": 0.25})
    assert tables.value_so_far(running, "acc") == 0.25
    assert tables.value_so_far(running, "other") is None


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=1.26), "1.3s"),
        (timedelta(seconds=59), "59s"),
        (timedelta(seconds=119.6), "1m 59s"),
        (timedelta(minutes=59, seconds=59.9), "59m 59s"),
        (timedelta(hours=1), "1h 00m"),
        (timedelta(days=2, hours=3), "2d 3h"),
        (timedelta(seconds=-1), "0.0s"),
    ],
)
def test_durations(length: timedelta, text: str) -> None:
    assert formats.duration(length) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.123456, "0.123"), (12.34, "12.3"), (100, "100"), (2270.7, "2,271")]
)
def test_rates_have_no_exponents(value: float, text: str) -> None:
    assert formats.rate(value) == text


def test_bars_are_as_long_as_the_share() -> None:
    full, half, none = plots.bars({"a": 1.0, "bb": 0.5, "c": 0.0}, width=10).splitlines()
    assert full.count("█") == 10
    assert half.count("█") == 5
    assert none.count("█") == 0
    assert "50.0%" in half


def history(objectives: list[float], goal: Goal = Goal.MAXIMIZE) -> OptimizationHistory:
    choose = max if goal is Goal.MAXIMIZE else min
    best = tuple(choose(objectives[: index + 1]) for index in range(len(objectives)))
    numbers = tuple(range(len(objectives)))
    return OptimizationHistory(numbers, tuple(objectives), best, goal, len(objectives), 1)


def test_history_marks_every_run_and_both_ends() -> None:
    text = plots.history(history([0.1, 0.2, 0.3]))
    assert text.count("•") == 3
    assert text.splitlines()[0].startswith(" 0.3") or text.splitlines()[0].startswith("0.3")
    assert "run 0" in text
    assert "run 2" in text


@pytest.mark.parametrize(
    ("goal", "sign", "mark"), [(Goal.MAXIMIZE, 1, "▾"), (Goal.MINIMIZE, -1, "▴")]
)
def test_history_is_not_flattened_by_a_bad_run(goal: Goal, sign: int, mark: str) -> None:
    values = [sign * value for value in (0.90, 0.91, 0.92, 0.93, 0.94, -50.0)]
    text = plots.history(history(values, goal))
    assert text.count(mark) == 1
    assert "50" not in text


def test_history_keeps_a_very_good_run_on_the_axis() -> None:
    text = plots.history(history([0.1, 0.1, 0.11, 0.1, 0.99]))
    assert "0.99" in text
    assert "▴" not in text


def test_history_without_runs_and_of_one() -> None:
    assert "no finished runs" in plots.history(history([]))
    assert plots.history(history([1.0])).count("•") == 1
