"""Shares as horizontal bars."""

from __future__ import annotations

from collections.abc import Mapping

from wanllmdb._shown import shown
from wanllmdb.cli.console import escape

_BLOCKS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


def bars(values: Mapping[str, float], *, width: int = 40, labelled: bool = True) -> str:
    """Horizontal bars for values from 0 to 1, as rich markup, one line each.

    With `labelled` False the names are left out.
    """
    longest = max((len(shown(name)) for name in values), default=0)
    lines = []
    for name, value in values.items():
        eighths = round(min(max(value, 0.0), 1.0) * width * 8)
        bar = "█" * (eighths // 8) + _BLOCKS[eighths % 8]
        label = escape(shown(name).ljust(longest))
        start = f"{label}  " if labelled else ""
        lines.append(f"{start}[cyan]{bar:<{width}}[/] {value:6.1%}")
    return "\n".join(lines)
