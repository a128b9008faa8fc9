"""The program as a whole: what is refused of its command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from wanllmdb._shown import shown_lines

_Refusal: type[Exception] = typer.BadParameter.__mro__[2]
"""The base of all that says what is wrong with a command line; typer exports it not."""


class Program(TyperGroup):
    """Escapes what messages repeat of the command line, as all that is printed."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """The context of a command line; see typer."""
        with _escaped_refusals():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Runs the command; see typer."""
        with _escaped_refusals():
            return super().invoke(ctx)


@contextmanager
def _escaped_refusals() -> Iterator[None]:
    try:
        yield
    except _Refusal as refusal:
        refusal.message = shown_lines(refusal.message)  # type: ignore[attr-defined]  # seen
        raise
