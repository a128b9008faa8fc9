"""Lines for people that a process prints once, outside of any run."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wanllmdb._agent.console import Warnings


def note(text: str) -> None:
    """Prints a line on stderr, unless this process has printed it before."""
    _once()(f"wanllmdb: {text}")


@cache
def _once() -> Warnings:
    # At its first use: the agent's modules print notes too, and load this one.
    from wanllmdb._agent.console import Console, Warnings

    return Warnings(lambda text: Console().line(text))
