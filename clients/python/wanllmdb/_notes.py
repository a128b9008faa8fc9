"""Lines for people that a process prints once, outside of any run."""

from __future__ import annotations

from wanllmdb._agent.console import Console
from wanllmdb._agent.warnings import Warnings

_once = Warnings(lambda text: Console().line(text))


def note(text: str) -> None:
    """Prints a line on stderr, unless this process has printed it before."""
    _once(f"wanllmdb: {text}")
