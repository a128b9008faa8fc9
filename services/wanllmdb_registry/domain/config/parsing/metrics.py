"""Parse what a sweep optimizes: `metric`, or `metrics` for several."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wanllmdb_registry.domain.config.parsing.reader import ConfigReader
from wanllmdb_registry.domain.config.problems import is_, missing_or_must_be, must_be, shown
from wanllmdb_registry.domain.model import Goal, Impute, Metric, ObjectiveValue

_KEYS = ("name", "goal", "target", "value", "impute", "impute_while_running")
_MEAN_LAST = re.compile(r"mean_last_([0-9]{1,9})")


def parse_metrics(
    reader: ConfigReader, config: Mapping[str, Any]
) -> tuple[tuple[Metric, ...], bool]:
    """Return the metrics, and whether they are listed under `metrics`.

    A metric that can't be read is replaced with a stand-in, so that no second problem reports a
    missing metric.
    """
    if config.get("metrics") is None:
        hint = "; for several metrics write metrics: [...]"
        data = config.get("metric")
        if data is None:
            return (), False
        if not isinstance(data, Mapping):
            reader.problem(
                "metric",
                must_be("an object", data)
                + (hint if isinstance(data, list) else "; write {name: ..., goal: ...}"),
            )
            return (Metric("metric"),), False
        return (_metric(reader, "metric", data),), False
    if config.get("metric") is not None:
        reader.problem("metrics", "can't be combined with metric: list all metrics here")
    metrics = []
    for index, item in enumerate(reader.items(config, "", "metrics")):
        path = f"metrics[{index}]"
        if isinstance(item, Mapping):
            metrics.append(_metric(reader, path, item))
        else:
            reader.problem(path, must_be("an object", item))
            metrics.append(Metric(path))
    if config["metrics"] == []:
        reader.problem("metrics", "must list at least one metric; for none, remove the key")
    return tuple(metrics), True


def _metric(reader: ConfigReader, path: str, data: Mapping[str, Any]) -> Metric:
    reader.known_or_ignored_keys(path, data, _KEYS)
    name = data.get("name")
    if not isinstance(name, str):
        reader.problem(f"{path}.name", missing_or_must_be("a text", name))
        name = path
    goal = reader.choice(data, path, "goal", Goal) or Goal.MINIMIZE
    value, mean_over = _value(reader, path, data.get("value"))
    return Metric(
        name,
        goal,
        reader.number(data, path, "target"),
        value,
        mean_over,
        reader.choice(data, path, "impute", Impute),
        _while_running(reader, path, data),
    )


def _while_running(reader: ConfigReader, path: str, data: Mapping[str, Any]) -> Impute | None:
    """Return the imputation; W&B writes the text "false" for none."""
    key = "impute_while_running"
    given = data.get(key)
    if given is False or (isinstance(given, str) and given.lower() == "false"):
        return None
    return reader.choice(data, path, key, Impute)


def _value(reader: ConfigReader, path: str, given: Any) -> tuple[ObjectiveValue, int]:
    if given is None or given == "last":
        return ObjectiveValue.LAST, 0
    if given == "best":
        return ObjectiveValue.BEST, 0
    match = _MEAN_LAST.fullmatch(given) if isinstance(given, str) else None
    if match is None:
        allowed = "last, best or mean_last_N with a number for N, for example mean_last_5"
        hint = ""
        if isinstance(given, str) and given in ("min", "max", "minimum", "maximum"):
            hint = "; best is the minimum or the maximum, depending on the goal"
        reader.problem(f"{path}.value", f"must be {allowed}, {is_(given)}{hint}")
        return ObjectiveValue.LAST, 0
    number = int(match[1])
    if number == 0:
        reader.problem(f"{path}.value", f"must average at least one value, is {shown(given)}")
        return ObjectiveValue.LAST, 0
    return ObjectiveValue.MEAN_LAST, number
