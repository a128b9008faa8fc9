"""Finds the Python packages that come with an installation, in the environment of `make check`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import Distribution, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# What users install. torch, of the extra `gp`, and the frameworks are left to them.
EXTRAS = ("optuna", "otel", "parquet", "server")


def installed_with(package: str, extras: tuple[str, ...]) -> dict[str, Distribution]:
    """Return the package and all that it requires, by name, as they are in this environment.

    Raises:
        PackageNotFoundError: One of them is not installed.
    """
    found: dict[str, Distribution] = {}
    seen = set[tuple[str, str]]()
    waiting = [(package, extra) for extra in ("", *extras)]
    while waiting:
        step = waiting.pop()
        if step in seen:
            continue
        seen.add(step)
        name, extra = step
        found[canonicalize_name(name)] = distribution(name)
        waiting += _required(found[canonicalize_name(name)], extra)
    return dict(sorted(found.items()))


def _required(package: Distribution, extra: str) -> Iterator[tuple[str, str]]:
    for text in package.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            for wanted in ("", *requirement.extras):
                yield str(canonicalize_name(requirement.name)), wanted
