"""Print the public names of a package, given on the command line, as JSON.

Runs under the interpreter that has the package, which may not have the tests' packages: only the
standard library is used.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import sys
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any

MODULES = ("data_types", "errors", "plot", "util")
"""Modules whose functions and classes count too."""

ELSEWHERE = {
    "Summary": "sdk",
    **{
        f"apis.public.{name}": "apis.public"
        for name in ("Api", "Project", "Projects", "Run", "Runs", "Sweep", "Sweeps")
    },
}
"""Classes of what programs hold that have no name in the package, by the module they are in."""

Shape = list[tuple[str, str, bool]]
"""A signature: each parameter's name, kind, and whether it may be left out."""


def shape(value: Any) -> Shape | None:
    """Return the signature of a callable, or None if Python knows none."""
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return None
    star = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        (each.name, each.kind.name, each.default is not each.empty or each.kind in star)
        for each in parameters
    ]


def unbound(value: Any) -> Shape | None:
    """Return the signature of a method, or of a function that replaces one, without `self`."""
    found = shape(value)
    return found[1:] if found and found[0][0] in ("self", "cls") else found


def names(package: str) -> Iterator[tuple[str, Shape | None]]:
    """Return each public name by its path below the package, with its signature."""
    top = import_module(package)
    for name in _public(top):
        value = getattr(top, name)
        # A lazy loader imports its framework on any access.
        if type(value).__name__ in ("LazyLoader", "LazyModule") or inspect.ismodule(value):
            yield name, None
        else:
            yield from _of(name, value)
    for path, module_name in ELSEWHERE.items():
        module = import_module(f"{package}.{module_name}")
        yield from _of(path, getattr(module, path.rpartition(".")[2]))
    for module_name in MODULES:
        module = import_module(f"{package}.{module_name}")
        for name in _public(module):
            value = getattr(module, name)
            if getattr(value, "__module__", "").partition(".")[0] == package:
                yield from _of(f"{module_name}.{name}", value)


def _of(path: str, value: Any) -> Iterator[tuple[str, Shape | None]]:
    yield path, unbound(value) if callable(value) else None
    if not inspect.isclass(value) or issubclass(value, BaseException):
        return
    for name in _public(value):
        member = inspect.getattr_static(value, name)
        if isinstance(member, property) or not callable(getattr(value, name)):
            yield f"{path}.{name}", None
        elif isinstance(member, staticmethod):
            yield f"{path}.{name}", shape(member.__func__)
        elif isinstance(member, classmethod):
            yield f"{path}.{name}", shape(getattr(value, name))
        else:
            yield f"{path}.{name}", unbound(member)


def _public(value: Any) -> list[str]:
    # A lazily loaded name is only listed in `__all__`.
    listed = {*dir(value), *getattr(value, "__all__", ())}
    return sorted(name for name in listed if not name.startswith("_"))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(sys.stderr):
        found = dict(names(sys.argv[1]))
    json.dump(found, sys.stdout)
