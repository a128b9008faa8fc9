"""docs/cli.md names every command, and every command has a help text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.cli_commands import all_commands
from wanllmdb.cli.app import build_app

PAGE = (Path(__file__).parents[3] / "docs" / "cli.md").read_text()


ALL = list(all_commands())


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
    assert re.search(r"Usage: .*\n\s*\n\s+[A-Z][^.]*\.", shown.stdout), shown.stdout
    # These run programs and servers, and answer nothing.
    if names not in (("agent",), ("run",), ("up",), ("demo",)):
        assert "--json" in shown.stdout
