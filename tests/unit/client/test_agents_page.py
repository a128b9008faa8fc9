"""docs/agents.md names every macro and every environment variable."""

from __future__ import annotations

import re
from pathlib import Path

from wanllmdb import _env
from wanllmdb.cli import macros

PAGE = (Path(__file__).parents[3] / "docs" / "agents.md").read_text()


def test_every_macro_is_in_the_table() -> None:
    rows = re.findall(r"^\| `\$\{([\w:]+)\}` \|", PAGE, re.MULTILINE)

    assert set(rows) == {*macros.NAMES, "envvar:NAME"}


def test_every_variable_is_named() -> None:
    variables = {
        value
        for name, value in vars(_env).items()
        if name.isupper() and str(value).startswith("WANLLMDB_")
    }

    assert set(re.findall(r"`(WANLLMDB_\w+)`", PAGE)) == variables
