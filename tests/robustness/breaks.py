"""Changes to a handmade history, each of which breaks a property."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, Generic, TypeVar

import pytest

MadeT = TypeVar("MadeT")

# Defined in the modules of properties, although it is not one.
_NO_PROPERTIES = frozenset(["REQUEST_LABEL", "SET_METRIC"])


class Breaks(Generic[MadeT]):
    """Collects the changes; `cases` is the argument of parametrize."""

    def __init__(self) -> None:
        self.cases: list[Any] = []

    def __call__(self, prop: str) -> Callable[[Callable[[MadeT], None]], Callable[[MadeT], None]]:
        """Register a change that breaks a property, and perhaps others."""

        def mark(change: Callable[[MadeT], None]) -> Callable[[MadeT], None]:
            self.cases.append(pytest.param(prop, change, id=change.__name__))
            return change

        return mark

    @property
    def properties(self) -> set[str]:
        """Return the properties that some change breaks."""
        return {case.values[0] for case in self.cases}


def properties_of(*modules: ModuleType) -> set[str]:
    """Return the properties that modules of the checker name."""
    return {
        value
        for module in modules
        for name, value in vars(module).items()
        if name.isupper() and type(value) is str and name not in _NO_PROPERTIES
    }
