"""No program is started in a way that runs code between fork and exec.

gRPC's handlers of a fork start threads in the child. The child then closes their files, and about
one in a hundred crashes before it becomes the program (grpc/grpc#43055).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STARTERS = {"Popen", "run", "call", "check_call", "check_output", "create_subprocess_exec"}
FORKS = {"preexec_fn", "user", "group", "extra_groups"}


def forking_calls(source: str) -> Iterator[int]:
    """Yield the line of each call that makes `subprocess` fork."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in STARTERS:
                if any(keyword.arg in FORKS for keyword in node.keywords):
                    yield node.lineno


@pytest.mark.parametrize("folder", ["clients/python", "services", "tests", "deploy"])
def test_no_program_is_started_by_a_fork(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in files
        for line in forking_calls(file.read_text())
    ]
    assert found == [], "start_tied_to_parent changes the user without a fork"


@pytest.mark.parametrize("argument", sorted(FORKS))
def test_a_call_that_forks_is_found(argument: str) -> None:
    source = f"import subprocess\nsubprocess.run(['true'], {argument}=None)\n"
    assert list(forking_calls(source)) == [2]
