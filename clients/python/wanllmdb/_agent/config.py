"""A run's config: its parameters, by attribute or item, and what the program makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from itertools import islice
from typing import Any

from wanllmdb._agent.groups import nested
from wanllmdb._agent.recorded import Bounds, LeftOut, as_text, flat_entries, recordable
from wanllmdb._agent.text import shown
from wanllmdb._errors import InvalidArgumentError

_DEEPEST = 50
_MOST_LOOKED_AT = 10_000
"""A dictionary that holds another one many times has more entries than memory."""


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
                f"config must be a dictionary or argparse's result, but is {shown(values)}"
            )
        _fill(self._values, given)

    def as_dict(self) -> dict[str, Any]:
        """A copy made of plain dictionaries."""
        return {key: _plain(value) for key, value in self._values.items()}

    def changes(self, left_out: LeftOut | None = None) -> dict[str, Any]:
        """What differs from the parameters, by full name, in values that JSON knows.

        Whatever a program set, this does not fail: `left_out` hears of what the registry would
        not take.
        """
        left_out = left_out or _unheard
        handed_out = {name: as_text(value) for name, value in self._parameters.items()}
        bounds, changes = Bounds(left_out), dict[str, Any]()
        entries = flat_entries(self._values, self._parameters, left_out)
        for name, value in islice(entries, _MOST_LOOKED_AT):
            now = recordable(value)
            text = as_text(now)
            if text != handed_out.get(name) and bounds.takes(name, text):
                changes[name] = now
        return changes

    def __repr__(self) -> str:
        return f"Config({self._values!r})"


def as_mapping(values: Any) -> Any:
    """Argparse's result as a dictionary; anything else as it is."""
    if not isinstance(values, Mapping) and hasattr(values, "__dict__"):
        return vars(values)
    return values


def _fill(group: dict[str, Any], values: Mapping[str, Any]) -> None:
    pairs = [(group, values)]
    # Dictionaries may hold each other, and themselves.
    seen: set[tuple[int, int]] = set()
    while pairs:
        group, values = pairs.pop()
        if (id(group), id(values)) in seen:
            continue
        seen.add((id(group), id(values)))
        for key, value in values.items():
            if key not in group:
                group[key] = value
            elif isinstance(value, Mapping) and isinstance(group[key], dict):
                pairs.append((group[key], value))


def _grouped(value: Any, made: dict[int, Any] | None = None, depth: int = 0) -> Any:
    """Groups in the place of dictionaries, as they refer to each other; none within the deepest."""
    if not isinstance(value, Mapping) or depth >= _DEEPEST:
        return value
    made = {} if made is None else made
    if id(value) not in made:
        group = made[id(value)] = ConfigGroup()
        for key, inner in value.items():
            dict.__setitem__(group, key, _grouped(inner, made, depth + 1))
    return made[id(value)]


def _unheard(_name: str, _why: str) -> None:
    """Ignores what is left out; no caller asked for it."""


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
