"""A property that a history breaks, with the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation.

    Attributes:
        prop: The property, in some words.
        text: What is wrong.
        evidence: Calls, runs and the like that show it.
    """

    prop: str
    text: str
    evidence: Sequence[Any] = field(default=())

    def lines(self) -> list[str]:
        """Return a description for people."""
        shown = [
            f"  {' '.join(str(one).split()) if _is_message(one) else one}" for one in self.evidence
        ]
        return [f"{self.prop}: {self.text}", *shown]


def _is_message(one: Any) -> bool:
    return hasattr(one, "DESCRIPTOR")
