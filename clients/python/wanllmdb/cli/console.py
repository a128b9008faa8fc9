"""Where all that the program prints goes through.

Names, labels, errors and the rest come from other people, and from the arguments that were
typed: what a terminal would obey in them is escaped here, on its way out. Nothing else in the
program prints; ruff refuses it.
"""

from __future__ import annotations

import codecs
import json
import os
import re
import sys
from collections.abc import Iterable
from typing import Any, TextIO

import rich.console
import typer
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from wanllmdb._shown import fitting, shown, shown_json, shown_lines

# A pipe has no width; a table cut at 80 columns would lose what is grepped for.
_WIDTH_WITHOUT_TERMINAL = 240
# What rich takes for the beginning of a tag, also where its end comes from another text.
_TAG_STARTS = re.compile(r"\[(?=[a-z#/@]|\Z)")
# Has no effect, and ends what stands before it.
_GUARD = "[none][/none]"


class Console(rich.console.Console):
    """Styles what is ours and escapes the rest: links and controls are never ours."""

    def __init__(self, stream: TextIO, *, width: int | None = None) -> None:
        # An ":x:" in a name is no picture.
        super().__init__(file=stream, width=width, highlight=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """The text of markup, escaped before it is measured and laid out."""
        return super().render_str(shown_lines(text), **options)

    def _render_buffer(self, buffer: Iterable[Segment]) -> str:
        text = super()._render_buffer(map(_escaped, buffer))
        # Rich types its file as any stream of text.
        return fitting(text, self.file)  # type: ignore[arg-type]


def stdout() -> Console:
    """A console for standard output, made when it is used so that it may be redirected."""
    width = None
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        width = _WIDTH_WITHOUT_TERMINAL
    return Console(sys.stdout, width=width)


def stderr() -> Console:
    """A console for standard error."""
    return Console(sys.stderr)


def say(line: str, *, err: bool = False) -> None:
    """Prints one line; line ends and tabs in it are escaped."""
    _write(shown(line) + "\n", sys.stderr if err else sys.stdout)


def say_lines(text: str, *, err: bool = False) -> None:
    """Prints a text of several lines."""
    _write(shown_lines(text) + "\n", sys.stderr if err else sys.stdout)


def say_json(document: str) -> None:
    """Prints a JSON document, which stays the same document in every encoding."""
    text = shown_json(document)
    if fitting(text, sys.stdout) != text:
        text = "".join(c if c.isascii() else json.dumps(c)[1:-1] for c in text)
    _write(text + "\n", sys.stdout)


def put_document(text: str) -> None:
    """Writes a document for programs: into a file or a pipe as it is, in UTF-8."""
    file = sys.stdout.buffer
    sys.stdout.flush()
    file.writelines(for_programs([text.encode()]))
    file.flush()


def for_programs(pieces: Iterable[bytes]) -> Iterable[bytes]:
    """A document in UTF-8 as it is, unless standard output is a terminal, where people read it."""
    if not sys.stdout.isatty():
        return pieces
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    encoding = sys.stdout.encoding
    return (shown_lines(decode(piece)).encode(encoding, "backslashreplace") for piece in pieces)


def confirm(question: str) -> None:
    """Asks; any answer but yes ends the program."""
    typer.confirm(fitting(shown(question), sys.stdout), abort=True)


def escape(value: object) -> str:
    """Markup that shows a value as it is, on one line, whatever stands beside it."""
    return _as_markup(shown(str(value)))


def escape_lines(text: str) -> str:
    """Markup that shows a text as it is, with its lines."""
    return _as_markup(shown_lines(text))


def _as_markup(text: str) -> str:
    if "[" in text:
        # Rich drops a backslash before a bracket.
        text = text.replace("\\[", "\\\\[")
        text = _TAG_STARTS.sub(f"[{_GUARD}", text)
    if text.endswith("\\"):
        # Rich reads one of two before a tag, which may follow.
        ending = len(text) - len(text.rstrip("\\"))
        text += "\\" * ending + _GUARD
    return text


def _escaped(segment: Segment) -> Segment:
    text, style, control = segment
    if control:
        return segment
    return Segment(shown_lines(text), _without_link(style), control)


def _without_link(style: Style | None) -> Style | None:
    return style.update_link(None) if style is not None and style.link else style


def _write(text: str, stream: TextIO) -> None:
    # Its colors are never ours: what looked like one was escaped.
    typer.echo(fitting(text, stream), file=stream, nl=False)
