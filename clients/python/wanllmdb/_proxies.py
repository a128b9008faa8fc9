"""`wanllmdb.config` and `wanllmdb.summary`: those of whatever run the calling code works on."""

from __future__ import annotations

import copy
from collections.abc import Iterator, MutableMapping
from typing import Any

from wanllmdb._agent.config import Config, Shown
from wanllmdb._agent.current import open_run, required_run
from wanllmdb._agent.summary import Summary


class _OfCurrentRun(MutableMapping[str, Any]):
    """A mapping of the run that the calling code works on, by attribute or item.

    Copies, and what is unpickled, are of their own: nothing that is done with them reaches a run.
    """

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        object.__setattr__(self, "_what", what)

    _what: str

    def _real(self) -> Any:
        return getattr(required_run(self._what), self._what)

    def _found(self) -> Any:
        """The run's; None where there is no run."""
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
        """What `vars` is to show: a copy."""
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
    """The config of the run that the calling code works on, by attribute or item."""

    __slots__ = ()

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]  # an attribute of object
        """What `vars` is to show: a copy made of plain dictionaries."""
        found: Config | None = self._found()
        return Shown({} if found is None else found.as_dict())

    def update(  # type: ignore[override]  # W&B's signature
        self, values: Any = (), allow_val_change: bool | None = None, **more: Any
    ) -> None:
        """Sets many keys, from a dictionary, pairs, or argparse's result."""
        self._real().update(values, allow_val_change, **more)


class CurrentSummary(_OfCurrentRun):
    """The value of each metric of the current run that counts; setting one reports it."""

    __slots__ = ()

    def update(self, values: Any = (), /, **more: Any) -> None:
        """Sets many values."""
        real: Summary = self._real()
        real.update(values, **more)


config = CurrentConfig("config")
"""The parameters of the current run: `config.learning_rate` or `config["learning_rate"]`."""

summary = CurrentSummary("summary")
"""The value of each metric of the current run that counts: `summary["loss"]`."""
