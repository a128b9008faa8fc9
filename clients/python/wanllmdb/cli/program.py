"""The program as a whole: what is refused of its command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from wanllmdb._shown import in_short, shown_lines
from wanllmdb.cli.console import say
from wanllmdb.cli.wandb_words import WORDS

_WRONG_COMMAND_LINE = 2
# It may repeat an argument, or a value of a file.
_LONGEST_REFUSAL = 2_000

_Refusal: type[Exception] = typer.BadParameter.__mro__[2]
"""The base of all that says what is wrong with a command line; typer exports it not."""


class Program(TyperGroup):
    """Escapes what messages repeat of the command line, as all that is printed."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """The context of a command line; see typer."""
        with _escaped_refusals():
            return super().make_context(*args, **extra)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command, and its arguments; one of W&B's program is answered with what to do here."""
        word = args[0]
        if word in WORDS and word not in self.commands:
            say(f"wanllmdb has no `{word}`: {WORDS[word]}", err=True)
            raise typer.Exit(_WRONG_COMMAND_LINE)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Runs the command; see typer."""
        with _escaped_refusals():
            return super().invoke(ctx)


@contextmanager
def _escaped_refusals() -> Iterator[None]:
    try:
        yield
    except _Refusal as refusal:
        short = in_short(refusal.message, _LONGEST_REFUSAL)  # type: ignore[attr-defined]  # seen
        refusal.message = shown_lines(short)  # type: ignore[attr-defined]  # seen
        raise
