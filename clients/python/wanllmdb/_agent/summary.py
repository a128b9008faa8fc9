"""The value of each metric of a run that counts."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, Self

from wanllmdb._agent.summary_group import SummaryGroup

_SEPARATOR = "."
_MISSING: Any = object()

Report = Callable[[Mapping[str, Any]], None]


class Summary(MutableMapping[str, Any]):
    """The last value of each metric, by name; setting one says that this value counts.

    That is no entry of the history: the steps that were logged stay as they are. Of a value that
    was set and one that was logged the later one counts. What is no number stays in this program.

    Args:
        report: gets what the program sets; nothing is reported where None.
        values: what it holds at first.
    """

    __slots__ = ("_report", "_values")

    def __init__(
        self, report: Report | None = None, values: Mapping[str, Any] | None = None
    ) -> None:
        object.__setattr__(self, "_report", report)
        object.__setattr__(self, "_values", dict(values or {}))

    _report: Report | None
    _values: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        value = self._values.get(name, _MISSING)
        if value is not _MISSING and not isinstance(value, dict):
            return value
        # A group: what was set as a dictionary, and values of dotted names, which are newer.
        within = f"{name}{_SEPARATOR}"
        flat = {key.removeprefix(within): of for key, of in self._of_groups(within)}
        if value is _MISSING and not flat:
            raise KeyError(name)
        return SummaryGroup(
            (name,), _merged({} if value is _MISSING else value, flat), self._within
        )

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __delitem__(self, name: str) -> None:
        del self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in Summary.__slots__:
            # Asked by copy, pickle and inspect, perhaps before there are any values.
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"summary has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]

    def update(self, values: Any = (), /, **more: Any) -> None:
        """Sets many values."""
        given = _copied(dict(values, **more))
        self._values.update(given)
        if self._report is not None:
            self._report(given)

    def _as_dict(self) -> dict[str, Any]:
        """The same as `dict`, by a name that programs know of W&B."""
        return dict(self)

    def _of_groups(self, within: str) -> list[tuple[str, Any]]:
        return [item for item in self._values.items() if item[0].startswith(within)]

    def _within(self, path: tuple[str, ...], values: Mapping[str, Any]) -> None:
        """Takes what the program set in a group."""
        group = self._values
        for name in path:
            if not isinstance(group.get(name), dict):
                group[name] = {}
            group = group[name]
        given = _copied(values)
        group.update(given)
        if self._report is not None:
            for name in reversed(path):
                given = {name: given}
            self._report(given)

    def take(self, values: Mapping[str, float]) -> None:
        """Notes values that were logged."""
        self._values.update(values)

    def __copy__(self) -> Self:
        """A summary of its own, which reports nothing."""
        return type(self)(None, self._values)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return type(self)(None, copy.deepcopy(self._values, memo))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (None, self._values)

    def __repr__(self) -> str:
        return f"Summary({self._values!r})"


def _copied(values: Mapping[str, Any], made: dict[int, Any] | None = None) -> dict[str, Any]:
    """A copy: what the program adds to its own dictionaries later was never set."""
    made = {} if made is None else made
    # Dictionaries may hold each other, and themselves.
    made[id(values)] = copied = dict[str, Any]()
    for name, value in values.items():
        if type(value) is dict:
            value = made[id(value)] if id(value) in made else _copied(value, made)
        copied[name] = value
    return copied


def _merged(group: Mapping[str, Any], flat: Mapping[str, Any]) -> dict[str, Any]:
    """A group with values by dotted names, each in the group that it belongs to."""
    merged = dict(group)
    for name, value in flat.items():
        first, dot, rest = name.partition(_SEPARATOR)
        if name in merged or not dot:
            merged[name] = value
        else:
            inner = merged.get(first)
            merged[first] = _merged(inner if isinstance(inner, dict) else {}, {rest: value})
    return merged
