"""Parses the JSON texts of many rows, joined to one text, in pieces.

A parser holds the interpreter's lock while it works on a text, and the event loop waits for it. So
a long text is parsed in pieces of less than a millisecond each.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json
from sqlalchemy import ColumnElement, Text, func, literal_column

# The texts have no line break of their own, because `json.dumps` writes one as \n.
_SEPARATOR = ",\n"
_SEPARATOR_LITERAL: ColumnElement[str] = literal_column("E',\\n'", Text)
# Characters of a piece, except one of a single large row.
_PIECE = 64 * 1024


def joined(column: ColumnElement[Any]) -> ColumnElement[str]:
    """Return the aggregate that joins the JSON texts of a column for `parsed`."""
    return func.string_agg(column, _SEPARATOR_LITERAL)


def parsed(texts: str) -> list[Any]:
    """Return the values of the texts that `joined` has joined."""
    values: list[Any] = []
    begin, last = 0, len(texts)
    while begin < last:
        end = texts.find(_SEPARATOR, begin + _PIECE)
        if end < 0:
            end = last
        values += _parsed(f"[{texts[begin:end]}]")
        begin = end + len(_SEPARATOR)
    return values


def _parsed(text: str) -> list[Any]:
    values: list[Any]
    try:
        # Takes a third of the time of the standard library's parser.
        values = from_json(text)
    except ValueError:
        # The standard library also reads halves of surrogate pairs and deeper nesting.
        values = json.loads(text)
    return values
