"""All commands of the `wanllmdb` program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer
import typer.main
from typer.core import TyperGroup

from wanllmdb.cli.app import build_app

Names = tuple[str, ...]


def all_commands() -> dict[Names, Any]:
    """Return every command by its names: those of its groups, then its own."""
    return dict(sorted(_within(typer.main.get_command(build_app()))))


def _within(group: Any, *names: str) -> Iterator[tuple[Names, Any]]:
    if not isinstance(group, TyperGroup):
        yield names, group
        return
    context = typer.Context(group)
    for name in group.list_commands(context):
        _, command, _ = group.resolve_command(context, [name])
        yield from _within(command, *names, name)
