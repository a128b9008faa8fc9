"""A dictionary within a summary: what is set in it is set in the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

SetWithin = Callable[[tuple[str, ...], Mapping[str, Any]], None]
"""Gets the names that lead to a group, and what the program set in it."""


class SummaryGroup(dict[str, Any]):
    """The entries of a summary whose names begin alike, by the rest of their names.

    Args:
        path: the names that lead to it.
        values: what it holds.
        set_within: gets what the program sets.
    """

    __slots__ = ("_path", "_set_within")

    def __init__(
        self, path: tuple[str, ...], values: Mapping[str, Any], set_within: SetWithin
    ) -> None:
        super().__init__(values)
        object.__setattr__(self, "_path", path)
        object.__setattr__(self, "_set_within", set_within)

    _path: tuple[str, ...]
    _set_within: SetWithin

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if not isinstance(value, dict):
            return value
        return SummaryGroup((*self._path, name), value, self._set_within)

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self:
            raise AttributeError(f"summary has no {'.'.join((*self._path, name))!r}")
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def update(self, values: Any = (), /, **more: Any) -> None:
        """Sets many values."""
        given = dict(values, **more)
        super().update(given)
        self._set_within(self._path, given)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """The value of a name, which is set where there is none."""
        if name not in self:
            self[name] = default
        return self[name]

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy is a dictionary of its own.
        return dict, (dict(self),)
