"""All output of the program.

Names, labels and errors come from other users and from typed arguments, so terminal control
characters in them are escaped here. No other module prints; ruff enforces that.
"""

from __future__ import annotations

import codecs
import json
import os
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

import typer

from wanllmdb._shown import fitting, shown, shown_json, shown_lines

if TYPE_CHECKING:
    from wanllmdb.cli.rich_console import Console

# A pipe has no width; a table cut at 80 columns would lose what is grepped for.
_WIDTH_WITHOUT_TERMINAL = 240
# The start of a tag for rich, even if the end of the tag comes from another text.
_TAG_STARTS = re.compile(r"\[(?=[a-z#/@]|\Z)")
# A tag without effect that ends a partial tag before it.
_GUARD = "[none][/none]"


def stdout() -> Console:
    """Return a console for standard output, created per use since stdout may be redirected."""
    width = None
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        width = _WIDTH_WITHOUT_TERMINAL
    # Imported here because most commands that print lines only do not need rich.
    from wanllmdb.cli.rich_console import Console

    return Console(sys.stdout, width=width)


def stderr() -> Console:
    """Return a console for standard error."""
    from wanllmdb.cli.rich_console import Console

    return Console(sys.stderr)


def say(line: str, *, err: bool = False) -> None:
    """Print one line; line ends and tabs in the text are escaped."""
    _write(shown(line) + "\n", sys.stderr if err else sys.stdout)


def say_lines(text: str, *, err: bool = False) -> None:
    """Print a text of several lines."""
    _write(shown_lines(text) + "\n", sys.stderr if err else sys.stdout)


def say_json(document: str) -> None:
    """Print a JSON document that has the same meaning in every encoding."""
    text = shown_json(document)
    if fitting(text, sys.stdout) != text:
        text = "".join(c if c.isascii() else json.dumps(c)[1:-1] for c in text)
    _write(text + "\n", sys.stdout)


def put_document(text: str) -> None:
    """Write a document for programs, unchanged in UTF-8 to a file or a pipe."""
    file = sys.stdout.buffer
    sys.stdout.flush()
    file.writelines(for_programs([text.encode()]))
    file.flush()


def for_programs(pieces: Iterable[bytes]) -> Iterable[bytes]:
    """Return a document unchanged, or escaped if standard output is a terminal."""
    if not sys.stdout.isatty():
        return pieces
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    encoding = sys.stdout.encoding
    return (shown_lines(decode(piece)).encode(encoding, "backslashreplace") for piece in pieces)


def confirm(question: str) -> None:
    """Ask for confirmation; any answer but yes ends the program."""
    typer.confirm(fitting(shown(question), sys.stdout), abort=True)


def escape(value: object) -> str:
    """Return markup that shows a value literally on one line, next to any other markup."""
    return _as_markup(shown(str(value)))


def escape_lines(text: str) -> str:
    """Return markup that shows a text literally, with its lines."""
    return _as_markup(shown_lines(text))


def _as_markup(text: str) -> str:
    if "[" in text:
        # Rich drops a backslash before a bracket.
        text = text.replace("\\[", "\\\\[")
        text = _TAG_STARTS.sub(f"[{_GUARD}", text)
    if text.endswith("\\"):
        # Before a tag, which may follow, rich reads two backslashes as one.
        ending = len(text) - len(text.rstrip("\\"))
        text += "\\" * ending + _GUARD
    return text


def _write(text: str, stream: TextIO) -> None:
    # The text contains no styles: anything that looked like one was escaped.
    typer.echo(fitting(text, stream), file=stream, nl=False)
