"""The fields and states of runs by which W&B filters and orders."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from wanllmdb._types.enums import RunState, SweepState
from wanllmdb._types.runs import Run as RunRecord
from wanllmdb.apis.public._attrs import snake_case
from wanllmdb.apis.public._errors import InvalidQueryError

if TYPE_CHECKING:
    from wanllmdb.apis.public.runs import Run

Reading = Callable[["Run"], Any]
"""Reads a field of a run; returns `MISSING` if the run lacks the field."""

MISSING: Final = object()

_OWN: Mapping[str, Reading] = {
    "name": lambda run: run.id,
    "display_name": lambda run: run.name,
    "state": lambda run: run.state,
    "sweep": lambda run: run.sweep_name,
    "sweep_name": lambda run: run.sweep_name,
    "created_at": lambda run: run._record.create_time,
    "heartbeat_at": lambda run: run._record.end_time,
    "updated_at": lambda run: run._record.end_time,
    "duration": lambda run: run.summary.get("_runtime"),
    "group": lambda run: run.group,
    "job_type": lambda run: run.job_type,
    "tags": lambda run: run.tags or MISSING,
    "notes": lambda run: run.notes,
    # W&B's fields of a run's user and machine, which the platform does not keep.
    "username": lambda run: None,
    "user": lambda run: None,
    "host": lambda run: None,
}
_TIMES = frozenset({"created_at", "heartbeat_at", "updated_at"})
_SECTIONS: Mapping[str, Callable[[Run], Mapping[str, Any]]] = {
    "config": lambda run: run.config,
    "summary_metrics": lambda run: run.summary_metrics,
}
_OFFERED = ", ".join((*_OWN, *(f"{section}.KEY" for section in _SECTIONS)))


def canonical(key: str) -> str:
    """A field's name in W&B's snake case: `display_name` for `displayName`."""
    section, dot, rest = key.partition(".")
    return f"{snake_case(section)}{dot}{rest}"


def field(key: Any, where: str) -> Reading:
    """The function that reads a field.

    Raises:
        InvalidQueryError: there is no such field; `where` names the part of the query.
    """
    if not isinstance(key, str):
        raise InvalidQueryError(f"{where}: a field's name must be a text, but is {key!r:.100}")
    name = canonical(key)
    if name in _OWN:
        return _OWN[name]
    section, _, rest = name.partition(".")
    if section in _SECTIONS and rest:
        read = _SECTIONS[section]
        return lambda run: within(read(run), rest)
    close = difflib.get_close_matches(name, [*_OWN, *_SECTIONS], n=1)
    guess = f"did you mean {close[0]!r}? " if close else ""
    raise InvalidQueryError(
        f"{where}: runs have no field {key!r}; {guess}the fields are {_OFFERED}"
    )


def is_time(key: str) -> bool:
    """Whether a field holds a time."""
    return canonical(key) in _TIMES


def within(values: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, whose keys may contain dots or end in W&B's `.value`."""
    if path in values:
        return values[path]
    head, dot, rest = path.rpartition(".")
    while dot:
        inner = values.get(head, MISSING)
        if isinstance(inner, Mapping):
            below = rest.removeprefix("value.") if "value" not in inner else rest
            return within(inner, below) if below != "value" or "value" in inner else inner
        if inner is not MISSING:
            return inner if rest == "value" else MISSING
        head, dot, more = head.rpartition(".")
        rest = f"{more}.{rest}"
    return MISSING


def time_of(value: Any, where: str) -> datetime:
    """A filter's time: ISO 8601 text or a datetime, in UTC if it has no time zone.

    Raises:
        InvalidQueryError: the value is neither.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime):
        raise InvalidQueryError(f'{where}: write a time as "2025-01-31T12:00:00Z"')
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def is_there(value: Any) -> bool:
    """Whether a value can be ordered: neither missing nor NaN."""
    if value is None or value is MISSING:
        return False
    return not (isinstance(value, float) and math.isnan(value))


_WORDS: Mapping[RunState, str] = {
    RunState.RUNNING: "running",
    RunState.FINISHED: "finished",
    RunState.PRUNED: "killed",
    RunState.FAILED: "failed",
    RunState.LOST: "crashed",
    RunState.CANCELED: "killed",
}

STATES_BY_WORD: Mapping[str, frozenset[RunState]] = {
    "pending": frozenset({RunState.QUEUED}),
    "preempted": frozenset({RunState.QUEUED}),
    "preempting": frozenset(),
    **{
        word: frozenset(state for state, own in _WORDS.items() if own == word)
        for word in _WORDS.values()
    },
}
"""By W&B's word: the states in which a run can be."""


def run_state(run: RunRecord) -> str:
    """W&B's word for a run's state.

    A queued run is "pending", or "preempted" if an agent held it before. A run is "killed" if
    early termination or a canceled sweep stopped it, and "crashed" if its agent was lost.
    """
    if run.state is RunState.QUEUED:
        return "preempted" if run.attempt else "pending"
    return _WORDS.get(run.state, run.state.value)


def sweep_state(state: SweepState) -> str:
    """W&B's word for a sweep's state: PENDING, RUNNING, PAUSED, FINISHED, FAILED or CANCELED."""
    return state.value.upper()
