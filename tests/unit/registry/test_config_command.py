"""The program and the command line of command-line agents."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.registry.configs import parsed, problems_with

DEFAULT = ["${env}", "${interpreter}", "${program}", "${args}"]


def test_program_and_command_are_kept() -> None:
    spec = parsed(program="train.py", command=DEFAULT).spec
    assert (spec.program, spec.command) == ("train.py", tuple(DEFAULT))
    spec = parsed(program="train.py").spec
    assert (spec.program, spec.command) == ("train.py", ())


@pytest.mark.parametrize(
    "macro",
    [
        "args", "args_no_hyphens", "args_no_equals", "args_no_boolean_flags", "args_json",
        "args_json_file", "args_append_hydra", "args_override_hydra", "env", "interpreter",
        "envvar:HOME",
    ],
)  # fmt: skip
def test_every_macro_is_known(macro: str) -> None:
    assert parsed(command=["python", f"${{{macro}}}"]).spec.command[1] == f"${{{macro}}}"


@pytest.mark.parametrize(
    ("given", "path", "says"),
    [
        ("python train.py ${args}", "command", 'write ["python", "train.py", "${args}"]'),
        ("it's", "command", "must be a list"),
        ([1], "command[0]", "must be a text, is 1: put it in quotes"),
        ([None], "command[0]", "must be a text"),
        ([""], "command[0]", "must not be empty"),
        (["python", "${agrs}"], "command[1]", "unknown macro ${agrs}, did you mean ${args}?"),
        (["${HOME}"], "command[0]", "${envvar:NAME}"),
        (["${envvar:}"], "command[0]", "names no environment variable"),
        (["a ${envvar:1}"], "command[0]", "names no environment variable"),
        (["--x=${args}"], "command[0]", "${args} stands alone, as a part of its own"),
        (["${program}"], "command[0]", "there is no program: add program: train.py"),
        (["a"] * 101, "command", "has 101 parts"),
        (["a" * 10_001], "command[0]", "at most 10,000"),
        (["a\0"], "command[0]", "NUL"),
    ],
)
def test_a_wrong_command_is_told_where_and_why(given: Any, path: str, says: str) -> None:
    assert says in problems_with(command=given)[path]


def test_a_program_is_a_text() -> None:
    assert "must be a text" in problems_with(program=["train.py"])["program"]


def test_a_shell_may_have_macros_of_its_own() -> None:
    command = ("bash", "-c", "cd ${envvar:WORK}/${HOME} && exec python $0 ${*}", "train.py")
    assert parsed(command=list(command)).spec.command == command
