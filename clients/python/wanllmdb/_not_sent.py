"""What a program may log and the platform does not keep."""

from __future__ import annotations

from itertools import islice
from typing import Any

_MOST_LOOKED_AT = 100


class NotSent:
    """The base of images, tables, charts and their like: `log` leaves them out."""


def holds_not_sent(value: Any) -> bool:
    """Whether the value is one of these, or holds one: in lists and dictionaries, at any depth.

    Looks at a hundred values at most: it is asked within `log`.
    """
    waiting = [value]
    for _ in range(_MOST_LOOKED_AT):
        if not waiting:
            break
        each = waiting.pop()
        try:
            if isinstance(each, NotSent):
                return True
            if isinstance(each, dict):
                each = each.values()
            elif not isinstance(each, list | tuple | set | frozenset):
                continue
            waiting.extend(islice(each, _MOST_LOOKED_AT))
        except Exception:
            # A class may raise whatever it likes where it is asked what it is.
            continue
    return False
