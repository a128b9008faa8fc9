"""A run's config: its parameters, by attribute or item, and what the program makes of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from wanllmdb._agent.groups import flat, nested
from wanllmdb._errors import InvalidArgumentError

_INT64 = range(-(2**63), 2**63)


class ConfigGroup(dict[str, Any]):
    """A nested group of parameters: a dictionary whose items are attributes too."""

    def __getattr__(self, name: str) -> Any:
        return _attribute(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, _grouped(value))


class Config(MutableMapping[str, Any]):
    """The parameters of one run, and keys of the program's own.

    Groups of parameters are nested: `config.optimizer.lr`. A program may change
    whatever it likes; the sampler goes by the parameters as they were handed out, and
    what differs from them is stored on the run beside them.
    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        set_own = super().__setattr__
        set_own("_parameters", parameters)
        values = nested(parameters, ConfigGroup)
        set_own("_values", ConfigGroup({key: _grouped(value) for key, value in values.items()}))

    _parameters: Mapping[str, Any]
    _values: ConfigGroup

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._values[key] = value

    def __delitem__(self, key: str) -> None:
        del self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        return _attribute(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def update(self, values: Any = (), /, **more: Any) -> None:
        """Sets many keys, from a dictionary, pairs, or argparse's result.

        `allow_val_change` is accepted for scripts written for W&B: here it is always so.
        """
        more.pop("allow_val_change", None)
        super().update(as_mapping(values), **more)

    def setdefaults(self, values: Any) -> None:
        """Sets the keys that are not there, also within groups.

        Raises:
            InvalidArgumentError: it is neither a dictionary nor argparse's result.
        """
        given = as_mapping(values)
        if not isinstance(given, Mapping):
            raise InvalidArgumentError(
                f"config must be a dictionary or argparse's result, but is {values!r}"
            )
        _fill(self._values, given)

    def as_dict(self) -> dict[str, Any]:
        """A copy made of plain dictionaries."""
        return {key: _plain(value) for key, value in self._values.items()}

    def changes(self) -> dict[str, Any]:
        """What differs from the parameters, by full name, in values that JSON knows."""
        handed_out = {name: _text(value) for name, value in self._parameters.items()}
        now = {
            name: recordable(value) for name, value in flat(self._values, self._parameters).items()
        }
        return {name: value for name, value in now.items() if _text(value) != handed_out.get(name)}

    def __repr__(self) -> str:
        return f"Config({self._values!r})"


def as_mapping(values: Any) -> Any:
    """Argparse's result as a dictionary; anything else as it is."""
    if not isinstance(values, Mapping) and hasattr(values, "__dict__"):
        return vars(values)
    return values


def recordable(value: Any) -> Any:
    """A value as JSON knows it; what it does not know as text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, int):
        return int(value) if value in _INT64 else str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, Mapping):
        return {str(key): recordable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [recordable(inner) for inner in value]
    if callable(tolist := getattr(value, "tolist", None)):
        return recordable(tolist())
    return recordable(str(value))


def _text(value: Any) -> str:
    # As text 1, 1.0 and True differ.
    return json.dumps(value, sort_keys=True)


def _fill(group: dict[str, Any], values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if key not in group:
            group[key] = value
        elif isinstance(value, Mapping) and isinstance(group[key], dict):
            _fill(group[key], value)


def _grouped(value: Any) -> Any:
    if isinstance(value, Mapping):
        return ConfigGroup({key: _grouped(inner) for key, inner in value.items()})
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return value


def _attribute(config: Mapping[str, Any], name: str) -> Any:
    try:
        return config[name]
    except KeyError:
        known = ", ".join(config) or "nothing"
        raise AttributeError(f"config has no {name!r}; it has {known}") from None
