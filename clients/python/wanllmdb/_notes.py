"""Notes for people, each printed once per process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wanllmdb._agent.warnings import Warnings


def note(text: str) -> None:
    """Print a line on stderr, unless this process has printed it before."""
    _once()(f"wanllmdb: {text}")


@cache
def _once() -> Warnings:
    # Imported here because the agent's modules import this one.
    from wanllmdb._agent.console import Console
    from wanllmdb._agent.warnings import Warnings

    return Warnings(lambda text: Console().line(text))
