"""All commands of the `wanllmdb` program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main

from wanllmdb.cli.app import build_app

Names = tuple[str, ...]


def all_commands() -> dict[Names, Any]:
    """Return every command by its names: those of its groups, then its own."""
    return dict(sorted(_within(typer.main.get_command(build_app()))))


def _within(group: Any, *names: str) -> Iterator[tuple[Names, Any]]:
    inner = getattr(group, "commands", None)
    if inner is None:
        yield names, group
    for name, command in (inner or {}).items():
        yield from _within(command, *names, name)
