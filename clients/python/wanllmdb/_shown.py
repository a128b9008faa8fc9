"""Escape texts that other people chose, so that a terminal can print them safely.

A name can contain characters that a terminal interprets (escape sequences, carriage returns),
that reorder or hide surrounding text (bidirectional controls, invisible characters), or that
disfigure its line (hundreds of combining marks). The functions write such characters as Python
does in a string: `\\x1b`, `\\u202e`, `\\U000e0001`.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from typing import IO

MOST_MARKS = 8
"""The maximum number of combining marks on one character: more than any script needs."""

MOST_SHOWN = 200
"""The maximum number of characters of one value that is shown to people."""

_LINE_ENDS = {ord("\n"), ord("\t")}
# Controls, formats, surrogates, private use, unassigned, and separators of lines.
_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_MARKS = {"Mn", "Me"}
# Invisible letters and marks: joiners, fillers, and the selectors that can carry hidden text.
# The emoji selectors (U+FE0E, U+FE0F) are allowed.
_INVISIBLE = {
    0x034F,
    0x115F,
    0x1160,
    0x17B4,
    0x17B5,
    *range(0x180B, 0x1810),
    0x2800,
    0x3164,
    0xFFA0,
    *range(0xFE00, 0xFE0E),
    *range(0xE0100, 0xE01F0),
}
_SHORT = {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}


class _Escapes(dict[int, int | str]):
    """A table for `str.translate`, filled with one entry for each code point that occurs."""

    def __init__(self, *, keeps_lines: bool, is_json: bool = False) -> None:
        super().__init__({code: code for code in _LINE_ENDS} if keeps_lines else {})
        self._escaped = _in_json if is_json else _in_text

    def __missing__(self, code: int) -> int | str:
        self[code] = self._escaped(code) if _is_hidden(code) else code
        return self[code]


def _is_hidden(code: int) -> bool:
    return unicodedata.category(chr(code)) in _HIDDEN_CATEGORIES or code in _INVISIBLE


def _in_text(code: int) -> str:
    if code in _SHORT:
        return _SHORT[code]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _in_json(code: int) -> str:
    # JSON leaves DEL as it is.
    return "\\u007f" if code == 0x7F else json.dumps(chr(code))[1:-1]


_OF_LINE = _Escapes(keeps_lines=False)
_OF_LINES = _Escapes(keeps_lines=True)
_OF_JSON = _Escapes(keeps_lines=True, is_json=True)


def shown(text: str) -> str:
    """The text on one line: its line ends and tabs are escaped as well."""
    if text.isascii() and text.isprintable():
        return text
    return _without_floods(text.translate(_OF_LINE))


def in_short(text: str, most: int = MOST_SHOWN) -> str:
    """The text, or its beginning and its length if it is too long for people to read."""
    if len(text) <= most:
        return text
    mark = f"... ({len(text):,} characters)"
    return text[: most - len(mark)] + mark


def listed(parts: Sequence[str], separator: str = ", ", most: int = 5 * MOST_SHOWN) -> str:
    """The parts, joined; a long list is cut and ends with the number of further parts."""
    length = 0
    for count, part in enumerate(parts):
        length += len(part) + len(separator)
        if length > most and count:
            return separator.join([*parts[:count], f"... and {len(parts) - count:,} more"])
    return separator.join(parts)


def shown_lines(text: str) -> str:
    """The text with other characters than line ends and tabs escaped where needed."""
    if text.isascii() and text.isprintable():
        return text
    return _without_floods(text.translate(_OF_LINES))


def shown_json(document: str) -> str:
    """The same JSON document, with escapes for characters that would not be visible."""
    return document.translate(_OF_JSON)


def fitting(text: str, stream: IO[str]) -> str:
    """The text with escapes for characters that the stream's encoding lacks."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _without_floods(text: str) -> str:
    """The text with fewer combining marks on characters that have too many."""
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in _MARKS else 0
        if marks <= MOST_MARKS:
            kept.append(character)
        elif marks == MOST_MARKS + 1:
            kept.append("…")
    return "".join(kept)
