"""The programs in docs/examples run, and show what their page promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.program import Program
from tests.e2e.up_process import UpProcess
from wanllmdb import Client, SweepState

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture
def python(platform: UpProcess) -> Program:
    """Runs Python programs on the platform."""
    return Program(platform.environment())


def test_the_page_names_every_program() -> None:
    page = (EXAMPLES / "README.md").read_text()
    programs = {path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".sh")}
    assert set(re.findall(r"\]\(([\w.]+)\)", page)) == programs


def test_function_agent_and_its_results(python: Program) -> None:
    created = python.python(str(EXAMPLES / "function_agent.py")).stdout
    sweep_id = created.splitlines()[-1].partition(":")[0]
    shown = python.python(str(EXAMPLES / "reading_results.py"), sweep_id).stdout
    assert "finished, 15 runs" in shown.lower()
    assert re.search(r"^best: .+, losses \[.+\]$", shown, re.MULTILINE)


def test_an_agent_for_a_sweep_that_exists(platform: UpProcess, python: Program) -> None:
    ready = platform.ready
    with Client(ready["registry"], ready["suggestion"]) as client:
        created = client.create_sweep(
            {
                "method": "random",
                "metric": {"name": "loss", "goal": "minimize"},
                "parameters": {"lr": {"distribution": "log_uniform", "min": 0.0001, "max": 0.1}},
                "run_cap": 3,
            },
            project="examples",
        )
        python.python(str(EXAMPLES / "agent.py"), created.sweep.sweep_id)
        assert client.get_sweep(created.sweep.sweep_id).state is SweepState.FINISHED


def test_early_termination(python: Program) -> None:
    shown = python.python(str(EXAMPLES / "early_termination.py")).stdout
    counts = re.search(r"(\d+) runs finished, (\d+) stopped early", shown)
    assert counts, shown
    assert int(counts[1]) + int(counts[2]) == 15
    assert int(counts[2]) > 0


def test_several_objectives(python: Program) -> None:
    shown = python.python(str(EXAMPLES / "several_objectives.py")).stdout
    assert re.search(r"^\d+ .*'layers'.*'size'|^\d+ .*layers", shown, re.MULTILINE), shown


def test_command_agent(platform: UpProcess) -> None:
    environment = platform.environment()
    programs = str(Path(sys.executable).parent)
    environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        [str(EXAMPLES / "command_agent.sh")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "learning_rate" in done.stdout
