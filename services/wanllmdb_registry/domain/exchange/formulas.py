"""Cells that a spreadsheet would take for formulas: quoted on the way out, unquoted on the way in.

A formula in a name, a label or a text that another person wrote would be carried out by
the one who opens the file. An apostrophe in front makes it a text.
"""

from __future__ import annotations

import re

# What formulas begin with, also in spreadsheets that take wide characters for narrow ones,
# and behind spaces, which some programs cut off. Apostrophes may stand in front already.
_FORMULA = re.compile("'* *[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_QUOTE = "'"


def quoted(cell: str) -> str:
    """The cell as a text for every spreadsheet; numbers stay numbers."""
    if _FORMULA.match(cell) is None or _is_number(cell):
        return cell
    return _QUOTE + cell


def unquoted(cell: str) -> str:
    """What was quoted; any other cell as it is."""
    if cell.startswith(_QUOTE) and _FORMULA.match(cell) is not None:
        return cell[1:]
    return cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
