"""The last value of each metric of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any


class Summary(MutableMapping[str, Any]):
    """The last value of each metric, by name; setting one reports it.

    What is no number stays in this program.
    """

    def __init__(self, report: Callable[[Mapping[str, Any]], None]) -> None:
        set_own = super().__setattr__
        set_own("_report", report)
        set_own("_values", {})

    _report: Callable[[Mapping[str, Any]], None]
    _values: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._values[name] = value
        self._report({name: value})

    def __delitem__(self, name: str) -> None:
        del self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"summary has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def take(self, values: Mapping[str, float]) -> None:
        """Notes values that were logged."""
        self._values.update(values)

    def __repr__(self) -> str:
        return f"Summary({self._values!r})"
