"""The value of each metric of a run that counts, and `define_metric`, which chooses it."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Self

from wanllmdb._agent.text import shown, text_of
from wanllmdb._errors import InvalidArgumentError

SetWithin = Callable[[tuple[str, ...], Mapping[str, Any]], None]
"""Receives the path of a group, and the values that the program set in it."""


class SummaryGroup(dict[str, Any]):
    """The entries of a summary with a common prefix, by the rest of their names.

    Values that the program sets in the group are set in the run.

    Args:
        path: the names that lead to the group.
        values: the entries of the group.
        set_within: receives values that the program sets.
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
        """Set many values."""
        given = dict(values, **more)
        super().update(given)
        self._set_within(self._path, given)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Return the value of a name; set it first if it is missing."""
        if name not in self:
            self[name] = default
        return self[name]

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy is an independent dictionary.
        return dict, (dict(self),)


_SEPARATOR = "."
_MISSING: Any = object()

Report = Callable[[Mapping[str, Any]], None]


class Summary(MutableMapping[str, Any]):
    """The value of each metric that counts, by name: the last one, or one that is set here.

    Setting a value does not change the history of logged steps. The later of a set value and a
    logged value counts. Values that are not numbers stay in this program.

    Args:
        report: receives values that the program sets; None reports nothing.
        values: the initial values.
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
        # A group: values set as a dictionary, and values of dotted names, which are newer.
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
            # copy, pickle and inspect ask for such names, perhaps before values exist.
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
        """Set many values."""
        given = _copied(dict(values, **more))
        self._values.update(given)
        if self._report is not None:
            self._report(given)

    def _as_dict(self) -> dict[str, Any]:
        """Same as `dict`, under W&B's internal name."""
        return dict(self)

    def _of_groups(self, within: str) -> list[tuple[str, Any]]:
        return [item for item in self._values.items() if item[0].startswith(within)]

    def _within(self, path: tuple[str, ...], values: Mapping[str, Any]) -> None:
        """Store values that the program set in a group."""
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
        """Store logged values."""
        self._values.update(values)

    def __copy__(self) -> Self:
        """Return an independent summary, which reports nothing."""
        return type(self)(None, self._values)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return type(self)(None, copy.deepcopy(self._values, memo))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (None, self._values)

    def __repr__(self) -> str:
        return f"Summary({self._values!r})"


def _copied(values: Mapping[str, Any], made: dict[int, Any] | None = None) -> dict[str, Any]:
    """Return a copy, so that later changes of the program's dictionaries have no effect."""
    made = {} if made is None else made
    # Dictionaries may contain each other, and themselves.
    made[id(values)] = copied = dict[str, Any]()
    for name, value in values.items():
        if type(value) is dict:
            value = made[id(value)] if id(value) in made else _copied(value, made)
        copied[name] = value
    return copied


