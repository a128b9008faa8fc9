"""Programs in the style of W&B's users run unchanged, except for the import.

Each program of `wandb_programs/` is one case: how it is started, and what the registry must store
afterwards. The objectives are computed here from the parameters of each run.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.program import Program

PROGRAMS = Path(__file__).parent / "wandb_programs"
_WARMUP_LOSS = {0: 1, 10: 11}


@dataclass(frozen=True)
class Case:
    """One program.

    Attributes:
        name: The file without its suffix; its project has that name, with hyphens.
        runs: The number of runs that it makes.
        objective: Returns the objective of a finished run from its parameters.
        states: The states in which its runs may end.
        needs: Packages without which the case is skipped.
        prints: A text that is in its output.
    """

    name: str
    runs: int
    objective: Callable[[Mapping[str, Any]], float]
    states: frozenset[str] = frozenset({"finished"})
    needs: tuple[str, ...] = ()
    prints: str = ""


FUNCTIONS = [
    Case("kfold_reinit", 3, lambda p: p["depth"] * p["lr"] + 1.5),
    Case("kfold_finish", 3, lambda p: p["width"] / 64 + 0.01),
    Case("spawned_workers", 2, lambda p: p["lr"]),
    Case("notebook", 3, lambda p: p["layers"] * p["learning_rate"] + 1 / 4),
    Case("config_copies", 3, lambda p: p["learning_rate"] * _WARMUP_LOSS[p["warmup"]]),
    Case("module_level_init", 2, lambda p: p["lr"] / 3, prints="default learning rate: 0.5"),
    Case("disabled_helpers", 3, lambda p: p["x"] ** 2),
    Case("summary_objective", 4, lambda p: p["x"] + 1),
    Case("reading_results", 3, lambda p: (p["lr"] - 0.2) ** 2 + 1 / 5, prints="learning rate: 0.2"),
    Case("everything_else", 3, lambda p: abs(p["weight"] - 1) + 1 / 3),
    Case("stopped_early", 12, lambda p: p["quality"], states=frozenset({"finished", "pruned"})),
]


@pytest.fixture
def project(wanllmdb: Program) -> Callable[[str], list[dict[str, Any]]]:
    """Return the runs of a project's only sweep."""

    def runs(name: str) -> list[dict[str, Any]]:
        (sweep,) = wanllmdb.json("sweep", "ls", "--project", name.replace("_", "-"))
        found: list[dict[str, Any]] = wanllmdb.json("runs", "ls", sweep["sweep_id"])
        return found

    return runs


@pytest.fixture
def at_home(wanllmdb: Program, tmp_path: Path) -> Program:
    """The programs' environment, with a spool and a W&B folder for each test."""
    return replace(
        wanllmdb,
        environment={
            **wanllmdb.environment,
            "WANLLMDB_SPOOL_DIR": str(tmp_path / "spool"),
            "PYTHONPATH": "",
        },
    )


@pytest.mark.parametrize("case", FUNCTIONS, ids=lambda case: case.name)
def test_a_program_with_a_training_function(
    at_home: Program, project: Callable[[str], list[dict[str, Any]]], case: Case
) -> None:
    done = at_home.python(str(PROGRAMS / f"{case.name}.py"))
    assert case.prints in done.stdout
    _check(case, project(case.name))


def test_numbers_that_are_logged_after_finish_fail_the_run(
    at_home: Program, project: Callable[[str], list[dict[str, Any]]]
) -> None:
    at_home.python(str(PROGRAMS / "raises_after_finish.py"))
    runs = project("raises_after_finish")
    assert [run["state"] for run in runs] == ["failed", "failed"]
    assert all("finish" in run["error"]["message"] for run in runs)


@pytest.mark.parametrize(
    "case",
    [
        Case(
            "argparse_command",
            3,
            lambda p: p["learning_rate"] * {"small": 1, "large": 2}[p["model"]] / 4,
        ),
        Case(
            "nested_command",
            4,
            lambda p: p["optimizer/lr"] * p["optimizer/schedule/warmup"] + 3,
        ),
    ],
    ids=lambda case: case.name,
)
def test_a_program_that_a_command_agent_starts(
    at_home: Program, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    monkeypatch.chdir(PROGRAMS)
    done = at_home("sweep", "create", str(PROGRAMS / f"{case.name}.yaml"), "--json")
    sweep_id = json.loads(done.stdout)["sweep"]["sweep_id"]
    at_home("agent", f"my-team/{case.name.replace('_', '-')}/{sweep_id}", "--count", str(case.runs))
    _check(case, at_home.json("runs", "ls", sweep_id))


def test_of_the_processes_of_one_run_the_first_counts(
    at_home: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PROGRAMS)
    sweep_id = at_home.create(
        {
            "method": "random",
            "program": "torchrun_like.py",
            "metric": {"name": "loss", "goal": "minimize"},
            "parameters": {"lr": {"min": 0.01, "max": 1.0}, "batch_size": {"values": [8, 16]}},
        }
    )
    at_home("agent", sweep_id, "--count", "2")
    _check(Case("torchrun_like", 2, lambda p: p["lr"]), at_home.json("runs", "ls", sweep_id))


@pytest.mark.parametrize(
    "case",
    [
        Case("keras_on_jax", 2, lambda _: 0.0, needs=("keras", "jax")),
        Case("boosted_trees", 4, lambda _: 0.0, needs=("xgboost", "lightgbm")),
    ],
    ids=lambda case: case.name,
)
def test_a_program_on_a_training_library(
    at_home: Program, project: Callable[[str], list[dict[str, Any]]], case: Case
) -> None:
    missing = [name for name in case.needs if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed here: {', '.join(missing)}")
    at_home.python(str(PROGRAMS / f"{case.name}.py"))
    runs = project(case.name)
    assert [run["state"] for run in runs] == ["finished"] * case.runs
    for run in runs:
        assert run["objective"] is not None
        # Values that the program read from the library itself, at the end.
        by_hand = run["summary"].get("kept_val_loss", run["objective"])
        assert run["objective"] == pytest.approx(by_hand)


def test_a_program_that_imports_wandb_itself(
    at_home: Program, project: Callable[[str], list[dict[str, Any]]]
) -> None:
    at_home("run", "--", sys.executable, str(PROGRAMS / "unedited.py"))
    _check(Case("unedited", 2, lambda p: p["lr"] * 2), project("unedited"))


def _check(case: Case, runs: list[dict[str, Any]]) -> None:
    assert len(runs) == case.runs
    assert {run["state"] for run in runs} <= case.states, [run["error"] for run in runs]
    for run in runs:
        if run["state"] == "finished":
            assert run["objective"] == pytest.approx(case.objective(run["parameters"]))
