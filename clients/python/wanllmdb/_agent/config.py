"""A run's config: its parameters, and the keys that the program sets."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from itertools import islice
from typing import Any, Self

from wanllmdb._agent.config_entries import (
    SEPARATOR,
    Bounds,
    LeftOut,
    as_text,
    flat_entries,
    nested,
    recordable,
)
from wanllmdb._agent.text import shown, text_of
from wanllmdb._errors import InvalidArgumentError
from wanllmdb._files import read_given

_DEEPEST = 50
_MOST_FILE_BYTES = 16 * 1024 * 1024
_MOST_LOOKED_AT = 10_000
"""A dictionary that contains another one many times may have more entries than fit memory."""

_YAML_DUMPERS = ("Dumper", "SafeDumper", "CDumper", "CSafeDumper")

_set = object.__setattr__


class ConfigGroup(dict[str, Any]):
    """A nested group of parameters: a dictionary whose items are also attributes."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # copy, pickle and other tools ask for such names, and accept their absence.
            raise AttributeError(name)
        return _attribute(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, _grouped(value))


class Shown(dict[str, Any]):
    """The result of `vars` on a config: its values, and all values under `_items` as well.

    W&B's object stores its values in `_items`, so programs read it; `_items` is not a key of the
    config.
    """

    def __missing__(self, key: str) -> dict[str, Any]:
        if key != "_items":
            raise KeyError(key)
        return dict(self)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of the key, or all values for `_items`."""
        return dict(self) if key == "_items" and key not in self else super().get(key, default)


class Config(MutableMapping[str, Any]):
    """The parameters of one run, and the program's own keys.

    Groups of parameters are nested: `config.optimizer.lr`. A program may set any key. The
    sampler uses the parameters as they were assigned; differences from them are stored with the
    run. As in W&B, `update` and `setdefaults` do not change values that the sweep chose, since a
    program that puts all of its arguments into the config must still try the chosen values.

    Args:
        parameters: the values that the sweep chose, by full name.
        warn: receives a warning about each parameter that the program tried to change.
    """

    __slots__ = ("_parameters", "_values", "_warn")

    def __init__(
        self, parameters: Mapping[str, Any], warn: Callable[[str], None] | None = None
    ) -> None:
        values = nested(parameters, ConfigGroup)
        _set(self, "_parameters", parameters)
        _set(self, "_values", ConfigGroup({key: _grouped(value) for key, value in values.items()}))
        _set(self, "_warn", warn)
        _register_with_yaml()

    _parameters: Mapping[str, Any]
    _values: ConfigGroup
    _warn: Callable[[str], None] | None

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._values[key] = value

    def __delitem__(self, key: str) -> None:
        del self._values[key]

    def __iter__(self) -> Iterator[str]:
        _register_with_yaml()
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in Config.__slots__:
            # copy, pickle and other tools ask for such names, perhaps before values exist.
            raise AttributeError(name)
        return _attribute(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]

    def update(  # type: ignore[override]  # W&B's signature
        self, values: Any = (), allow_val_change: bool | None = None, **more: Any
    ) -> None:
        """Set many keys from a dictionary, pairs, or argparse's result.

        Keys that the sweep chose keep their values, with a warning if a value differs.
        `allow_val_change` is accepted for scripts written for W&B: the program's own keys can
        always change.
        """
        del allow_val_change
        given = as_mapping(values)
        try:
            changed = dict(given)
        except (TypeError, ValueError):
            raise InvalidArgumentError(_no_config("config.update: the argument", values)) from None
        for key, value in (changed | more).items():
            if not self._is_chosen(key):
                self._values[key] = value
            elif self._warn is not None and not _same(value, self._values.get(key)):
                name = shown(text_of(key))[1:-1]
                self._warn(
                    f"config.update leaves {name:.100} at {shown(self._values.get(key))}, which "
                    f"the sweep chose, instead of {shown(value)}: config[{name!r:.100}] = ... "
                    f"would set it"
                )

    def setdefaults(self, values: Any) -> None:
        """Set the keys that are missing, also within groups.

        Raises:
            InvalidArgumentError: `values` is neither a dictionary nor argparse's result.
        """
        given = as_mapping(values)
        if not isinstance(given, Mapping):
            raise InvalidArgumentError(_no_config("config", values))
        _fill(self._values, given)

    def as_dict(self) -> dict[str, Any]:
        """Return a copy made of plain dictionaries."""
        return {key: _plain(value) for key, value in self._values.items()}

    def persist(self) -> None:
        """Accepted for scripts written for W&B; changes are stored without this call."""

    @property
    def _items(self) -> ConfigGroup:
        """The values themselves, which programs written for W&B read and change."""
        return self._values

    def _as_dict(self) -> dict[str, Any]:
        """Same as `as_dict`, under W&B's internal name."""
        return self.as_dict()

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]  # an attribute of object
        """A copy of the values, for `vars`."""
        return Shown(self.as_dict())

    def __copy__(self) -> Self:
        """Return an independent config with the same values."""
        return type(self)._of(self._parameters, ConfigGroup(self._values))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return type(self)._of(self._parameters, copy.deepcopy(self._values, memo))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self)._of, (dict(self._parameters), self._values)

    @classmethod
    def _of(cls, parameters: Mapping[str, Any], values: ConfigGroup) -> Self:
        made = cls({})
        _set(made, "_parameters", parameters)
        _set(made, "_values", values)
        return made

    def _is_chosen(self, key: Any) -> bool:
        return key in self._values and (
            key in self._parameters
            or any(name.startswith(f"{key}{SEPARATOR}") for name in self._parameters)
        )

    def changes(self, left_out: LeftOut | None = None) -> dict[str, Any]:
        """Return the differences from the parameters, by full name, as JSON values.

        No content raises an exception; `left_out` receives the entries that the registry would
        reject.
        """
        left_out = left_out or _ignore
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
    """Convert an object with names and values to a dictionary; return anything else unchanged.

    Converts results of argparse or absl, dictionary-like config objects of libraries, named
    tuples, objects with attributes, and classes with constants.
    """
    kind = type(values)
    if callable(flag_values := getattr(kind, "flag_values_dict", None)):
        return flag_values(values)
    if isinstance(values, Mapping):
        return values
    if callable(getattr(kind, "keys", None)) and hasattr(kind, "__getitem__"):
        return {key: values[key] for key in values.keys()}  # noqa: SIM118  # perhaps no `__iter__`
    if isinstance(values, tuple) and callable(as_dict := getattr(values, "_asdict", None)):
        return as_dict()
    if isinstance(values, type):
        return {name: value for name, value in vars(values).items() if not name.startswith("__")}
    if hasattr(values, "__dict__"):
        return vars(values)
    if slots := [name for each in kind.__mro__ for name in _slots_of(each)]:
        return {name: getattr(values, name) for name in slots if hasattr(values, name)}
    return values


