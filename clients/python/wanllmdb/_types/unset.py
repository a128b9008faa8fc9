"""Tells "leave it as it is" from None, which stands for "no limit" and the like."""

from __future__ import annotations

from enum import Enum, auto


class Unset(Enum):
    """The type of UNSET."""

    UNSET = auto()


UNSET = Unset.UNSET
"""The default of arguments that change something only when given."""
