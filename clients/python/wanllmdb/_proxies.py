"""`wanllmdb.config` and `wanllmdb.summary`, which belong to the calling code's current run."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator, MutableMapping
from types import ModuleType
from typing import Any

from wanllmdb._agent.base_run import BaseRun
from wanllmdb._agent.config import Config, Shown
from wanllmdb._agent.current import open_run, required_run
from wanllmdb._agent.summary import Summary
from wanllmdb._notes import note


class _OfCurrentRun(MutableMapping[str, Any]):
    """A mapping of the current run, readable by attribute or item.

    Copies and unpickled objects are independent: changing them does not change a run.
    """

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        object.__setattr__(self, "_what", what)

    _what: str

    def _real(self) -> Any:
        return getattr(required_run(self._what), self._what)

    def _found(self) -> Any:
        """The current run's mapping; None if there is no run."""
        run = open_run()
        return None if run is None else getattr(run, self._what)

    def __getitem__(self, key: str) -> Any:
        return self._real()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._real()[key] = value

    def __delitem__(self, key: str) -> None:
        del self._real()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._real())

    def __len__(self) -> int:
        return len(self._real())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # Asked by copy, pickle and inspect, which take no for an answer.
            raise AttributeError(name)
        return getattr(self._real(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]  # an attribute of object
        """A copy, which `vars` shows."""
        found = self._found()
        return {} if found is None else dict(found)

    def __copy__(self) -> Any:
        found = self._found()
        return type(self)(self._what) if found is None else copy.copy(found)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        found = self._found()
        return type(self)(self._what) if found is None else copy.deepcopy(found, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        found = self._found()
        return (type(self), (self._what,)) if found is None else found.__reduce__()

    def __repr__(self) -> str:
        found = self._found()
        return f"<{self._what} of no run>" if found is None else repr(found)


class CurrentConfig(_OfCurrentRun):
    """The config of the current run, by attribute or item."""

    __slots__ = ()

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]  # an attribute of object
        """A copy of plain dictionaries, which `vars` shows."""
        found: Config | None = self._found()
        return Shown({} if found is None else found.as_dict())

    def update(  # type: ignore[override]  # W&B's signature
        self, values: Any = (), allow_val_change: bool | None = None, **more: Any
    ) -> None:
        """Set keys from a dictionary, pairs, or argparse's result."""
        self._real().update(values, allow_val_change, **more)


class CurrentSummary(_OfCurrentRun):
    """The summary of the current run: one value per metric; setting a value reports it."""

    __slots__ = ()

    def update(self, values: Any = (), /, **more: Any) -> None:
        """Set several values."""
        real: Summary = self._real()
        real.update(values, **more)


config = CurrentConfig("config")
"""The parameters of the current run: `config.learning_rate` or `config["learning_rate"]`."""

summary = CurrentSummary("summary")
"""The summary of the current run, one value per metric: `summary["loss"]`."""


_PACKAGE = __package__
_OURS = (CurrentConfig, CurrentSummary, Config, Summary, BaseRun, type(None))


def put_back() -> None:
    """Restore `run`, `config` and `summary` of the module, as W&B's `init` does.

    Tutorials assign `wandb.config = {...}`, which would hide the sweep's parameters from this run
    and all later ones.
    """
    for module in _modules():
        for name in ("run", "config", "summary"):
            there = vars(module).get(name)
            if isinstance(there, CurrentConfig | CurrentSummary):
                continue
            if vars(module).pop(name, None) is not None and not isinstance(there, _OURS):
                note(
                    f"wandb.{name} was set to a {type(there).__name__}; init() has replaced it by "
                    f"that of the run, so its values are ignored: pass the program's own values "
                    f"to init(config=...), or to wandb.{name}.update(...)"
                )


def _modules() -> list[ModuleType]:
    package = sys.modules[_PACKAGE]
    alias = sys.modules.get("wandb")
    # Otherwise, `wandb` is W&B's own package.
    is_ours = alias is not None and vars(alias).get("wanllmdb") is package
    return [package, alias] if alias is not None and is_ours else [package]
