"""The worked example of docs/early-termination.md, recomputed from its own numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wanllmdb_common.algorithms.description import AlgorithmDescription, Required
from wanllmdb_common.algorithms.pruners import PRUNERS
from wanllmdb_common.algorithms.terminators import TERMINATORS
from wanllmdb_suggestion.optimizer.pruners.wandb_hyperband import WandbHyperbandRule
from wanllmdb_suggestion.optimizer.types import ObjectivePoint, WandbHyperband

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "early-termination.md").read_text()


def rows(first_column: str) -> list[list[str]]:
    """The cells of the table whose head begins so."""
    lines = PAGE.split(f"\n| {first_column} |", 1)[1].split("\n\n", 1)[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


RUNS = {name: [float(cell) for cell in cells if cell] for name, *cells in rows("run")}


def example(*, strict: bool) -> tuple[list[list[str]], str]:
    """Return the page's second table as it must be, and the runs that continue."""
    table = WandbHyperbandRule(
        WandbHyperband(min_iter=1, eta=3, strict=strict), "loss", minimize=True
    )
    names = sorted(RUNS)
    going = list(names)
    found = []
    for iteration in range(1, 10):
        going = [name for name in going if iteration <= len(RUNS[name])]
        for name in going:
            point = ObjectivePoint(names.index(name), 1, iteration, RUNS[name][iteration - 1])
            table.add(point)
        decisions = {name: table.decide(names.index(name)) for name in going}
        tested = {name: d for name, d in decisions.items() if d.step == iteration}
        if tested:
            decision = next(iter(tested.values()))
            there = sorted(RUNS[name][iteration - 1] for name in tested)
            stops = [name for name, d in tested.items() if d.should_stop]
            assert decision.threshold is not None
            found.append(
                [
                    str(decision.step),
                    " ".join(f"{value:.2f}" for value in there),
                    str(decision.compared),
                    str(there.index(decision.threshold)),
                    f"{decision.threshold:.2f}",
                    " ".join(stops),
                ]
            )
            going = [name for name in going if name not in stops]
    return found, " ".join(going)


def test_the_worked_example() -> None:
    found, going = example(strict=False)
    assert found == rows("rung")
    assert going == "B E"
    # Every run of the table ends where it is stopped.
    assert {name: len(values) for name, values in RUNS.items() if name not in going} == {
        name: int(row[0]) for row in found for name in row[5].split()
    }


def test_what_the_page_says_of_strict() -> None:
    found, _ = example(strict=True)
    assert found[1][5] == "F"


def test_the_picture_shows_the_example() -> None:
    picture = (DOCS / "early-termination.svg").read_text()
    for rung, *_, threshold, stops in example(strict=False)[0]:
        group = re.search(rf'<g id="band-{rung}">.*?</g>', picture, re.DOTALL)
        assert group is not None
        assert f"needs {threshold}" in group[0]
        for name in stops.split():
            assert f'<g id="run-{name}">' in picture
    crosses = picture.count('stroke="#c0362c"')
    assert crosses == len(RUNS) - 2 + 1, "a cross a stopped run, and one in the legend"


@pytest.mark.parametrize("pruner", PRUNERS, ids=lambda p: p.name)
def test_the_page_has_every_pruner_with_its_options(pruner: AlgorithmDescription) -> None:
    cells = {name.strip("`"): options for name, _, options in rows("name")}
    options = cells[pruner.name].replace("those of median", cells["median"])
    told = dict(re.findall(r"`(\w+)`(?: ([\d.]+))?", options))
    assert set(told) == {option.name for option in pruner.options}
    for option in pruner.options:
        if isinstance(option.default, int | float):
            assert float(told[option.name]) == option.default
        else:
            assert option.default is None or isinstance(option.default, Required)
            assert told[option.name] == ""


@pytest.mark.parametrize("terminator", TERMINATORS, ids=lambda t: t.name)
def test_the_page_has_every_terminator(terminator: AlgorithmDescription) -> None:
    assert f"- `{terminator.name}`" in PAGE
    for name, value in re.findall(r"`(\w+)` \(([\d.]+)\)", PAGE):
        option = terminator.option(name)
        if option is not None and name in PAGE.split(f"- `{terminator.name}`")[1].split("\n- ")[0]:
            assert option.default == float(value)
