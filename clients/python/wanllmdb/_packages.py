"""Optional packages, imported at their first use."""

from __future__ import annotations

import importlib
from typing import Any

from wanllmdb._errors import UsageError


class MissingPackageError(UsageError, ImportError):
    """A package that an extra of wanllmdb installs is missing."""


def optional_package(name: str, *, purpose: str, extra: str) -> Any:
    """Import and return a module of an optional package.

    Args:
        name: the module, for example "plotly.graph_objects".
        purpose: what needs it, as the beginning of a sentence: "a plot".
        extra: the extra of wanllmdb that installs the package.

    Raises:
        MissingPackageError: the package is not installed, or one that it needs is not.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise MissingPackageError(
            f"{purpose} needs {package}, which can't be imported here ({error}): "
            f"`pip install 'wanllmdb[{extra}]'`"
        ) from error
