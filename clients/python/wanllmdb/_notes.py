"""Lines for people that a process prints once, outside of any run."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wanllmdb._agent.console import PrintOnce


def note(text: str) -> None:
    """Prints a line on stderr, unless this process has printed it before."""
    _once()(f"wanllmdb: {text}")


@cache
def _once() -> PrintOnce:
    # At its first use: the agent's modules print notes too, and load this one.
    from wanllmdb._agent.console import Console, PrintOnce

    return PrintOnce(lambda text: Console().line(text))
