"""The help of groups of commands."""

from __future__ import annotations

from typing import Any, Final

from typer.core import TyperGroup

MARKUP: Final = None
"""Plain help and errors: with markup, typer loads rich's Markdown, a parser and a highlighter for
it, which takes more than half of the time of `wanllmdb --help`."""

MOST_COLUMNS: Final = 120
"""The width of help on a terminal that is wider; longer lines are hard to read."""

_WITHOUT_PANEL = "Commands"


class Group(TyperGroup):
    """A group whose help has each command's first paragraph in full, under its panel's name."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands by panel; see typer."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command: Any = self.get_command(ctx, name)
            panel = command.rich_help_panel or _WITHOUT_PANEL
            first_paragraph = (command.help or "").partition("\n\n")[0]
            panels.setdefault(panel, []).append((name, " ".join(first_paragraph.split())))
        for panel, rows in panels.items():
            with formatter.section(panel):
                formatter.write_dl(rows)
