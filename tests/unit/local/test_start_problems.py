"""The messages of `up` about a program that can't be started."""

from __future__ import annotations

import subprocess
import sys

import pytest

from wanllmdb.cli.command_runner import why_not_started


def rejection(*arguments: str, **variables: str) -> str:
    """Return the message about a program that the system refuses to start."""
    command = [sys.executable, "-c", "pass", *arguments]
    with pytest.raises((OSError, ValueError)) as refused:
        subprocess.run(command, env=variables, check=False)
    assert isinstance(refused.value, OSError | ValueError)
    return why_not_started(refused.value, command, variables)


def test_a_nul_character_is_found_in_arguments_and_variables() -> None:
    assert rejection("--a=1", "--b=x\0y").startswith("the argument '--b=x\\x00y' contains a NUL")
    assert "the variable NAME contains a NUL character" in rejection("--a=1", NAME="x\0")
    assert "${args_json_file}" in rejection("\0")


def test_too_long_arguments_are_named_in_short_with_their_length() -> None:
    why = rejection("--a=1", "--values=" + "x" * 200_000)
    assert "200,009" in why
    assert "exceeds the system's limit" in why
    assert "${args_json_file}" in why
    assert len(why) < 500


def test_characters_that_no_program_can_be_given_are_named() -> None:
    why = rejection("--a=\ud8ff")
    assert "the argument '--a=\\ud8ff' has characters that the encoding of " in why


def test_other_reasons_are_the_systems_own() -> None:
    error = FileNotFoundError(2, "No such file or directory")
    assert why_not_started(error, ["absent"], {}) == str(error)
