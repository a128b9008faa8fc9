"""The name `wandb` for wanllmdb, where `wanllmdb run` or `--as-wandb` put this folder first.

Its functions, its classes and its run are those of wanllmdb. So are its submodules:
`wandb.sdk.wandb_run` is `wanllmdb.sdk.wandb_run`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

try:
    import wanllmdb
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        f"`wandb` stands for wanllmdb here, and {sys.executable} has no {_missing.name}: install "
        f"wanllmdb there, or remove the folder of {__file__} from PYTHONPATH"
    ) from _missing

__all__ = dir(wanllmdb)
# The version of W&B whose names wanllmdb offers: frameworks check that it is new enough. The
# metadata of the distribution beside this package states the same version.
__version__ = "0.31.0"

_MOVED = {"wandb_run": "sdk.wandb_run"}


class _Submodules(MetaPathFinder, Loader):
    """Finds `wandb.x.y` as `wanllmdb.x.y`: the same module, not a second copy."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a spec for modules that wanllmdb has; None for others."""
        del path, target
        real = _real_name(fullname)
        if real is None or find_spec(real) is None:
            return None
        return ModuleSpec(fullname, self)

    def exec_module(self, module: ModuleType) -> None:
        """Replace the new, empty module with wanllmdb's module."""
        real = _real_name(module.__name__)
        assert real is not None
        sys.modules[module.__name__] = import_module(real)


def _real_name(name: str) -> str | None:
    package, _, rest = name.partition(".")
    if package != "wandb" or not rest or rest.startswith("_") or "._" in rest:
        return None
    return f"wanllmdb.{_MOVED.get(rest, rest)}"


sys.meta_path.insert(0, _Submodules())


def __getattr__(name: str) -> Any:
    try:
        return getattr(wanllmdb, name)
    except AttributeError:
        if name.startswith("_") or find_spec(f"wandb.{name}") is None:
            raise
    return import_module(f"wandb.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(wanllmdb)})
