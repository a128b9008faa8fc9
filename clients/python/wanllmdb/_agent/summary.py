"""The value of each metric of a run that counts."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, Self

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
        return self._values[name]

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
            return self._values[name]
        except KeyError:
            raise AttributeError(f"summary has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]

    def update(self, values: Any = (), /, **more: Any) -> None:
        """Sets many values."""
        given = dict(values, **more)
        self._values.update(given)
        if self._report is not None:
            self._report(given)

    def _as_dict(self) -> dict[str, Any]:
        """A copy, by W&B's inner name for it."""
        return dict(self._values)

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
