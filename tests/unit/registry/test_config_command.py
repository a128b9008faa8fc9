"""The program and the command line of command-line agents."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.registry.configs import parsed, problems_with
from wanllmdb_registry.domain.model import ArgsStyle

DEFAULT = ["${env}", "${interpreter}", "${program}", "${args}"]


def test_program_and_command_are_kept() -> None:
    spec = parsed(program="train.py", command=DEFAULT).spec
    assert (spec.program, spec.command) == ("train.py", tuple(DEFAULT))
    spec = parsed(program="train.py").spec
    assert (spec.program, spec.command) == ("train.py", ())
    assert parsed(command=["train", "--tag", ""]).spec.command == ("train", "--tag", "")


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
        ([[1]], "command[0]", "must be a text"),
        ([None], "command[0]", "must be a text, is null"),
        (["", "x"], "command[0]", "must not be empty"),
        (["python", "${agrs}"], "command[1]", "unknown macro ${agrs}, did you mean ${args}?"),
        (["${HOME}"], "command[0]", "${envvar:NAME}"),
        (["${envvar:}"], "command[0]", "does not name an environment variable"),
        (["a ${envvar:1}"], "command[0]", "does not name an environment variable"),
        (["--x=${args}"], "command[0]", "${args} must be a part of its own"),
        (["${program}"], "command[0]", "needs a program: add program: train.py"),
        (["a"] * 101, "command", "has 101 parts"),
        (["a" * 10_001], "command[0]", "at most 10,000"),
        (["a\0"], "command[0]", "NUL"),
    ],
)
def test_a_wrong_command_is_told_where_and_why(given: Any, path: str, says: str) -> None:
    assert says in problems_with(command=given)[path]


def test_numbers_and_truth_values_in_a_command_are_texts_with_a_warning() -> None:
    config = parsed(command=["python", 4, 0.5, True, "1e-5"])
    assert config.spec.command == ("python", "4", "0.5", "True", "1e-5")
    assert config.warnings == tuple(
        f"command[{index}]: the value {text} is read as the text '{text}': put it in quotes"
        for index, text in enumerate(("4", "0.5", "True"), 1)
    )


@pytest.mark.parametrize("style", ArgsStyle)
def test_the_style_of_arguments_is_read(style: ArgsStyle) -> None:
    assert parsed(args_style=style.value).spec.args_style is style
    assert parsed().spec.args_style is ArgsStyle.FLAT


def test_a_program_is_a_text() -> None:
    assert "must be a text" in problems_with(program=["train.py"])["program"]


def test_a_shell_may_have_macros_of_its_own() -> None:
    command = ("bash", "-c", "cd ${envvar:WORK}/${HOME} && exec python $0 ${*}", "train.py")
    assert parsed(command=list(command)).spec.command == command
