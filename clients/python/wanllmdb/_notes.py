"""Notes for people, each printed once per process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wanllmdb._agent.console import PrintOnce


def note(text: str) -> None:
    """Print a line on stderr, unless this process has printed it before."""
    _once()(f"wanllmdb: {text}")


@cache
def _once() -> PrintOnce:
    # Imported here because the agent's modules import this one.
    from wanllmdb._agent.console import Console, PrintOnce

    return PrintOnce(lambda text: Console().line(text))
