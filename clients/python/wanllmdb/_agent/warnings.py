"""What people are told once."""

from __future__ import annotations

from collections.abc import Callable


class Warnings:
    """Prints a line unless it was printed before.

    Args:
        say: prints a line for people.
        said: what was said before; shared by those that are to say a thing once together.
    """

    def __init__(self, say: Callable[[str], None], said: set[str] | None = None) -> None:
        self._say = say
        self._said = said if said is not None else set()

    def __call__(self, text: str) -> None:
        """Says it, the first time."""
        if text not in self._said:
            self._said.add(text)
            self._say(text)