def _merged(group: Mapping[str, Any], flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return a group with flat values moved into the groups that their dotted names give."""
    merged = dict(group)
    for name, value in flat.items():
        first, dot, rest = name.partition(_SEPARATOR)
        if name in merged or not dot:
            merged[name] = value
        else:
            inner = merged.get(first)
            merged[first] = _merged(inner if isinstance(inner, dict) else {}, {rest: value})
    return merged


_BY_ITSELF = ("min", "max", "mean", "first")
_KNOWN = (*_BY_ITSELF, "best", "last", "copy", "none")


@dataclass(frozen=True, slots=True)
class DefinedMetric:
    """A metric as `define_metric` describes it.

    Attributes:
        name: the metric; a trailing `*` matches all metrics with that prefix.
        step_metric: the metric on the horizontal axis.
        summary: the values that count, separated by commas; empty for the last value.
        goal: the meaning of "best": "minimize" or "maximize".
    """

    name: str
    step_metric: str = ""
    summary: str = ""
    goal: str = ""
    step_sync: bool | None = None
    hidden: bool | None = None

    def describes(self, name: str) -> bool:
        """Return whether the definition applies to the metric of that name."""
        if self.name.endswith("*"):
            return name.startswith(self.name[:-1])
        return name == self.name


def defined(
    name: Any,
    step_metric: Any,
    summary: Any,
    goal: Any,
    *,
    step_sync: bool | None,
    hidden: bool | None,
) -> DefinedMetric:
    """Return the checked arguments of `define_metric`.

    Raises:
        InvalidArgumentError: the name is missing, or the summary or the goal is unknown.
    """
    if not isinstance(name, str) or not name:
        raise InvalidArgumentError(f"define_metric: name must be a text, but is {shown(name)}")
    words = [word.strip().lower() for word in text_of(summary or "").split(",")]
    unknown = [word for word in words if word and word not in _KNOWN]
    if unknown:
        raise InvalidArgumentError(
            f"define_metric: summary must be of {', '.join(_KNOWN)}, but is {shown(summary)}"
        )
    if goal and goal not in ("minimize", "maximize"):
        raise InvalidArgumentError(
            f"define_metric: goal must be 'minimize' or 'maximize', but is {shown(goal)}"
        )
    return DefinedMetric(
        name=name,
        step_metric=text_of(getattr(step_metric, "name", step_metric) or ""),
        summary=",".join(word for word in words if word),
        goal=goal or "",
        step_sync=step_sync,
        hidden=hidden,
    )


class Definitions:
    """The metrics that a program defined, and their aggregated values. Not thread-safe.

    Args:
        goals: "minimize" or "maximize" for each of the sweep's metrics, the meaning of "best".
        decided: metrics for which the sweep decides which value counts.
    """

    def __init__(self, goals: Mapping[str, str], decided: frozenset[str] = frozenset()) -> None:
        self._goals = goals
        self._decided = decided
        self._defined: dict[str, DefinedMetric] = {}
        self._found: dict[str, tuple[tuple[str, str], ...]] = {}
        self._kept: dict[tuple[str, str], _Kept] = {}

    def add(self, metric: DefinedMetric, *, overwrite: bool = True) -> DefinedMetric:
        """Add a definition, which replaces or extends an earlier one with the same name."""
        before = self._defined.get(metric.name)
        if before is not None and not overwrite:
            metric = DefinedMetric(
                name=metric.name,
                step_metric=metric.step_metric or before.step_metric,
                summary=metric.summary or before.summary,
                goal=metric.goal or before.goal,
                step_sync=before.step_sync if metric.step_sync is None else metric.step_sync,
                hidden=before.hidden if metric.hidden is None else metric.hidden,
            )
        self._defined[metric.name] = metric
        self._found.clear()
        return metric

    def step_metric(self, name: str) -> str:
        """Return the metric on the horizontal axis of another one; empty if none is defined."""
        metric = self._definition(name)
        return metric.step_metric if metric is not None else ""

    def observe(self, values: Mapping[str, float], before: Mapping[str, Any]) -> dict[str, float]:
        """Return the values that count of the logged metrics that are defined, by name.

        The result includes `NAME.min` and similar names, as in W&B.

        Args:
            values: the logged values.
            before: the summary so far, including that of an earlier process of the run.
        """
        if not self._defined:
            return {}
        counted: dict[str, float] = {}
        for name, value in values.items():
            rules = self._rules(name)
            for word, how in rules:
                key = (name, word)
                if key not in self._kept:
                    self._kept[key] = _Kept(how, before.get(f"{name}.{word}"))
                counted[f"{name}.{word}"] = now = self._kept[key].take(value)
                if len(rules) == 1 and name not in self._decided:
                    counted[name] = now
        return counted

    def _rules(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return each word of a metric's summary, with the meaning of "best"."""
        if name not in self._found:
            metric = self._definition(name)
            words = metric.summary.split(",") if metric is not None else []
            best = self._goals.get(name, "minimize")
            if metric is not None and metric.goal:
                best = metric.goal
            means = {"best": "max" if best == "maximize" else "min"}
            self._found[name] = tuple(
                (word, means.get(word, word)) for word in words if word in (*_BY_ITSELF, "best")
            )
        return self._found[name]

    def _definition(self, name: str) -> DefinedMetric | None:
        if name in self._defined:
            return self._defined[name]
        fitting = (each for each in self._defined.values() if each.describes(name))
        return max(fitting, key=lambda each: len(each.name), default=None)


class _Kept:
    """The minimum, maximum, mean or first of some values; NaN does not count."""

    def __init__(self, how: str, before: Any) -> None:
        self._how = how
        self._count = 0
        self._value = math.nan
        if how != "mean" and isinstance(before, float):
            # For a mean, the number of earlier values is unknown.
            self._value, self._count = before, 1

    def take(self, value: float) -> float:
        """Return the aggregate including this value."""
        if math.isnan(value):
            return self._value
        self._count += 1
        if self._count == 1 or math.isnan(self._value):
            self._value = value
        elif self._how == "mean":
            self._value += (value - self._value) / self._count
        elif self._how in _PICKS:
            self._value = _PICKS[self._how](self._value, value)
        return self._value


_PICKS: Mapping[str, Callable[[float, float], float]] = {"min": min, "max": max}
