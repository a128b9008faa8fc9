"""What the modules of a package define."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def found_in(package: ModuleType, kind: type[T]) -> list[T]:
    """Return what the modules of a package have of a type, in the order of modules and lines."""
    modules = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return [
        found
        for module in modules
        for found in vars(importlib.import_module(f"{package.__name__}.{module}")).values()
        if isinstance(found, kind)
    ]
