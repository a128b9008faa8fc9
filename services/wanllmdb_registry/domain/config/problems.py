"""Problems of a config: their paths, their wording, and the error that reports them all."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

from wanllmdb_common.did_you_mean import did_you_mean
from wanllmdb_common.errors import FieldViolation, InvalidArgumentError
from wanllmdb_registry.domain.model import SweepSpec

Problems = Iterator[tuple[str, str]]

INT64 = range(-(2**63), 2**63)
# Problems of one config that are reported, and characters of each.
MAX_PROBLEMS = 1_000
MAX_LINE = 2_000
_MAX_SHOWN = 100
# Warnings of one config, and characters of each.
MAX_WARNINGS = 50
_MAX_WARNING = 600
# How similar a key must be to a known one to count as a typing error. Two swapped letters are a
# quarter of a short word.
_NEAR, _NEAR_SHORT, _SHORT = 0.8, 0.75, 5
_LONGEST_SLIP = 40


def shown(value: Any) -> str:
    """Return the value for a sentence, cut to 100 characters."""
    try:
        return f"{_beginning(value, [_MAX_SHOWN])!r:.{_MAX_SHOWN}}"
    except ValueError:
        # Python formats no integer of more than 4,300 digits.
        return "an integer of thousands of digits"


def _beginning(value: Any, room: list[int]) -> Any:
    """Return the part of a value that is shown, since formatting a large one takes long."""
    room[0] -= 1
    if isinstance(value, str):
        return value[: _MAX_SHOWN + 1]
    if isinstance(value, list | tuple):
        items = takewhile(lambda _: room[0] > 0, value)
        return type(value)([_beginning(item, room) for item in items])
    if isinstance(value, dict):
        entries = takewhile(lambda _: room[0] > 0, value.items())
        return {_beginning(key, room): _beginning(item, room) for key, item in entries}
    return value


def is_(value: Any) -> str:
    """Return `is 3`, or `is missing`."""
    return "is missing" if value is None else f"is {shown(value)}"


def must_be(what: str, value: Any) -> str:
    """Return `must be a text, is 3`."""
    return f"must be {what}, {is_(value)}"


def missing_or_must_be(what: str, value: Any) -> str:
    """Return `is required (a text)`, or `must be a text, is 3`."""
    return f"is required ({what})" if value is None else must_be(what, value)


def unknown_key(key: object, known: Collection[str]) -> str:
    """Return a hint at a similar key, or else all known keys."""
    return "unknown key" + (did_you_mean(key, known) or f"; known are {', '.join(known)}")


def slip_of(key: object, known: Collection[str]) -> str | None:
    """Return the known key that differs from this one by case or a typing error, if any."""
    text = str(key).strip()
    plain = text.lower().replace("-", "_")
    if plain in known:
        return plain
    if len(plain) > _LONGEST_SLIP:
        return None
    cutoff = _NEAR_SHORT if len(plain) <= _SHORT else _NEAR
    return next(iter(difflib.get_close_matches(plain, known, n=1, cutoff=cutoff)), None)


def bounded(warnings: Iterable[str]) -> tuple[str, ...]:
    """Return each warning once, cut to a readable length; count those after MAX_WARNINGS."""
    distinct = list(dict.fromkeys(warnings))
    kept = [
        _sendable(text if len(text) <= _MAX_WARNING else text[:_MAX_WARNING] + "...")
        for text in distinct[:MAX_WARNINGS]
    ]
    if len(distinct) > MAX_WARNINGS:
        kept.append(f"and {len(distinct) - MAX_WARNINGS:,} more warnings")
    return tuple(kept)


def invalid_config(problems: Sequence[FieldViolation]) -> InvalidArgumentError:
    """Return INVALID_SWEEP_CONFIG with one line for each problem, MAX_PROBLEMS at most."""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    if len(problems) > MAX_PROBLEMS:
        count = f"more than {MAX_PROBLEMS:,} problems"
    reported = [
        replace(p, field=_sendable(p.field), description=_sendable(p.description))
        for p in problems[:MAX_PROBLEMS]
    ]
    lines = "\n".join(f"  {p.field}: {p.description}" for p in reported)
    return InvalidArgumentError(
        "INVALID_SWEEP_CONFIG",
        f"the sweep config has {count}:\n{lines}",
        reported,
        uncounted=len(problems) - len(reported),
    )


def _sendable(text: str) -> str:
    """Return the text, cut, with lone surrogates escaped, since messages hold valid Unicode."""
    return text[:MAX_LINE].encode(errors="backslashreplace").decode()


def parameter_path(name: str) -> str:
    """Return a parameter's path by its full name: `parameters.optimizer.parameters.lr`."""
    return "parameters." + name.replace("/", ".parameters.")


@dataclass(frozen=True, slots=True)
class ConfigPaths:
    """The paths of a spec's parts in its config, for problems.

    Attributes:
        metrics_are_listed: Whether the metrics are under `metrics`, not under `metric`.
        conditions: The paths of conditions, by parameter and by the parameter that the condition
            names; the condition of a group has the group's path.
        unreadable: Parameters whose distribution could not be parsed; the spec lacks them.
    """

    metrics_are_listed: bool = False
    conditions: Mapping[tuple[str, str], str] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()

    def metric(self, index: int) -> str:
        """Return the path of a metric."""
        return f"metrics[{index}]" if self.metrics_are_listed else "metric"

    def condition(self, parameter: str, parent: str) -> str:
        """Return the path of a parameter's condition on another parameter."""
        path = self.conditions.get((parameter, parent))
        return f"{parameter_path(parameter)}.when.{parent}" if path is None else path


def exported_paths(spec: SweepSpec) -> ConfigPaths:
    """Return the paths of a spec in the config that `config_of` returns."""
    return ConfigPaths(metrics_are_listed=len(spec.metrics) > 1)
