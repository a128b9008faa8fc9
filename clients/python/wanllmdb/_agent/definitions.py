"""What a program says of its metrics by `define_metric`: which of their values count."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wanllmdb._agent.text import shown, text_of
from wanllmdb._errors import InvalidArgumentError

_BY_ITSELF = ("min", "max", "mean", "first")
_KNOWN = (*_BY_ITSELF, "best", "last", "copy", "none")


@dataclass(frozen=True, slots=True)
class DefinedMetric:
    """A metric as `define_metric` describes it.

    Attributes:
        name: the metric; with `*` at its end all whose names begin so.
        step_metric: the metric that it is drawn over.
        summary: which of its values count, as words with commas between; empty for the last.
        goal: what "best" is: "minimize" or "maximize".
    """

    name: str
    step_metric: str = ""
    summary: str = ""
    goal: str = ""
    step_sync: bool | None = None
    hidden: bool | None = None

    def describes(self, name: str) -> bool:
        """Whether it is about the metric of that name."""
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
    """What was given to `define_metric`, checked.

    Raises:
        InvalidArgumentError: there is no name, or W&B has no such summary or goal either.
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
    """The metrics that a program defined, and what their values come to. Not thread-safe.

    Args:
        goals: of the sweep's metrics, "minimize" or "maximize": what "best" means.
        decided: metrics of which the sweep says itself which value counts.
    """

    def __init__(self, goals: Mapping[str, str], decided: frozenset[str] = frozenset()) -> None:
        self._goals = goals
        self._decided = decided
        self._defined: dict[str, DefinedMetric] = {}
        self._found: dict[str, tuple[tuple[str, str], ...]] = {}
        self._kept: dict[tuple[str, str], _Kept] = {}

    def add(self, metric: DefinedMetric, *, overwrite: bool = True) -> DefinedMetric:
        """Takes a definition, in the place of an earlier one of the name."""
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
        """The metric that another one is drawn over; empty where none was named."""
        metric = self._definition(name)
        return metric.step_metric if metric is not None else ""

    def observe(self, values: Mapping[str, float], before: Mapping[str, Any]) -> dict[str, float]:
        """What counts of metrics that were just logged, by name: none of those not defined.

        With `NAME.min` and its like, as W&B names them.

        Args:
            values: what was logged.
            before: the summary until now: what an earlier life of the run came to.
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
        """Each word of a metric's summary, with "best" as what it means."""
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
    """The least, the greatest, the mean or the first of some values; NaN does not count."""

    def __init__(self, how: str, before: Any) -> None:
        self._how = how
        self._count = 0
        self._value = math.nan
        if how != "mean" and isinstance(before, float):
            # Of a mean it is not known of how many values it is.
            self._value, self._count = before, 1

    def take(self, value: float) -> float:
        """What the values come to with this one."""
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
