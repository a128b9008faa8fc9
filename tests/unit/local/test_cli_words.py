"""Specs as text, plots of several lines, and the command line's parsing of values."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
import typer
from rich.text import Text

from wanllmdb import (
    AlgorithmChoice,
    AxisScale,
    Beta,
    Categorical,
    Conditional,
    Constant,
    Contour,
    Hyperband,
    IntLogUniform,
    LogNormal,
    Metric,
    Normal,
    ObjectiveValue,
    ParameterAxis,
    ParameterColumn,
    Quantized,
    RunState,
    Timeline,
    Uniform,
)
from wanllmdb.cli import formats, options, plots


@pytest.mark.parametrize(
    ("law", "words"),
    [
        (Constant(None), "always null"),
        (Categorical(("a", 1), (0.25, 0.75)), "one of a (0.25), 1 (0.75)"),
        (IntLogUniform(1, 64), "1 to 64, integer, log"),
        (Uniform(0.0, 1.0, 0.25), "0 to 1, in steps of 0.25"),
        (LogNormal(0.0, 1.0), "log-normal, mean 0 and deviation 1 of the logarithm"),
        (Beta(2.0, 5.0), "beta, a 2, b 5"),
        (Quantized(Normal(), 2), "normal, mean 0, deviation 1, rounded to multiples of 2"),
        (
            Conditional(Constant(1), {"opt": ("sgd", "adam"), "x": (1,)}),
            "always 1; when opt is sgd or adam and x is 1",
        ),
    ],
)
def test_distributions_in_words(law: Any, words: str) -> None:
    assert formats.distribution(law) == words


def test_rules_in_words() -> None:
    assert formats.metric(Metric("loss", value=ObjectiveValue.BEST, target=0.5)) == (
        "minimize loss (best value), until 0.5"
    )
    assert formats.early_termination(Hyperband(min_iter=3, strict=True)) == (
        "hyperband, min_iter 3, eta 3, strict"
    )
    assert formats.algorithm(AlgorithmChoice("tpe", {"group": True})) == "tpe (group true)"
    assert formats.command(["${env}", "python", "my file.py", "${args}"]) == (
        "${env} python 'my file.py' ${args}"
    )


def test_values_are_json_or_texts() -> None:
    given = ["a=1", "b=1e-4", "c=[1, 2]", "d=adam", "e=true", 'f="7"', "g=x=y", "h=NaN", "i="]

    assert options.assignments(given) == {
        "a": 1,
        "b": 0.0001,
        "c": [1, 2],
        "d": "adam",
        "e": True,
        "f": "7",
        "g": "x=y",
        "h": "NaN",
        "i": "",
    }
    for wrong in (["a"], ["=1"], ["a=1", "a=2"]):
        with pytest.raises(typer.BadParameter):
            options.assignments(wrong)


def plain(markup: str) -> str:
    return Text.from_markup(markup).plain


def test_lines_hold_until_their_next_value() -> None:
    first = plots.Series("one", (0.0, 10.0), (5.0, 1.0))
    second = plots.Series("two [x]", (5.0,), (3.0,))

    lines = plain(plots.steps([first, second], left="0", right="10")).splitlines()

    assert lines[0].startswith("5 │AAAA")
    assert lines[0].count("A") > 50
    assert lines[11].rstrip().endswith("A")
    assert sum(line.count("B") for line in lines[:12]) == 1
    assert lines[-2:] == ["  A one", "  B two [x]"]


def test_lines_without_values() -> None:
    assert "no finished runs" in plots.steps([plots.Series("one", (), ())], left="", right="")
    # One that has none does not hide the others, and keeps its letter.
    text = plain(
        plots.steps(
            [plots.Series("one", (), ()), plots.Series("two", (1.0,), (1.0,))], left="", right=""
        )
    )
    assert "│B" in text
    assert "A one" in text


def test_a_scatter_on_a_logarithmic_axis() -> None:
    axis = ParameterAxis("lr", AxisScale.LOG, 0.001, 1.0, ())
    # The second lies a third of the way, the last has no such parameter.
    column = ParameterColumn(axis, (0.001, 0.01, 1.0, math.nan))

    lines = plain(plots.scatter(column, (1.0, 2.0, 3.0, 9.0))).splitlines()

    assert lines[0] == "lr (log)"
    places = [match.start() for line in lines[1:] for match in re.finditer("[•●]", line)]
    assert sorted(places) == [3, 3 + 21, 3 + 63]
    assert lines[-1].split() == ["0.001", "1"]


def test_a_surface_is_dense_where_the_objective_is_large() -> None:
    x = ParameterAxis("x", AxisScale.LINEAR, 0.0, 1.0, ())
    y = ParameterAxis("y", AxisScale.CATEGORY, 0.0, 1.0, ("a", "b"))
    surface = ((0.0, 1.0), (math.nan, 4.0))
    contour = Contour(
        ParameterColumn(x, ()), ParameterColumn(y, ()), (), (), (0.0, 1.0), (0.0, 1.0), surface, 1
    )

    lines = plain(plots.surface(contour)).splitlines()

    assert lines[0] == "b │  ██│"
    assert lines[1] == "a │░░▒▒│"
    assert "y over x" in lines


def test_lanes_of_agents() -> None:
    timeline = Timeline(
        start_time=None,
        run_numbers=(0, 1, 2),
        states=(RunState.FINISHED, RunState.FAILED, RunState.RUNNING),
        start_seconds=(0.0, 5.0, 0.0),
        end_seconds=(5.0, 10.0, math.nan),
        objectives=(1.0, math.nan, math.nan),
        agents=("a", "a", "bb"),
        now_seconds=10.0,
        total_runs=3,
        revision=1,
    )

    lines = plain(plots.lanes(timeline)).splitlines()

    assert lines[0] == "a  │" + "▓" * 32 + "█" * 32 + "│ 2 runs"
    assert lines[1] == "bb │" + "▓" * 64 + "│ 1 run"
    assert lines[2].split() == ["0", "10", "s"]
