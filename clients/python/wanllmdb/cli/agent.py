"""`wanllmdb agent`."""

from __future__ import annotations

import typer


def run_agent(context: typer.Context) -> None:
    """x"""
