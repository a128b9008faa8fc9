"""A field of characters with two axes."""

from __future__ import annotations

from dataclasses import dataclass

from wanllmdb._shown import shown
from wanllmdb.cli.console import escape

WIDTH = 64
HEIGHT = 12
EMPTY = " "
# Of a category, beside an axis.
LONGEST_LABEL = 40


@dataclass(frozen=True, slots=True)
class Series:
    """A named line: y by x, both finite, x ascending."""

    name: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]


class Canvas:
    """WIDTH by HEIGHT cells of rich markup over the ranges of x and y."""

    def __init__(
        self, x: tuple[float, float], y: tuple[float, float], height: int = HEIGHT
    ) -> None:
        self.x = x
        self.y = y
        self.cells = [[EMPTY] * WIDTH for _ in range(height)]

    def column(self, value: float) -> int:
        """The column of an x; what lies outside is at the edge."""
        low, high = self.x
        share = (value - low) / (high - low) if high > low else 0.0
        return round(min(max(share, 0.0), 1.0) * (WIDTH - 1))

    def row(self, value: float) -> int:
        """The row of a y, the largest on top; what lies outside is at the edge."""
        low, high = self.y
        share = (value - low) / (high - low) if high > low else 0.5
        last = len(self.cells) - 1
        return last - round(min(max(share, 0.0), 1.0) * last)

    def framed(
        self, *, left: str, right: str, top: str | None = None, bottom: str | None = None
    ) -> str:
        """The cells between axes that are labelled at their ends, as rich markup."""
        top = f"{self.y[1]:.4g}" if top is None else top
        bottom = f"{self.y[0]:.4g}" if bottom is None else bottom
        margin = max(len(top), len(bottom))
        labels = {0: top, len(self.cells) - 1: bottom}
        lines = [
            f"{labels.get(index, ''):>{margin}} │{''.join(cells)}"
            for index, cells in enumerate(self.cells)
        ]
        lines.append(" " * margin + " └" + "─" * WIDTH)
        left, right = shown(left), shown(right)
        ends = left.ljust(WIDTH - len(right)) + right
        lines.append(" " * (margin + 2) + escape(ends))
        return "\n".join(lines)
