"""Loads public names at their first use, from the modules that `__init__.pyi` gives for them."""

from __future__ import annotations

import ast
import pkgutil
from importlib import import_module
from typing import Any


def _stated() -> tuple[dict[str, str], frozenset[str]]:
    """Read the stub: the defining module of each name, and the names that are modules."""
    stub = pkgutil.get_data("wanllmdb", "__init__.pyi")
    if stub is None:
        raise ImportError("wanllmdb/__init__.pyi is missing: install the package again")
    modules: dict[str, str] = {}
    submodules: set[str] = set()
    for statement in ast.parse(stub).body:
        if isinstance(statement, ast.ImportFrom):
            names = [alias.name for alias in statement.names]
            if statement.module == "wanllmdb":
                submodules.update(names)
            else:
                modules.update(dict.fromkeys(names, statement.module or ""))
    return modules, frozenset(submodules)


MODULES, _SUBMODULES = _stated()

FRAMEWORKS = frozenset({"keras", "lightgbm", "sklearn", "xgboost"})
"""Modules that import a training framework; `dir()` and `import *` omit them."""

PUBLIC = sorted({*MODULES, *_SUBMODULES - FRAMEWORKS, "run"})
"""Every name, for `dir()` and `from wanllmdb import *`."""


def load(name: str, into: dict[str, Any]) -> Any:
    """The value of a public name, which is stored in `into` unless it can change.

    Raises:
        AttributeError: there is no such name; the message suggests others.
    """
    if name == "run":
        # The current run changes.
        return import_module("wanllmdb._facade").run_here()
    if name == "__all__":
        return PUBLIC
    if name in _SUBMODULES:
        return import_module(f"wanllmdb.{name}")
    if name not in MODULES:
        raise AttributeError(_missing(name))
    into[name] = value = getattr(import_module(MODULES[name]), name)
    return value


def _missing(name: str) -> str:
    if name.startswith("_"):
        return f"module 'wanllmdb' has no attribute {name!r}"
    from wanllmdb._wandb.names import NAMES, missing

    return missing(name, PUBLIC, "wanllmdb", NAMES)
