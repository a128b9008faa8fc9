"""What a program may log and the platform does not keep."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

_DEEPEST = 4
_MOST_LOOKED_AT = 100


class NotSent:
    """The base of images, tables, charts and their like: `log` leaves them out."""


def holds_not_sent(value: Any, depth: int = _DEEPEST) -> bool:
    """Whether the value is one of these, or a list or a dictionary that holds one.

    Of a list's first hundred elements, and four levels deep.
    """
    if isinstance(value, NotSent):
        return True
    if depth == 0:
        return False
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, list | tuple | set | frozenset):
        return False
    return any(holds_not_sent(inner, depth - 1) for inner in islice(value, _MOST_LOOKED_AT))
