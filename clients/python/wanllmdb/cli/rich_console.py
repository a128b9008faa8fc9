"""The console of tables and plots, which escapes what rich prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TextIO

import rich.console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from wanllmdb._shown import fitting, shown_lines


class Console(rich.console.Console):
    """Keeps this program's styles and escapes everything else, including links and controls."""

    def __init__(self, stream: TextIO, *, width: int | None = None) -> None:
        # ":x:" in a name must not become an emoji.
        super().__init__(file=stream, width=width, highlight=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return the text of markup, escaped before its width is measured."""
        return super().render_str(shown_lines(text), **options)

    def _render_buffer(self, buffer: Iterable[Segment]) -> str:
        text = super()._render_buffer(map(_escaped, buffer))
        return fitting(text, self.file)


def _escaped(segment: Segment) -> Segment:
    text, style, control = segment
    if control:
        return segment
    return Segment(shown_lines(text), _without_link(style), control)


def _without_link(style: Style | None) -> Style | None:
    return style.update_link(None) if style is not None and style.link else style
