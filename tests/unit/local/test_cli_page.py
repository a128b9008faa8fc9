"""docs/cli.md names every command, and every command has a help text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from wanllmdb.cli.app import build_app

PAGE = (Path(__file__).parents[3] / "docs" / "cli.md").read_text()


def commands(group: Any, *names: str) -> Iterator[tuple[str, ...]]:
    """The names of all commands, with those of their groups."""
    inner = getattr(group, "commands", None)
    if inner is None:
        yield names
    for name, command in (inner or {}).items():
        yield from commands(command, *names, name)


ALL = sorted(commands(typer.main.get_command(build_app())))


def test_there_are_commands() -> None:
    assert ("sweep", "update") in ALL
    assert ("algorithms",) in ALL


@pytest.mark.parametrize("names", ALL, ids=" ".join)
def test_the_page_has_an_example_of_every_command(names: tuple[str, ...]) -> None:
    blocks = re.findall(r"^```(?:sh|text)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert re.search(rf"wanllmdb {' '.join(names)}\b", "\n".join(blocks)), names


@pytest.mark.parametrize("names", ALL, ids=" ".join)
def test_every_command_explains_itself_and_takes_json(names: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(build_app(), [*names, "--help"], env={"COLUMNS": "200"})

    assert shown.exit_code == 0
    # Beside the usage, its text and what each option is for.
    assert re.search(r"Usage: .*\n\s*\n\s+[A-Z].*\.", shown.stdout), shown.stdout
    # These run programs and servers, and answer nothing.
    if names not in (("agent",), ("up",), ("demo",)):
        assert "--json" in shown.stdout