def _no_config(what: str, values: Any) -> str:
    return f"{what} must be a dictionary or argparse's result, but is {shown(values)}"


def _slots_of(kind: type) -> tuple[str, ...]:
    slots = vars(kind).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _fill(group: dict[str, Any], values: Mapping[str, Any]) -> None:
    pairs = [(group, values)]
    # Dictionaries may contain each other, and themselves.
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
    """Convert dictionaries to groups, with the same references, down to the depth limit."""
    if not isinstance(value, Mapping) or depth >= _DEEPEST:
        return value
    made = {} if made is None else made
    if id(value) not in made:
        group = made[id(value)] = ConfigGroup()
        for key, inner in value.items():
            dict.__setitem__(group, key, _grouped(inner, made, depth + 1))
    return made[id(value)]


def _register_with_yaml() -> None:
    """Make PyYAML, if it is imported, write groups as dictionaries.

    PyYAML looks at the exact class, and `yaml.dump(dict(wandb.config))` is a common way to save
    a config.
    """
    yaml = sys.modules.get("yaml")
    for dumper in filter(None, (getattr(yaml, name, None) for name in _YAML_DUMPERS)):
        dumper.add_representer(ConfigGroup, _as_yaml)


def _as_yaml(dumper: Any, group: ConfigGroup) -> Any:
    return dumper.represent_dict(group)


def _ignore(_name: str, _why: str) -> None:
    """Ignore entries that are left out."""


def _plain(value: Any) -> Any:
    """Return a copy whose dictionaries, also those in lists, are plain ones."""
    return _Plain().of(value)


class _Plain:
    """Copies dictionaries and lists once each: they may contain each other, and themselves."""

    def __init__(self) -> None:
        self._made: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        """Return a copy of a dictionary or a list; any other value itself."""
        if type(value) not in (dict, list, ConfigGroup):
            return value
        if id(value) not in self._made:
            if isinstance(value, list):
                self._made[id(value)] = items = list[Any]()
                items.extend(map(self.of, value))
            else:
                self._made[id(value)] = entries = dict[str, Any]()
                entries.update((key, self.of(inner)) for key, inner in value.items())
        return self._made[id(value)]


def _same(value: Any, other: Any) -> bool:
    try:
        return bool(value == other)
    except Exception:
        # Arrays and a program's own classes may raise when compared.
        return False


def _attribute(config: Mapping[str, Any], name: str) -> Any:
    try:
        return config[name]
    except KeyError:
        known = ", ".join(config) or "nothing"
        raise AttributeError(f"config has no {name!r}; it has {known}") from None


def given_config(
    config: Any, exclude: Sequence[str] | None = None, include: Sequence[str] | None = None
) -> Mapping[str, Any] | None:
    """Return the selected keys of a dictionary, argparse's result, or a file; None for None.

    Raises:
        InvalidArgumentError: `config` is none of these, or the file can't be read or parsed.
    """
    if config is None:
        return None
    given = _read(config) if isinstance(config, str) else as_mapping(config)
    if not isinstance(given, Mapping):
        raise InvalidArgumentError(
            f"config must be a dictionary, argparse's result, or the path of a YAML or JSON file, "
            f"but is {shown(config)}"
        )
    if include is not None:
        return {key: given[key] for key in given if key in include}
    if exclude is not None:
        return {key: given[key] for key in given if key not in exclude}
    return given


def _read(path: str) -> Any:
    try:
        text = read_given(path, _MOST_FILE_BYTES).decode()
    except (OSError, ValueError) as error:
        raise InvalidArgumentError(
            f"config must be a dictionary, argparse's result, or the path of a YAML or JSON file; "
            f"{shown(path)} can't be read: {error}"
        ) from None
    try:
        found = _parsed(path, text)
    except RecursionError:
        raise InvalidArgumentError(f"config: {shown(path)} is nested too deeply") from None
    if not isinstance(found, Mapping):
        return found
    # W&B's own files store each value below a description.
    return {
        key: value["value"] if isinstance(value, Mapping) and "value" in value else value
        for key, value in found.items()
        if key != "wandb_version"
    }


def _parsed(path: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        import yaml
    except ImportError:
        raise InvalidArgumentError(
            f"config: {shown(path)} is not JSON, and reading YAML needs the package PyYAML"
        ) from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidArgumentError(f"config: {shown(path)} is not valid YAML: {error}") from None
