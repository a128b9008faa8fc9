"""Tables for notebooks. Texts are escaped: users choose names, labels and parameters."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from wanllmdb._shown import in_short, shown

MOST_ROWS = 50
"""The maximum number of rows; a last row counts the others."""


def fields(title: str, rows: Iterable[tuple[str, object]]) -> str:
    """A table with a name and a value in each row; rows without a value are left out."""
    lines = [
        f'<tr><th style="text-align:left">{_cell(name)}</th>'
        f'<td style="text-align:left">{_cell(value)}</td></tr>'
        for name, value in rows
        if value not in (None, "", (), {})
    ]
    return _table(title, lines)


def grid(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table with a header, and at most MOST_ROWS of the rows."""
    lines = [_row("th", header), *(_row("td", row) for row in rows[:MOST_ROWS])]
    if len(rows) > MOST_ROWS:
        more = f"... and {len(rows) - MOST_ROWS:,} more"
        lines.append(f'<tr><td colspan="{len(header)}">{more}</td></tr>')
    return _table(title, lines)


def _table(title: str, lines: Iterable[str]) -> str:
    caption = f'<caption style="text-align:left">{_cell(title)}</caption>'
    return f"<table>{caption}<tbody>{''.join(lines)}</tbody></table>"


def _row(tag: str, values: Iterable[object]) -> str:
    return "<tr>" + "".join(f"<{tag}>{_cell(value)}</{tag}>" for value in values) + "</tr>"


def _cell(value: object) -> str:
    return html.escape(shown(in_short(_text(value))))


def _text(value: object) -> str:
    match value:
        case None:
            return "-"
        case str():
            return str.__str__(value)
        case float():
            return f"{value:.6g}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case Mapping():
            return ", ".join(f"{name}={_text(inner)}" for name, inner in value.items())
        case tuple():
            return ", ".join(map(_text, value))
        case list() | bool():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return str(value)
