"""A run's parameters with attribute access: `config.learning_rate`, `config.optimizer.lr`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wanllmdb._wire.values import nested


class ConfigGroup(dict[str, Any]):
    """A nested group of parameters: a dictionary whose items are attributes too."""

    def __getattr__(self, name: str) -> Any:
        return _attribute(self, name)


class Config(Mapping[str, Any]):
    """The parameters of one run, read by attribute or item.

    Dotted parameter names make nested groups. A program may add keys of its own (see
    `update`), but the sweep's parameters stay as they were handed out: they are what
    the run is judged by.
    """

    def __init__(self, parameters: Mapping[str, Any], warn: Callable[[str], None]) -> None:
        set_own = super().__setattr__
        set_own("_values", {key: _grouped(value) for key, value in nested(parameters).items()})
        set_own("_swept", frozenset(self._values))
        set_own("_warn", warn)

    _values: dict[str, Any]
    _swept: frozenset[str]
    _warn: Callable[[str], None]

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        return _attribute(self, name)

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self._swept:
            self._warn(f"config.{key} stays {self._values[key]!r}: the sweep chose it")
        else:
            self._values[key] = _grouped(value)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def update(self, values: Mapping[str, Any]) -> None:
        """Adds or changes keys of the program's own; those of the sweep stay, with a warning."""
        for key, value in values.items():
            self[key] = value

    def set_defaults(self, values: Mapping[str, Any]) -> None:
        """Adds the keys that are not there."""
        for key, value in values.items():
            if key not in self._values:
                self[key] = value

    def __repr__(self) -> str:
        return f"Config({self._values!r})"


def _grouped(value: Any) -> Any:
    if isinstance(value, Mapping):
        return ConfigGroup({key: _grouped(inner) for key, inner in value.items()})
    return value


def _attribute(config: Mapping[str, Any], name: str) -> Any:
    try:
        return config[name]
    except KeyError:
        known = ", ".join(config) or "nothing"
        raise AttributeError(f"config has no {name!r}; it has {known}") from None
